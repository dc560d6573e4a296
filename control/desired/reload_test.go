package desired

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"xlvs/config"
	"xlvs/lvs"
)

// TestReload reads a file again, changed, after something was done to
// twoServices.
func TestReload(t *testing.T) {
	timeout := func(udp time.Duration) Operation {
		return Operation{Kind: SetTimeouts, Timeouts: config.Timeouts{UDP: udp}}
	}
	sloppy := Operation{Kind: SetSysctl, Sysctl: "sloppy_tcp", Value: 1}
	add81 := Operation{Kind: AddService, Service: service(web(81), "rr")}
	tests := map[string]struct {
		done    []Operation
		file    func(*config.Config)
		prune   bool
		changes []string
		kept    []string
	}{
		"nothing": {},
		"file has another service": {
			file:    func(c *config.Config) { c.Services = append(c.Services, service(web(79), "rr")) },
			changes: []string{"service TCP 192.0.2.1:79: added, scheduler rr"},
		},
		"file lacks a service": {
			file:    func(c *config.Config) { c.Services = c.Services[1:] },
			changes: []string{"service TCP 192.0.2.1:80: removed"},
		},
		"service made at run time": {
			done: []Operation{add81},
			kept: []string{"service TCP 192.0.2.1:81, made at run time, stays"},
		},
		"service made at run time, pruned": {
			done: []Operation{add81}, prune: true,
			changes: []string{"service TCP 192.0.2.1:81: removed"},
		},
		"service made at run time, now in the file": {
			done:    []Operation{add81},
			file:    func(c *config.Config) { c.Services = append(c.Services, service(web(81), "sh")) },
			changes: []string{"service TCP 192.0.2.1:81: scheduler rr -> sh"},
		},
		"service of the file, edited": {
			done: []Operation{
				{Kind: EditService, Service: service(web(80), "sh")},
				{Kind: EditDestination, Key: web(80), Real: server(11, 0)},
			},
			changes: []string{
				"service TCP 192.0.2.1:80: scheduler sh -> rr",
				"service TCP 192.0.2.1:80: real 198.51.100.11:8080: weight 0 -> 1",
			},
		},
		"service of the file, edited, that the file lacks": {
			done:    []Operation{{Kind: EditService, Service: service(web(80), "sh")}},
			file:    func(c *config.Config) { c.Services = c.Services[1:] },
			changes: []string{"service TCP 192.0.2.1:80: removed"},
		},
		"service of the file, deleted": {
			done:    []Operation{{Kind: DeleteService, Key: web(443)}},
			changes: []string{"service TCP 192.0.2.1:443: added, scheduler wlc"},
		},
		"service of the file, made anew, that the file lacks": {
			done: []Operation{{Kind: Flush}, {Kind: AddService, Service: service(web(443), "rr")}},
			file: func(c *config.Config) { c.Services = nil },
			kept: []string{"service TCP 192.0.2.1:443, made at run time, stays"},
		},
		"settings": {
			done: []Operation{timeout(time.Minute), sloppy},
			file: func(c *config.Config) { c.Timeouts.TCP, c.Sysctl.DropEntry = time.Hour, 1 },
			changes: []string{
				"timeouts: tcp 900s -> 3600s", "sysctl: drop_entry 0 -> 1",
			},
			kept: []string{
				"timeouts: udp 1m0s, set at run time, stays; the file has 5m0s",
				"sysctl: sloppy_tcp 1, set at run time, stays; the file has 0",
			},
		},
		"settings that the file changes too": {
			done:    []Operation{timeout(time.Minute), sloppy},
			file:    func(c *config.Config) { c.Timeouts.UDP, c.Sysctl.SloppyTCP = time.Hour, 2 },
			changes: []string{"timeouts: udp 60s -> 3600s", "sysctl: sloppy_tcp 1 -> 2"},
		},
		"settings, pruned": {
			done: []Operation{timeout(time.Minute), sloppy}, prune: true,
			changes: []string{"timeouts: udp 60s -> 300s", "sysctl: sloppy_tcp 1 -> 0"},
		},
		"what is the file's": {
			file: func(c *config.Config) {
				c.FTPPorts, c.LocalAddresses = []uint16{21, 2121}, nil
				c.Marks = []config.Mark{{Mark: 5, Destination: netip.MustParsePrefix("192.0.2.0/24")}}
			},
			changes: []string{
				"ftp: ports 21 -> 21,2121", "fullnat: local_addresses 203.0.113.2:1024-65535 -> none", "mark 5: to 192.0.2.0/24: added",
			},
		},
		"what needs a restart": {
			file: func(c *config.Config) { c.Dataplane.Workers, c.Watch, c.Control.Group = 3, true, "" },
			changes: []string{
				"dataplane: workers 0 -> 3 (needs a restart)", "watch false -> true (needs a restart)",
				"control: group xlvs -> none (needs a restart)",
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, d := newState(t, twoServices())
			must(t, s, tt.done...)
			file := twoServices()
			if tt.file != nil {
				tt.file(file)
			}
			before := s.Config()
			dry, err := s.Reload(file, Reload{Prune: tt.prune, DryRun: true})
			if err != nil || len(config.Diff(before, s.Config())) > 0 {
				t.Errorf("a dry run: %v, and it changes %v", err, config.Diff(before, s.Config()))
			}
			got, err := s.Reload(file, Reload{Prune: tt.prune})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range []Report{dry, got} {
				if lines := texts(r.Changes); !slices.Equal(lines, tt.changes) || !slices.Equal(r.Kept, tt.kept) {
					t.Errorf("Reload changes\n%s\nwant\n%s\nand keeps\n%s\nwant\n%s", strings.Join(lines, "\n"),
						strings.Join(tt.changes, "\n"), strings.Join(r.Kept, "\n"), strings.Join(tt.kept, "\n"))
				}
			}
			d.agrees(t, s)
			if s.File() != file {
				t.Error("File() is not the new file")
			}
			if again, err := s.Reload(file, Reload{Prune: tt.prune}); err != nil || slices.ContainsFunc(again.Changes, lasting) {
				t.Errorf("the same file again: %v, changes %v", err, again.Changes)
			}
		})
	}
}

