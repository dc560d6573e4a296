package control

import (
	"fmt"

	"xlvs/config"
	"xlvs/control/desired"
)

// parseLocals reads local addresses as config.LocalRange prints them; an address
// alone has all ports that need no privilege.
func parseLocals(texts []string) (locals []config.LocalRange, err error) {
	for _, text := range texts {
		l, ok := config.ParseLocalRange(text)
		if !ok {
			return nil, fmt.Errorf("local address %q: %w: must be as in 192.0.2.5, 192.0.2.5:1024-65535 or [2001:db8::5]:1024-65535", text, desired.ErrInvalid)
		}
		locals = append(locals, l)
	}
	return locals, nil
}
