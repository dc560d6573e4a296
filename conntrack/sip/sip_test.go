package sip

import (
	"bytes"
	"strings"
	"testing"
)

// invite is the INVITE of RFC 3665, 3.1, with its body.
const invite = "INVITE sip:bob@biloxi.example.com SIP/2.0\r\n" +
	"Via: SIP/2.0/TCP client.atlanta.example.com:5060;branch=z9hG4bK74bf9\r\n" +
	"Max-Forwards: 70\r\n" +
	"From: Alice <sip:alice@atlanta.example.com>;tag=9fxced76sl\r\n" +
	"To: Bob <sip:bob@biloxi.example.com>\r\n" +
	"Call-ID: 3848276298220188511@atlanta.example.com\r\n" +
	"CSeq: 1 INVITE\r\n" +
	"Contact: <sip:alice@client.atlanta.example.com;transport=tcp>\r\n" +
	"Content-Type: application/sdp\r\n" +
	"Content-Length: 151\r\n" +
	"\r\n" +
	"v=0\r\n" +
	"o=alice 2890844526 2890844526 IN IP4 client.atlanta.example.com\r\n" +
	"s=-\r\n" +
	"c=IN IP4 192.0.2.101\r\n" +
	"t=0 0\r\n" +
	"m=audio 49172 RTP/AVP 0\r\n" +
	"a=rtpmap:0 PCMU/8000\r\n"

// tortuous is the beginning of the INVITE of RFC 4475, 3.1.1.1.
const tortuous = "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\n" +
	"TO :\r\n" +
	" sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\r\n" +
	"from   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\r\n" +
	"  ;\r\n" +
	"  tag = 98asjd8\r\n" +
	"MaX-fOrWaRds: 0068\r\n" +
	"Call-ID: wsinv.ndaksdj@192.0.2.1\r\n" +
	"Content-Length   : 150\r\n"

func TestCallIDOfMessages(t *testing.T) {
	tests := map[string]struct {
		message, want string
	}{
		"RFC 3665, 3.1":           {invite, "3848276298220188511@atlanta.example.com"},
		"RFC 4475, 3.1.1.1":       {tortuous, "wsinv.ndaksdj@192.0.2.1"},
		"after a keep-alive":      {"\r\n\r\n" + invite, "3848276298220188511@atlanta.example.com"},
		"line feeds alone":        {strings.ReplaceAll(invite, "\r\n", "\n"), "3848276298220188511@atlanta.example.com"},
		"carriage returns alone":  {strings.ReplaceAll(invite, "\r\n", "\r"), "3848276298220188511@atlanta.example.com"},
		"an answer":               {"SIP/2.0 180 Ringing\r\ni: a84b4c76e66710\r\n\r\n", "a84b4c76e66710"},
		"in the body only":        {"SIP/2.0 200 OK\r\n\r\nCall-ID: x\r\n", ""},
		"in the body, line feeds": {"SIP/2.0 200 OK\n\nCall-ID: x\n", ""},
		"in the start line only":  {"Call-ID: x\r\nVia: y\r\n\r\n", ""},
		"start line alone":        {"INVITE sip:bob@example.com SIP/2.0\r\n", ""},
		"no line end at all":      {"INVITE sip:bob@example.com SIP/2.0", ""},
		"a keep-alive alone":      {"\r\n\r\n", ""},
		"nothing":                 {"", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { check(t, tt.message, tt.want) })
	}
}

func TestCallIDField(t *testing.T) {
	long := strings.Repeat("x", MaxCallID)
	tests := map[string]struct {
		field, want string
	}{
		"compact":                       {"i: abc\r\n", "abc"},
		"compact, capital":              {"I: abc\r\n", "abc"},
		"small letters":                 {"call-id: abc\r\n", "abc"},
		"no space":                      {"Call-ID:abc\r\n", "abc"},
		"spaces and tabs":               {"Call-ID \t : \t abc\r\n", "abc"},
		"compact, space before colon":   {"i : abc\r\n", "abc"},
		"value on the next line":        {"Call-ID:\r\n\tabc\r\n", "abc"},
		"value after an empty fold":     {"Call-ID: \n \n abc\n", "abc"},
		"continued behind the value":    {"Call-ID: abc\r\n \r\n", "abc"},
		"every character of a word":     {"Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{\r\n", "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"},
		"case is kept":                  {"Call-ID: aBc@Host\r\n", "aBc@Host"},
		"one byte":                      {"i:x\n", "x"},
		"as long as may be":             {"i: " + long + "\r\n", long},
		"too long":                      {"i: " + long + "x\r\n", ""},
		"the first of two":              {"i: abc\r\nCall-ID: def\r\n", "abc"},
		"the first of two is malformed": {"i: ab=c\r\nCall-ID: def\r\n", ""},
		"another field that begins so":  {"Call-ID-Hint: abc\r\n", ""},
		"after one that begins so":      {"Call-ID-Hint: abc\r\ni: def\r\n", "def"},
		"another short field":           {"In-Reply-To: abc\r\n", ""},
		"a continuation of another":     {"Subject: lunch\r\n i: abc\r\n", ""},
		"empty":                         {"Call-ID:\r\n", ""},
		"empty, before another field":   {"Call-ID:\r\nVia: abc\r\n", ""},
		"empty, before the body":        {"Call-ID:\r\n\r\nabc\r\n", ""},
		"no colon":                      {"Call-ID abc\r\n", ""},
		"colon on the next line":        {"Call-ID\r\n : abc\r\n", ""},
		"name alone, cut off":           {"Call-ID", ""},
		"colon, cut off":                {"Call-ID:", ""},
		"value cut off":                 {"Call-ID: abc", ""},
		"value cut off after the fold":  {"Call-ID:\r\n ", ""},
		"space behind the value":        {"Call-ID: abc \r\n", ""},
		"two at signs":                  {"Call-ID: a@b@c\r\n", ""},
		"nothing before the at sign":    {"Call-ID: @host\r\n", ""},
		"nothing behind the at sign":    {"Call-ID: abc@\r\n", ""},
		"a character outside of words":  {"Call-ID: ab=c\r\n", ""},
		"a byte outside of ASCII":       {"Call-ID: ab\xff\r\n", ""},
		"a zero byte":                   {"Call-ID: abc\x00\r\n", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { check(t, "SIP/2.0 200 OK\r\n"+tt.field, tt.want) })
	}
}

// check holds CallID against want, where "" means that there is none.
func check(t *testing.T, message, want string) {
	t.Helper()
	id, ok := CallID([]byte(message))
	if string(id) != want || ok != (want != "") {
		t.Errorf("CallID(%q) = %q, %t, want %q", message, id, ok, want)
	}
}

func FuzzCallID(f *testing.F) {
	f.Add([]byte(invite))
	f.Add([]byte(tortuous))
	f.Add([]byte("SIP/2.0 200 OK\ri:\n \n x\r"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		id, ok := CallID(payload)
		if !ok {
			return
		}
		if len(id) == 0 || len(id) > MaxCallID || bytes.ContainsAny(id, " \t\r\n,;=") {
			t.Errorf("CallID(%q) = %q", payload, id)
		}
		check(t, "SIP/2.0 200 OK\r\nCall-ID: "+string(id)+"\r\n", string(id))
	})
}

func TestCallIDDoesNotAllocate(t *testing.T) {
	message := []byte(invite)
	n := testing.AllocsPerRun(100, func() {
		if _, ok := CallID(message); !ok {
			t.Fatal("no Call-ID found")
		}
	})
	if n != 0 {
		t.Errorf("CallID allocates %v times, want 0", n)
	}
}
