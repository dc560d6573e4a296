package guest

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestParseRequest(t *testing.T) {
	tests := map[string]struct {
		line string
		ok   bool
	}{
		"job with input":     {`{"id":1,"job":"run","input":["ip","addr"]}`, true},
		"job without input":  {`{"id":1,"job":"run"}`, true},
		"cancel":             {`{"id":1,"cancel":true}`, true},
		"empty":              {``, false},
		"cut off":            {`{"id":1,"job":"ru`, false},
		"no JSON":            {`run ip addr`, false},
		"number of the boot": {`{"id":0,"job":"run"}`, false},
		"no number":          {`{"job":"run"}`, false},
		"negative number":    {`{"id":-1,"job":"run"}`, false},
		"no job":             {`{"id":1}`, false},
		"run and cancel":     {`{"id":1,"job":"run","cancel":true}`, false},
		"unknown field":      {`{"id":1,"job":"run","inputs":[]}`, false},
		"two in a line":      {`{"id":1,"job":"run"}{"id":2,"job":"run"}`, false},
		"a list":             {`[1,"run"]`, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := parseRequest([]byte(tt.line))
			if tt.ok != (err == nil) || err != nil && !errors.Is(err, errMessage) {
				t.Errorf("parseRequest(%s): error %v, want none: %t", tt.line, err, tt.ok)
			}
		})
	}
}

func TestParseReply(t *testing.T) {
	tests := map[string]struct {
		line string
		ok   bool
	}{
		"output":               {`{"id":1,"output":{"packets":3}}`, true},
		"output of nothing":    {`{"id":1,"output":null}`, true},
		"end":                  {`{"id":1,"done":true}`, true},
		"failure":              {`{"id":1,"done":true,"error":"no such file"}`, true},
		"welcome":              {`{"id":0,"output":{"kernel":"6.1.0"}}`, true},
		"empty":                {``, false},
		"cut off":              {`{"id":1,"output":{"pack`, false},
		"line of the console":  {`[    1.234567] Run /init as init process`, false},
		"neither":              {`{"id":1}`, false},
		"output and end":       {`{"id":1,"output":1,"done":true}`, false},
		"failure without end":  {`{"id":1,"output":1,"error":"no such file"}`, false},
		"unknown field":        {`{"id":1,"done":true,"status":3}`, false},
		"two in a line":        {`{"id":1,"done":true} 1`, false},
		"number not an int":    {`{"id":1.5,"done":true}`, false},
		"number out of bounds": {`{"id":18446744073709551616,"done":true}`, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := parseReply([]byte(tt.line))
			if tt.ok != (err == nil) || err != nil && !errors.Is(err, errMessage) {
				t.Errorf("parseReply(%s): error %v, want none: %t", tt.line, err, tt.ok)
			}
		})
	}
}

func TestEachLine(t *testing.T) {
	stop := errors.New("stop")
	var got []string
	err := eachLine(strings.NewReader("one\ntwo\nthree"), func(line []byte) error {
		got = append(got, string(line))
		if string(line) == "two" {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || len(got) != 2 {
		t.Errorf("eachLine = %v after %q, want an end after two", err, got)
	}
}

func TestWriteLineIsOneLine(t *testing.T) {
	var b bytes.Buffer
	must(t, writeLine(&b, reply{ID: 1, Done: true, Error: "exit status 1\nno such device"}))
	if n := strings.Count(b.String(), "\n"); n != 1 || !strings.HasSuffix(b.String(), "\n") {
		t.Errorf("writeLine writes %q, want one line", b.String())
	}
	if err := writeLine(&b, func() {}); err == nil {
		t.Error("writeLine of a function succeeded")
	}
}

func FuzzMessages(f *testing.F) {
	f.Add([]byte(`{"id":1,"job":"run","input":["ip","addr"]}`))
	f.Add([]byte(`{"id":1,"cancel":true}`))
	f.Add([]byte(`{"id":1,"output":null}`))
	f.Add([]byte(`{"id":1,"done":true,"error":"no such file"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if r, err := parseRequest(line); err == nil {
			again(t, r, parseRequest)
		}
		if r, err := parseReply(line); err == nil {
			again(t, r, parseReply)
		}
	})
}

// again expects what was read to be read again from what is written of it.
func again[T any](t *testing.T, v T, parse func([]byte) (T, error)) {
	t.Helper()
	var b bytes.Buffer
	must(t, writeLine(&b, v))
	if _, err := parse(b.Bytes()); err != nil {
		t.Errorf("%+v is written as %s, which is refused: %v", v, b.Bytes(), err)
	}
}
