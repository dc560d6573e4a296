package config

import "testing"

// TestParseForwardErrors has mistakes in how real servers are reached. What
// depends on a word that cannot be read is no second mistake.
func TestParseForwardErrors(t *testing.T) {
	const (
		service = "[[service]]\nprotocol = \"tcp\"\nvip = \"192.0.2.1\"\nport = 80\n"
		real    = "[[service.real]]\naddress = \"198.51.100.1\"\n"
		tun     = service + real + "forward = \"tun\"\n"
		fullnat = service + "forward = \"fullnat\"\n"
		gue     = "tun_type = \"gue\"\ntun_port = 6080\ntun_csum = \"csum\"\nport = 81\n"
	)
	tests := map[string]struct {
		in   string
		want error
		at   string
	}{
		"no method, the rest depends on it": {service + real + "forward = \"ipip\"\n" + gue, ErrUnknownName, "7: forward"},
		"no method from the service":        {service + "forward = 4\n" + real + gue + real + "port = 82\n", ErrType, "5: forward"},
		"no type, the rest depends on it":   {tun + "tun_type = \"vxlan\"\ntun_port = 8472\ntun_csum = \"csum\"\n", ErrUnknownName, "8: tun_type"},
		"no checksum":                       {tun + "tun_type = \"gre\"\ntun_csum = true\n", ErrType, "9: tun_csum"},
		"port of gue is missing":            {tun + "tun_type = \"gue\"\n", ErrRange, "5: service TCP 192.0.2.1:80: real 198.51.100.1:80: tun_port"},
		"port of gue is 0":                  {tun + "tun_type = \"gue\"\ntun_port = 0\n", ErrRange, "9: tun_port 0"},
		"port of gue is a text":             {tun + "tun_type = \"gue\"\ntun_port = \"6080\"\n", ErrType, "9: tun_port"},
		"tunnel options without tun":        {service + real + "tun_csum = \"csum\"\n", ErrTunnel, "7:"},
		"tunnel cannot change the port":     {tun + "port = 81\n", ErrPort, "8:"},
		"options of the service":            {service + "tun_type = \"gre\"\n", ErrUnknownKey, "5:"},
		"fullnat without local addresses":   {fullnat + real, ErrNoLocalAddress, "1: service TCP 192.0.2.1:80: local_addresses"},
		"local addresses are empty":         {fullnat + "local_addresses = []\n" + real, ErrNoLocalAddress, "6:"},
		"local addresses are a text":        {fullnat + "local_addresses = \"203.0.113.2\"\n" + real, ErrType, "6: local_addresses"},
		"local address is a number":         {fullnat + "local_addresses = [\n1]\n" + real, ErrType, "7: local_addresses.0"},
		"local address is a name":           {fullnat + "local_addresses = [\n\"lb.example\"]\n" + real, ErrAddress, "7: local_addresses"},
		"local addresses of all, a number":  {"fullnat.local_addresses = 1\n" + fullnat + real, ErrType, "1: local_addresses"},
		"local address of all is a VIP":     {"fullnat.local_addresses = [\n\"192.0.2.1\"]\n" + fullnat + real, ErrAddress, "2: fullnat: local address 192.0.2.1"},
		"all has no client address":         {"[fullnat]\nclient_address = \"toa\"\n", ErrUnknownKey, "2:"},
		"client address by a number":        {service + "client_address = 254\n" + real, ErrType, "5: client_address"},
		"client address in another version": {service + "client_address = \"proxy-v1\"\n" + real, ErrUnknownName, "5: client_address"},
		"client address with dr":            {service + "client_address = \"toa\"\n" + real, ErrClientAddress, "5:"},
		"MSS in bytes":                      {service + "mss_clamp = 1440\n", ErrType, "5: mss_clamp"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { failsToParse(t, tt.in, tt.want, tt.at) })
	}
}
