package encap

import "xlvs/dataplane/packet"

// DirectRouting prepares p for a real server that holds the virtual address
// itself: one hop less, and otherwise as the client sent it. The real server's
// MAC address is all that leads the frame there (ip_vs_dr_xmit).
func DirectRouting(p *packet.Packet) { DecrementTTL(p) }
