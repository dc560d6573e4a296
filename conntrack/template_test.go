package conntrack

import (
	"testing"
	"time"

	"xlvs/lvs"
)

var testKey = TemplateKey{Proto: lvs.TCP, Client: lvs.Addr4(0xc6336400), Virtual: lvs.Addr4(0xc0000201), Port: 80}

// fiveMinutes is a template of the default timeout of `ipvsadm -p`.
func fiveMinutes(d lvs.DestID) *Connection {
	return &Connection{Dest: d, Real: lvs.Addr4(0xcb00710b), Port: 8080, Method: lvs.DirectRouting, Timeout: 5 * time.Minute}
}

// childOf returns client i's connection as a child of tp.
func childOf(tp *Template, i int, p lvs.Protocol) Connection {
	con := connection(i, false, p, lvs.NAT)
	con.Dest, con.Parent = tp.Dest, tp.AsParent()
	return con
}

func TestTemplateIsFoundByItsKeyOnly(t *testing.T) {
	six := TemplateKey{Proto: lvs.UDP, Client: addr("2001:db8:7::"), Virtual: addr("2001:db8:1::1"), Port: 53}
	call := TemplateKey{Proto: lvs.UDP, Client: addr("198.51.100.0"), Virtual: addr("192.0.2.1"), Port: 5060, Data: "a84b4c76e66710@192.0.2.33"}
	mark := TemplateKey{Client: addr("198.51.100.0"), Virtual: lvs.Addr4(1)}
	changes := map[string]func(*TemplateKey){
		"another network":  func(k *TemplateKey) { k.Client.Lo += 256 },
		"another service":  func(k *TemplateKey) { k.Virtual.Lo++ },
		"another port":     func(k *TemplateKey) { k.Port++ },
		"another protocol": func(k *TemplateKey) { k.Proto = lvs.SCTP },
		"another call":     func(k *TemplateKey) { k.Data += "x" },
	}
	for name, key := range map[string]TemplateKey{"tcp": testKey, "IPv6": six, "sip": call, "mark": mark} {
		t.Run(name, func(t *testing.T) {
			table, loads := newTable(t, 100)
			var tp, got Template
			if !table.InsertTemplate(&tp, &key, fiveMinutes(3), 0) || tp.Dest != 3 || tp.Port != 8080 || tp.Method != lvs.DirectRouting {
				t.Fatalf("InsertTemplate() = %+v", tp)
			}
			if !table.FindTemplate(&got, &key) || got != tp {
				t.Errorf("FindTemplate() = %+v, want %+v", got, tp)
			}
			for change, f := range changes {
				other := key
				if f(&other); table.FindTemplate(&got, &other) {
					t.Errorf("%s: found", change)
				}
			}
			if l := loads.At(3); l.Persistent.Load() != 1 || l.Total.Load() != 0 {
				t.Errorf("persistent = %d, total = %d, want 1, 0", l.Persistent.Load(), l.Total.Load())
			}
			for l := range table.All() {
				if !l.Template || l.Client != key.Client || l.ClientPort != 0 || l.Virtual != key.Virtual || l.VirtualPort != key.Port ||
					l.Proto != key.Proto || l.Data != key.Data || l.Assured || l.Dest != 3 || l.RealPort != 8080 {
					t.Errorf("All() yields %+v", l)
				}
			}
		})
	}
}

func TestPacketsFindNoTemplates(t *testing.T) {
	table, _ := newTable(t, 10)
	var tp Template
	table.InsertTemplate(&tp, &testKey, fiveMinutes(3), 0)
	tu := lvs.Tuple{Proto: testKey.Proto, Src: testKey.Client, Dst: testKey.Virtual, DstPort: testKey.Port}
	if c, ok := find(table, tu, In); ok {
		t.Errorf("Find(%v) = %+v", tu, c)
	}
}

func TestSecondTemplateIsTheFirst(t *testing.T) {
	table, loads := newTable(t, 10)
	var first, second Template
	table.InsertTemplate(&first, &testKey, fiveMinutes(3), 0)
	if !table.InsertTemplate(&second, &testKey, fiveMinutes(4), 0) || first != second {
		t.Errorf("second InsertTemplate() = %+v, want %+v", second, first)
	}
	if table.Templates() != 1 || table.Len() != 1 || loads.At(4).Persistent.Load() != 0 {
		t.Errorf("Templates() = %d, Len() = %d, load of the loser = %d", table.Templates(), table.Len(), loads.At(4).Persistent.Load())
	}
}

func TestTemplatesCountForTheLimit(t *testing.T) {
	table, _ := newTable(t, 3)
	var c Conn
	for i := range 2 {
		con := connection(i, false, lvs.UDP, lvs.NAT)
		table.Insert(&c, &con, 0)
	}
	var tp Template
	key := testKey
	if !table.InsertTemplate(&tp, &key, fiveMinutes(1), 0) {
		t.Error("InsertTemplate() = false below the limit")
	}
	if key.Port++; table.InsertTemplate(&tp, &key, fiveMinutes(1), 0) {
		t.Error("InsertTemplate() = true at the limit")
	}
	con := childOf(&tp, 5, lvs.UDP)
	if o := table.Insert(&c, &con, 0); o != TableFull {
		t.Errorf("Insert() = %d at the limit, want TableFull", o)
	}
	if table.Sweep(301 * perSecond); table.Len() != 0 {
		t.Errorf("Len() = %d, want 0: the refused connection still holds its parent", table.Len())
	}
}

