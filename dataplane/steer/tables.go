package steer

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// tables are the BPF maps that programs look packets up in. Numbers in values are
// in the machine's byte order.
type tables struct {
	endpoints *ebpf.Map // rules of those that are no network
	networks  *ebpf.Map // flags by longest prefix
	count     *ebpf.Map // one number: how many networks there are
}

// newTables makes maps with room for so many entries each. Without preallocation
// a removed entry is not reused while a program still looks at it, and spare room
// costs little.
func newTables(room uint32) (t tables, err error) {
	t.endpoints, err = newMap(&ebpf.MapSpec{
		Name: "xlvs_endpoints", Type: ebpf.Hash, KeySize: keySize, ValueSize: valueSize,
		MaxEntries: room, Flags: unix.BPF_F_NO_PREALLOC,
	})
	if err == nil {
		t.networks, err = newMap(&ebpf.MapSpec{
			Name: "xlvs_networks", Type: ebpf.LPMTrie, KeySize: networkKeySize, ValueSize: 4,
			MaxEntries: room, Flags: unix.BPF_F_NO_PREALLOC,
		})
	}
	if err == nil {
		t.count, err = newMap(&ebpf.MapSpec{Name: "xlvs_count", Type: ebpf.Array, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	}
	if err != nil {
		return tables{}, errors.Join(err, t.close())
	}
	return t, nil
}

func newMap(spec *ebpf.MapSpec) (*ebpf.Map, error) {
	m, err := ebpf.NewMap(spec)
	if err != nil {
		return nil, fmt.Errorf("make map %s of %d entries: %w", spec.Name, spec.MaxEntries, err)
	}
	return m, nil
}

// put gives e its rule; that of a network has no ports.
func (t *tables) put(e Endpoint, rule Rule) error {
	if e.HostBits > 0 {
		return t.networks.Put(e.networkKey(), uint32(rule.Flags))
	}
	return t.endpoints.Put(e.key(), rule.value())
}

// remove removes e, if it is there.
func (t *tables) remove(e Endpoint) error {
	var err error
	if e.HostBits > 0 {
		err = t.networks.Delete(e.networkKey())
	} else {
		err = t.endpoints.Delete(e.key())
	}
	if errors.Is(err, ebpf.ErrKeyNotExist) {
		return nil
	}
	return err
}

// An entry is an endpoint and its rule.
type entry struct {
	Endpoint
	rule Rule
}

// putAll puts those of list that are no networks in one system call. It reports
// false if perhaps not all are there: a kernel may not know how (before Linux 5.6).
func (t *tables) putAll(list []entry) bool {
	keys, values := make([][keySize]byte, 0, len(list)), make([][valueSize]byte, 0, len(list))
	for _, e := range list {
		if e.HostBits == 0 {
			keys, values = append(keys, e.key()), append(values, e.rule.value())
		}
	}
	if len(keys) == 0 {
		return true
	}
	_, err := t.endpoints.BatchUpdate(keys, values, nil)
	return err == nil
}

// removeAll removes those of list that are no networks, as putAll puts them. All are
// there.
func (t *tables) removeAll(list []Endpoint) bool {
	keys := make([][keySize]byte, 0, len(list))
	for _, e := range list {
		if e.HostBits == 0 {
			keys = append(keys, e.key())
		}
	}
	if len(keys) == 0 {
		return true
	}
	_, err := t.endpoints.BatchDelete(keys, nil)
	return err == nil
}

// setCount tells programs how many networks there are: they look for one only if
// there are any.
func (t *tables) setCount(n uint32) error { return t.count.Put(uint32(0), n) }

func (t *tables) close() error {
	var errs []error
	for _, m := range []*ebpf.Map{t.endpoints, t.networks, t.count} {
		if err := m.Close(); err != nil { // of a nil map it is none
			errs = append(errs, fmt.Errorf("close classifier map: %w", err))
		}
	}
	return errors.Join(errs...)
}
