package desired

import (
	"errors"
	"fmt"
	"slices"

	"xlvs/config"
	"xlvs/lvs"
)

// do does one operation, the i-th, in the State, or nothing.
func (b *batch) do(i int, op *Operation) error {
	var err error
	switch op.Kind {
	case AddService:
		err = b.addService(&op.Service)
	case EditService:
		err = b.editService(&op.Service, op.Whole)
	case DeleteService:
		err = b.deleteService(op.Key)
	case AddDestination, EditDestination, DeleteDestination:
		err = b.changeDestination(op)
	case Flush:
		for _, e := range b.services.order {
			if e != nil {
				b.drop(e)
			}
		}
	case Zero:
		err = b.zeroLater(i, op.Key)
	case SetTimeouts:
		err = b.setTimeouts(op.Timeouts)
	case SetSysctl:
		err = b.setSysctl(op.Sysctl, op.Value)
	default:
		err = fmt.Errorf("%w: there is no such operation", ErrInvalid)
	}
	if err != nil {
		return fmt.Errorf("%v: %w", op, err)
	}
	return nil
}

// check returns what is wrong with s beside the other services.
func (b *batch) check(s *config.Service) error {
	err := b.checker.Check(s)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, config.ErrUnknownScheduler):
		return fmt.Errorf("%w: %w", ErrNoScheduler, err)
	case errors.Is(err, config.ErrThresholds):
		return fmt.Errorf("%w: %w", ErrThresholds, err)
	}
	return fmt.Errorf("%w: %w", ErrInvalid, err)
}

// addService adds one, which is another than the one of its key that the batch may
// have deleted.
func (b *batch) addService(s *config.Service) error {
	if b.services.byKey[s.ServiceKey] != nil {
		return ErrServiceExists
	}
	if err := b.check(s); err != nil {
		return err
	}
	b.touch(s.ServiceKey)
	e := &entry{service: *s, origin: FromRuntime}
	e.service.Reals, e.service.LocalAddresses = slices.Clone(s.Reals), slices.Clone(s.LocalAddresses)
	b.services.append(e)
	b.checker.Add(&e.service)
	return nil
}

// editService replaces all but the real servers and, unless it is whole, what s
// leaves open.
func (b *batch) editService(s *config.Service, whole bool) error {
	e := b.services.byKey[s.ServiceKey]
	if e == nil {
		return ErrNoService
	}
	e.settle()
	next := *s
	next.Reals, next.LocalAddresses = e.service.Reals, slices.Clone(s.LocalAddresses)
	if !whole {
		if len(next.LocalAddresses) == 0 {
			next.LocalAddresses = e.service.LocalAddresses
		}
		if next.ClientAddress == config.NoClientAddress {
			next.ClientAddress = e.service.ClientAddress
		}
		next.MSSClamp = next.MSSClamp || e.service.MSSClamp
	}
	if err := b.check(&next); err != nil {
		return err
	}
	e = b.thaw(e)
	b.checker.Remove(&e.service)
	e.service = next
	b.checker.Add(&e.service)
	return nil
}

func (b *batch) deleteService(key config.ServiceKey) error {
	e := b.services.byKey[key]
	if e == nil {
		return ErrNoService
	}
	b.drop(e)
	return nil
}

// drop deletes e.
func (b *batch) drop(e *entry) {
	b.touch(e.service.ServiceKey)
	b.checker.Remove(&e.service)
	b.services.remove(e)
}

// changeDestination adds, edits or deletes a real server.
func (b *batch) changeDestination(op *Operation) error {
	e := b.services.byKey[op.Key]
	if e == nil {
		return ErrNoService
	}
	at, ok := e.find(op.Real.RealKey)
	switch {
	case op.Kind == AddDestination && ok:
		return ErrDestinationExists
	case op.Kind != AddDestination && !ok:
		return ErrNoDestination
	}
	if op.Kind != DeleteDestination {
		alone := e.service // no other real server can make this one wrong
		alone.Reals = []config.Real{op.Real}
		if err := b.check(&alone); err != nil {
			return err
		}
	}
	e = b.thaw(e)
	e.own()
	switch op.Kind {
	case AddDestination:
		e.reals[op.Real.RealKey] = len(e.service.Reals)
		e.service.Reals = append(e.service.Reals, op.Real)
	case EditDestination:
		e.service.Reals[at] = op.Real
	case DeleteDestination:
		delete(e.reals, op.Real.RealKey)
		e.service.Reals[at] = config.Real{}
		e.gone++
	}
	return nil
}

// find returns where among the real servers of e one is.
func (e *entry) find(key config.RealKey) (at int, ok bool) {
	if e.reals != nil {
		at, ok = e.reals[key]
		return at, ok
	}
	at = slices.IndexFunc(e.service.Reals, func(r config.Real) bool { return r.RealKey == key })
	return at, at >= 0
}

// zeroLater notes that counters are to start from zero.
func (b *batch) zeroLater(i int, key config.ServiceKey) error {
	if key == (config.ServiceKey{}) {
		b.zeros = append(b.zeros, zero{nil, i})
		return nil
	}
	if b.services.byKey[key] == nil {
		return ErrNoService
	}
	b.zeros = append(b.zeros, zero{&key, i})
	return nil
}

// setTimeouts sets those that are not 0.
func (b *batch) setTimeouts(t config.Timeouts) error {
	return b.set(func(c *config.Config) {
		if t.TCP != 0 {
			c.Timeouts.TCP = t.TCP
		}
		if t.TCPFin != 0 {
			c.Timeouts.TCPFin = t.TCPFin
		}
		if t.UDP != 0 {
			c.Timeouts.UDP = t.UDP
		}
	})
}

// setSysctl sets one that is a number.
func (b *batch) setSysctl(name string, value int) error {
	i := slices.IndexFunc(lvs.SysctlTable[:], func(k lvs.Sysctl) bool { return k.Name == name })
	if i < 0 {
		return fmt.Errorf("%w: there is no such sysctl", ErrInvalid)
	}
	if _, isInt := lvs.SysctlTable[i].Field(&b.settings.Sysctl).(*int); !isInt {
		return fmt.Errorf("%w: this sysctl is not a number", ErrInvalid)
	}
	return b.set(func(c *config.Config) { *lvs.SysctlTable[i].Field(&c.Sysctl).(*int) = value })
}

// set changes settings, unless that makes them invalid.
func (b *batch) set(change func(*config.Config)) error {
	next := *b.settings
	change(&next)
	if err := next.CheckSettings(); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	b.settings.Timeouts, b.settings.Sysctl = next.Timeouts, next.Sysctl
	return nil
}
