package conntrack

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"xlvs/lvs"
)

// A member is what the oracle knows of a connection or a template.
type member struct {
	template         bool
	assured          bool
	dest             lvs.DestID
	expires, timeout Time
	parent           *member
	children         int
	conn             Conn
	tp               Template
}

// A familyModel is a table of parents and children as plain as can be: two maps
// and a list of everything that is still there.
type familyModel struct {
	table     *Table
	loads     *lvs.Loads
	now       Time
	templates map[int]*member // by key, as lookups find them
	conns     map[int]*member // by client
	all       map[*member]bool
}

func (m *familyModel) key(i int) TemplateKey {
	k := TemplateKey{Proto: lvs.UDP, Client: lvs.Addr4(0xc6336400), Virtual: lvs.Addr4(0xc0000201), Port: uint16(i / 4)}
	if i%4 >= 2 {
		k.Client, k.Virtual = addr("2001:db8::"), addr("2001:db8:1::1")
	}
	if i%2 == 1 {
		k.Data = callID(i)
	}
	return k
}

func (m *familyModel) client(i int) Connection { return connection(i, i%2 == 1, lvs.UDP, lvs.NAT) }

// drop forgets x, and reports what becomes of its parent.
func (m *familyModel) drop(x *member) *member {
	delete(m.all, x)
	for i, y := range m.templates {
		if x == y {
			delete(m.templates, i)
		}
	}
	for i, y := range m.conns {
		if x == y {
			delete(m.conns, i)
		}
	}
	if x.parent != nil {
		x.parent.children--
	}
	return x.parent
}

// sweep lets go what was due before the second of now, connections first.
func (m *familyModel) sweep() {
	for _, templates := range []bool{false, true} {
		for x := range m.all {
			switch {
			case x.template != templates || x.expires/perSecond >= m.now/perSecond:
			case x.children > 0:
				x.timeout, x.expires = 60*perSecond, m.now+60*perSecond
			default:
				m.drop(x)
			}
		}
	}
}

// A familyOp is one random operation on template key Key and client Client.
type familyOp struct {
	Kind, Key, Client int
	Dest              lvs.DestID
	Seconds           int
}

func familyOps() *rapid.Generator[[]familyOp] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) familyOp {
		return familyOp{
			Kind:    rapid.IntRange(0, 9).Draw(t, "kind"),
			Key:     rapid.IntRange(0, 7).Draw(t, "key"),
			Client:  rapid.IntRange(0, 9).Draw(t, "client"),
			Dest:    lvs.DestID(rapid.IntRange(1, 7).Draw(t, "dest")),
			Seconds: rapid.IntRange(1, 120).Draw(t, "seconds"),
		}
	}), 1, 60)
}

func (m *familyModel) apply(o familyOp) {
	tp, c := m.templates[o.Key], m.conns[o.Client]
	switch {
	case o.Kind == 0:
		m.insertTemplate(o)
	case o.Kind <= 2 && tp != nil:
		m.insertChild(o, tp)
	case o.Kind == 3 && c != nil:
		m.table.Step(&c.conn, In, EventNone, m.now)
		c.expires = m.now + 30*perSecond
	case o.Kind == 4 && c != nil:
		m.table.Step(&c.conn, Out, EventNone, m.now)
		c.expires = m.now + 30*perSecond
		if c.parent != nil {
			c.parent.assured = true
		}
	case o.Kind == 5 && c != nil:
		m.table.Expire(&c.conn)
		m.drop(c)
	case o.Kind == 6 && tp != nil:
		m.table.InvalidateTemplate(&tp.tp)
		delete(m.templates, o.Key)
	case o.Kind == 7 && tp != nil:
		m.table.RefreshTemplate(&tp.tp, m.now)
		tp.expires = max(tp.expires, m.now+tp.timeout)
	case o.Kind == 8 && c != nil:
		m.table.kill(c.conn.handle)
		if p := m.drop(c); p != nil && p.children == 0 && !p.assured {
			m.drop(p)
		}
	case o.Kind == 9:
		m.now += Time(o.Seconds) * perSecond
		m.table.Sweep(m.now)
		m.sweep()
	}
}

func (m *familyModel) insertTemplate(o familyOp) {
	key := m.key(o.Key)
	x := &member{template: true, dest: o.Dest, timeout: Time(o.Seconds) * perSecond}
	x.expires = m.now + x.timeout
	m.table.InsertTemplate(&x.tp, &key, &Connection{Dest: o.Dest, Timeout: time.Duration(o.Seconds) * time.Second}, m.now)
	if m.templates[o.Key] == nil {
		m.templates[o.Key], m.all[x] = x, true
	}
}

func (m *familyModel) insertChild(o familyOp, tp *member) {
	con := m.client(o.Client)
	con.Dest, con.Parent = tp.dest, tp.tp.AsParent()
	x := &member{dest: tp.dest, expires: m.now + 3*perSecond, parent: tp}
	m.table.Insert(&x.conn, &con, m.now)
	if m.conns[o.Client] == nil {
		m.conns[o.Client], m.all[x] = x, true
		tp.children++
	}
}

// check compares what the table says with the model.
func (m *familyModel) check() error {
	templates, total, persistent := 0, map[lvs.DestID]int32{}, map[lvs.DestID]int32{}
	for x := range m.all {
		if x.template {
			templates++
			persistent[x.dest]++
		} else {
			total[x.dest]++
		}
	}
	if m.table.Len() != len(m.all) || m.table.Templates() != templates {
		return fmt.Errorf("Len() = %d, Templates() = %d, want %d, %d", m.table.Len(), m.table.Templates(), len(m.all), templates)
	}
	for d := lvs.DestID(1); d <= 7; d++ {
		if l := m.loads.At(d); l.Total.Load() != total[d] || l.Persistent.Load() != persistent[d] {
			return fmt.Errorf("destination %d: total %d, persistent %d, want %d, %d", d, l.Total.Load(), l.Persistent.Load(), total[d], persistent[d])
		}
	}
	for i := range 8 {
		var tp Template
		key, want := m.key(i), m.templates[i]
		if ok := m.table.FindTemplate(&tp, &key); ok != (want != nil) || ok && tp.Dest != want.dest {
			return fmt.Errorf("FindTemplate(%+v) = %d, %t, want %+v", key, tp.Dest, ok, want)
		}
	}
	for i := range 10 {
		want := m.conns[i]
		if c, ok := find(m.table, m.client(i).Tuple, In); ok != (want != nil) || ok && (c.Dest != want.dest || c.HasParent() != (want.parent != nil)) {
			return fmt.Errorf("client %d: found %t, destination %d, want %+v", i, ok, c.Dest, want)
		}
	}
	return nil
}

func TestFamiliesAgreeWithModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		table, loads := newTable(t, 100)
		defer table.Close()
		table.SetTimeouts(time.Minute, time.Minute, 30*time.Second)
		m := &familyModel{table, loads, 0, map[int]*member{}, map[int]*member{}, map[*member]bool{}}
		for i, o := range familyOps().Draw(rt, "operations") {
			m.apply(o)
			if err := m.check(); err != nil {
				rt.Fatalf("after operation %d, %+v, at %d: %v", i, o, m.now, err)
			}
		}
	})
}
