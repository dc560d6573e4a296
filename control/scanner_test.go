package control

import (
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// What a scanner reads is what package encoding/json reads.
func TestScannerAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		status := drawStatus(t)
		var want statusJSON
		in := newStatusJSON(&status)
		in.Origin = rapid.String().Draw(t, "origin")
		across(t, in, &want)
		text, _ := json.MarshalIndent(in, "", " ")
		scan := scanner{b: text}
		if len(want.Destinations) == 0 {
			want.Destinations = nil
		}
		if got := scan.status(); scan.err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s: %+v, %v, want %+v", text, got, scan.err, want)
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		c := drawConnection(t)
		text := appendConnection(nil, &c)
		var want connectionJSON
		across(t, json.RawMessage(text), &want)
		scan := scanner{b: text}
		if got := scan.connection(); scan.err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s: %+v, %v, want %+v", text, got, scan.err, want)
		}
	})
}

func TestScannerRefuses(t *testing.T) {
	tests := map[string]string{
		"nothing":                  ``,
		"an array":                 `[]`,
		"half an object":           `{"services":[`,
		"half a service":           `{"services":[{"id":"tc`,
		"half an escape":           `{"services":[{"id":"\u12`,
		"no comma":                 `{"services":[{"id":"a" "pe":"b"}]}`,
		"no colon":                 `{"services":[{"id" "a"}]}`,
		"a comma too many":         `{"services":[{"id":"a",}]}`,
		"a number for a text":      `{"services":[{"id":1}]}`,
		"a text for a number":      `{"services":[{"netmask":"1"}]}`,
		"a text for a truth":       `{"services":[{"ops":"true"}]}`,
		"a port too large":         `{"services":[{"port":65536}]}`,
		"a negative counter":       `{"services":[{"stats":{"conns":-1}}]}`,
		"no address":               `{"services":[{"address":"192.0.2"}]}`,
		"an unknown protocol":      `{"services":[{"protocol":"gre"}]}`,
		"an unknown thing, broken": `{"services":[{"colour":tru}]}`,
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			scan := scanner{b: []byte(text)}
			if got := scan.services(); scan.err == nil {
				t.Errorf("services of %s = %+v, want an error", text, got)
			}
		})
	}
}

// A field that comes with a later director is no reason to fail.
func TestScannerSkips(t *testing.T) {
	const text = `{ "new":[1,{"a":"}"}], "services":[ {"id":"fwm-5","colour":{"r":[1]},"fwmark":5,"destinations":[{"address":"192.0.2.9","x":null,"stats":{"y":"z"}}]} ]}`
	scan := scanner{b: []byte(text)}
	got := scan.services()
	if scan.err != nil || len(got) != 1 || got[0].Mark != 5 || len(got[0].Destinations) != 1 {
		t.Errorf("services = %+v, %v, want that of mark 5 and its destination", got, scan.err)
	}
}

// FuzzScanner reads what is no answer of a director, and must not panic.
func FuzzScanner(f *testing.F) {
	f.Add([]byte(`{"services":[{"id":"tcp-192.0.2.1:80","protocol":"tcp","address":"192.0.2.1","destinations":[{"weight":1,"rates":{"cps":1}}]}]}`))
	f.Add([]byte(`{"protocol":"tcp","state":"NONE","expire":1.5,"client":"192.0.2.1:80","template":true,"pe_data":"AA=="}`))
	f.Fuzz(func(_ *testing.T, text []byte) {
		all := scanner{b: text}
		all.services()
		line := scanner{b: text}
		j := line.connection()
		_, _ = j.connection()
	})
}
