package demo

import "fmt"

const natPicture = `
    client                     director                  real server
      │         CIP → VIP         │                           │
      ├──────────────────────────▶│ destination VIP ⇒ RIP     │
      │                           │         CIP → RIP         │
      │                           ├──────────────────────────▶│
      │                           │         RIP → CIP         │
      │     source RIP ⇒ VIP      │◀──────────────────────────┤
      │         VIP → CIP         │                           │
      │◀──────────────────────────┤                           │
`

const drPicture = `
    client                     director            real server (VIP on lo)
      │         CIP → VIP         │                           │
      ├──────────────────────────▶│ MAC addresses ⇒ next hop  │
      │                           │         CIP → VIP         │
      │                           ├──────────────────────────▶│
      │                           ╎         VIP → CIP         │
      │◀──────────────────────────╎───────────────────────────┤
`

// tunnelPicture returns that of tunneling, with what the director puts around a
// packet, and what that is then.
func tunnelPicture(around, packet string) string {
	return fmt.Sprintf(`
    client                     director           xlvs realserver (VIP on lo)
      │         CIP → VIP         │                           │
      ├──────────────────────────▶│ %-25s │
      │                           │ %-25s │
      │                           ├──────────────────────────▶│ CIP → VIP again
      │                           ╎         VIP → CIP         │
      │◀──────────────────────────╎───────────────────────────┤
`, "+ "+around, packet)
}

const fullNATPicture = `
    client                     director                  real server
      │         CIP → VIP         │                           │
      ├──────────────────────────▶│ CIP ⇒ LIP, VIP ⇒ RIP      │
      │                           │         LIP → RIP         │
      │                           ├──────────────────────────▶│
      │                           │         RIP → LIP         │
      │   RIP ⇒ VIP, LIP ⇒ CIP    │◀──────────────────────────┤
      │         VIP → CIP         │                           │
      │◀──────────────────────────┤                           │
`
