package config

import (
	"strings"
	"testing"
)

// TestValidateControl breaks one thing at a time in how the director is asked,
// and in what FTP connections are looked into.
func TestValidateControl(t *testing.T) {
	socket := func(path string) func(*Config) { return func(c *Config) { c.Control.Socket = path } }
	group := func(name string) func(*Config) { return func(c *Config) { c.Control.Group = name } }
	ftp := func(ports ...uint16) func(*Config) { return func(c *Config) { c.FTPPorts = ports } }
	tests := map[string]struct {
		breaks func(*Config)
		want   error
	}{
		"the default socket":      {socket(""), nil},
		"longest path":            {socket("/" + strings.Repeat("s", 106)), nil},
		"path too long":           {socket("/" + strings.Repeat("s", 107)), ErrSocket},
		"relative path":           {socket("run/xlvs.sock"), ErrSocket},
		"abstract socket":         {socket("@xlvs"), ErrSocket},
		"folder":                  {socket("/run/"), ErrSocket},
		"path with a NUL":         {socket("/run/\x00"), ErrSocket},
		"root alone":              {group(""), nil},
		"longest group":           {group(strings.Repeat("g", 32)), nil},
		"group too long":          {group(strings.Repeat("g", 33)), ErrGroup},
		"group with a space":      {group("net admins"), ErrGroup},
		"two groups":              {group("adm,wheel"), ErrGroup},
		"group with a colon":      {group("root:adm"), ErrGroup},
		"group not in UTF-8":      {group("\xff"), ErrGroup},
		"eight ports of FTP":      {ftp(1, 2, 3, 4, 5, 6, 7, 65535), nil},
		"nine ports of FTP":       {ftp(1, 2, 3, 4, 5, 6, 7, 8, 9), ErrRange},
		"no port of FTP":          {ftp(), ErrRange},
		"port 0 of FTP":           {ftp(21, 0), ErrRange},
		"port of FTP given twice": {ftp(21, 2121, 21), ErrDuplicatePort},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { validates(t, tt.breaks, tt.want) })
	}
}

func TestParseControlErrors(t *testing.T) {
	tests := map[string]struct {
		in   string
		want error
		at   string
	}{
		"watch is a text":              {"watch = \"yes\"", ErrType, "1: watch"},
		"socket is a number":           {"[control]\nsocket = 1", ErrType, "2: socket"},
		"relative socket":              {"[control]\nsocket = \"s\"", ErrSocket, "2: control: socket"},
		"group by its number":          {"[control]\ngroup = 0", ErrType, "2: group"},
		"mode of the socket":           {"[control]\nmode = 432", ErrUnknownKey, "2:"},
		"watch of the socket":          {"[control]\nwatch = true", ErrUnknownKey, "2:"},
		"ports of FTP are a number":    {"[ftp]\nports = 21", ErrType, "2: ports"},
		"ports of FTP are a text":      {"[ftp]\nports = \"21,2121\"", ErrType, "2: ports"},
		"no ports of FTP":              {"[ftp]\nports = []", ErrRange, "2: ftp: number of ports 0"},
		"port of FTP is a name":        {"[ftp]\nports = [\n\"ftp\"]", ErrType, "3: ports.0"},
		"port of FTP is 0":             {"[ftp]\nports = [21,\n0]", ErrRange, "3: port 0"},
		"port of FTP has 17 bits":      {"[ftp]\nports = [65557]", ErrRange, "2: port 65557"},
		"port of FTP comes twice":      {"[ftp]\nports = [21,\n21]", ErrDuplicatePort, "3: ftp: port 21"},
		"port of FTP, not in an array": {"[ftp]\nport = 21", ErrUnknownKey, "2:"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { failsToParse(t, tt.in, tt.want, tt.at) })
	}
}