// lasting reports whether a change is made without a restart.
func lasting(c config.Change) bool { return !c.Restart }

func texts(changes []config.Change) (lines []string) {
	for _, c := range changes {
		lines = append(lines, c.String())
	}
	return lines
}

// TestReloadRefused has reloads that change nothing.
func TestReloadRefused(t *testing.T) {
	s, d := newState(t, twoServices())
	d.refuse = refused
	added := config.ServiceKey{Protocol: lvs.UDP, VIP: netip.MustParseAddr("192.0.2.9"), Port: 53}
	must(t, s, Operation{Kind: AddService, Service: service(added, "rr")})
	before := s.Config()

	invalid := twoServices() // by itself it is not
	invalid.LocalAddresses[0].Addr = added.VIP
	if _, err := s.Reload(invalid, Reload{}); !errors.Is(err, ErrInvalid) || !errors.Is(err, config.ErrAddress) {
		t.Errorf("Reload of local addresses that are virtual at run time = %v, want ErrInvalid", err)
	}
	impossible := twoServices()
	impossible.Services[1].Scheduler = "twos"
	if _, err := s.Reload(impossible, Reload{}); !errors.Is(err, errRefused) {
		t.Errorf("Reload of what the director refuses = %v, want %v", err, errRefused)
	}
	if changes := config.Diff(before, s.Config()); len(changes) > 0 || s.Revision() != 1 {
		t.Errorf("reloads that fail change %v, to revision %d", changes, s.Revision())
	}
	d.agrees(t, s)
	if _, err := s.Reload(invalid, Reload{Prune: true}); err != nil {
		t.Errorf("Reload, pruned = %v", err)
	}
	d.agrees(t, s)
}

func TestOrigin(t *testing.T) {
	s, _ := newState(t, twoServices())
	check := func(when string, want map[uint16]Origin) {
		t.Helper()
		for port, want := range want {
			if got := s.Origin(web(port)); got != want {
				t.Errorf("%s: origin of port %d is %v, want %v", when, port, got, want)
			}
		}
	}
	check("at first", map[uint16]Origin{80: FromFile, 443: FromFile, 81: NoOrigin})
	must(t, s,
		Operation{Kind: AddService, Service: service(web(81), "rr")},
		Operation{Kind: EditService, Service: service(web(80), "sh")},
		Operation{Kind: DeleteService, Key: web(443)})
	must(t, s, Operation{Kind: AddService, Service: service(web(443), "rr")})
	check("changed", map[uint16]Origin{80: FromFile, 443: FromRuntime, 81: FromRuntime})
	file := twoServices()
	if _, err := s.Reload(file, Reload{}); err != nil {
		t.Fatal(err)
	}
	check("reloaded", map[uint16]Origin{80: FromFile, 443: FromFile, 81: FromRuntime})
	if _, err := s.Reload(nil, Reload{}); err != nil {
		t.Fatal(err)
	}
	check("without a file", map[uint16]Origin{80: NoOrigin, 443: NoOrigin, 81: FromRuntime})
}

func TestNoFile(t *testing.T) {
	_, d := newState(t, config.Default())
	s := New(d, nil)
	if changes := config.Diff(config.Default(), s.Config()); len(changes) > 0 {
		t.Errorf("without a file the state differs from the default: %v", changes)
	}
	must(t, s, Operation{Kind: AddService, Service: service(web(80), "rr")})
}

// What was saved to the file is the file's: without it there, it goes.
func TestReloadAfterSaved(t *testing.T) {
	s, d := newState(t, twoServices())
	must(t, s, Operation{Kind: AddService, Service: service(web(81), "rr")}, Operation{Kind: SetTimeouts, Timeouts: config.Timeouts{UDP: time.Minute}})
	saved := s.ToSave()
	must(t, s, Operation{Kind: EditService, Service: service(web(80), "sh")}, Operation{Kind: AddService, Service: service(web(82), "rr")})
	before := len(d.calls)
	for _, r := range []Reload{{Saved: true, DryRun: true}, {Saved: true}} {
		if s.Origin(web(81)) != FromRuntime {
			t.Error("a dry run has changed who made a service")
		}
		if _, err := s.Reload(saved, r); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := s.Service(web(80)); len(d.calls) != before || got.Scheduler != "sh" || s.Origin(web(81)) != FromFile || s.Origin(web(82)) != FromRuntime {
		t.Errorf("to save has changed the director by %v, web to %s", d.calls[before:], got.Scheduler)
	}
	report, err := s.Reload(twoServices(), Reload{})
	want := []string{"service TCP 192.0.2.1:80: scheduler sh -> rr", "service TCP 192.0.2.1:81: removed", "timeouts: udp 60s -> 300s"}
	var changes []string
	for _, c := range report.Changes {
		changes = append(changes, c.String())
	}
	if slices.Sort(changes); err != nil || !slices.Equal(changes, want) || len(report.Kept) != 1 {
		t.Errorf("the former file changes %q, %v and keeps %q, want %q", changes, err, report.Kept, want)
	}
	d.agrees(t, s)
}