// steps of a template's life: what happens at a moment, and whether it is there
// after the sweep of that moment.
func TestTemplateLife(t *testing.T) {
	const there, gone = true, false
	type moment struct {
		at   Time // seconds
		do   string
		want bool
	}
	tests := map[string][]moment{
		"unused":                        {{0, "", there}, {299, "", there}, {302, "", gone}},
		"refreshed":                     {{200, "refresh", there}, {499, "", there}, {502, "", gone}},
		"child outlives its timer":      {{0, "child", there}, {290, "step", there}, {310, "", there}, {580, "", there}, {592, "", there}, {672, "", gone}},
		"kept 60 s from then on":        {{0, "child", there}, {290, "step", there}, {310, "", there}, {320, "expire", there}, {369, "", there}, {372, "", gone}},
		"refreshed for 60 s after that": {{0, "child", there}, {290, "step", there}, {310, "", there}, {311, "expire", there}, {360, "refresh", there}, {419, "", there}, {422, "", gone}},
		"not refreshed by packets":      {{0, "child", there}, {200, "step", there}, {299, "expire", there}, {302, "", gone}},
	}
	for name, moments := range tests {
		t.Run(name, func(t *testing.T) {
			table, loads := newTable(t, 10)
			var tp Template
			table.InsertTemplate(&tp, &testKey, fiveMinutes(3), 0)
			con := childOf(&tp, 1, lvs.UDP)
			var c Conn
			for _, m := range moments {
				now := m.at * perSecond
				switch m.do {
				case "child":
					table.Insert(&c, &con, now)
					table.Step(&c, In, EventNone, now)
				case "step":
					table.Step(&c, In, EventNone, now)
				case "expire":
					table.Expire(&c)
				case "refresh":
					table.RefreshTemplate(&tp, now)
				}
				table.Sweep(now)
				if got := table.FindTemplate(new(Template), &testKey); got != m.want {
					t.Errorf("at %d s, %q: there %t, want %t", m.at, m.do, got, m.want)
				}
			}
			if got := loads.At(3).Persistent.Load(); got != 0 {
				t.Errorf("persistent = %d at the end, want 0", got)
			}
		})
	}
}

func TestInvalidTemplateIsReplacedAndDiesOfAge(t *testing.T) {
	for _, data := range []string{"", "a84b4c76e66710@192.0.2.33"} {
		table, loads := newTable(t, 10)
		key := testKey
		key.Data = data
		var old, tp Template
		table.InsertTemplate(&old, &key, fiveMinutes(3), 0)
		con := childOf(&old, 1, lvs.UDP)
		var c Conn
		table.Insert(&c, &con, 0)
		table.InvalidateTemplate(&old)
		if table.FindTemplate(&tp, &key) {
			t.Error("FindTemplate() finds an invalid template")
		}
		for l := range table.All() {
			if l.Template && (l.VirtualPort != 65535 || l.RealPort != 65535) {
				t.Errorf("All() yields the invalid template %+v, want its ports 65535", l)
			}
		}
		if !table.InsertTemplate(&tp, &key, fiveMinutes(4), 0) || tp.Dest != 4 {
			t.Errorf("InsertTemplate() after that gave destination %d, want 4", tp.Dest)
		}
		if table.Templates() != 2 || loads.At(3).Persistent.Load() != 1 {
			t.Errorf("Templates() = %d, want both", table.Templates())
		}
		table.RefreshTemplate(&tp, 200*perSecond)
		table.Sweep(302 * perSecond)
		if !table.FindTemplate(&tp, &key) || tp.Dest != 4 || table.Templates() != 1 || loads.At(3).Persistent.Load() != 0 {
			t.Errorf("after the first one's time: %d templates, destination %d", table.Templates(), tp.Dest)
		}
		table.InvalidateTemplate(&old) // is not there any more
		if !table.FindTemplate(&tp, &key) {
			t.Error("a stale reference invalidated its successor")
		}
	}
}

// Calls from one proxy differ in their engine data alone.
func TestManyCallsOfOneProxy(t *testing.T) {
	const n = 3000
	table, _ := newTable(t, n)
	key := testKey
	var tp Template
	for i := range n {
		key.Data = callID(i)
		if !table.InsertTemplate(&tp, &key, fiveMinutes(lvs.DestID(i%7+1)), 0) {
			t.Fatalf("InsertTemplate() of call %d = false", i)
		}
	}
	for i := range n {
		key.Data = callID(i)
		if !table.FindTemplate(&tp, &key) || tp.Dest != lvs.DestID(i%7+1) {
			t.Fatalf("call %d leads to destination %d", i, tp.Dest)
		}
	}
	if table.Sweep(302 * perSecond); table.Len() != 0 {
		t.Errorf("Len() = %d, want 0", table.Len())
	}
	for _, f := range table.families() {
		for i := range f.shards {
			if n := len(f.shards[i].data); n != 0 {
				t.Errorf("%d calls are still remembered", n)
			}
		}
	}
}

// callID returns the i-th Call-ID, of varying length, whose ends are alike.
func callID(i int) string {
	return "a84b4c76e66710"[:i%15] + string([]byte{byte(i), byte(i >> 8)}) + "@pc33.example.com"
}
