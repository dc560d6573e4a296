package realserver

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// A fouPort is a UDP port whose packets the kernel takes out of GUE.
type fouPort struct {
	Number uint16 `json:"number"`
	V6     bool   `json:"ipv6"`
}

func (p *fouPort) missing() (bool, error) {
	want := p.netlink()
	ports, err := netlink.FouList(want.Family)
	if err != nil {
		return false, fmt.Errorf("list the ports that the kernel takes gue from: %w", err)
	}
	return !slices.ContainsFunc(ports, func(f netlink.Fou) bool {
		return f.Port == want.Port && f.Family == want.Family && f.EncapType == want.EncapType
	}), nil
}

func (p *fouPort) make() error {
	if err := p.add(); err != nil {
		return fmt.Errorf("have the kernel take packets from %v: %w", p, err)
	}
	return nil
}

// add asks the kernel for the port. netlink.FouAdd names an inner protocol, 0,
// which kernels have come to refuse: gue has none to name.
func (p *fouPort) add() error {
	family, err := netlink.FouFamilyId()
	if err != nil {
		return err
	}
	f := p.netlink()
	req := nl.NewNetlinkRequest(family, unix.NLM_F_ACK)
	req.AddData(&nl.Genlmsg{Command: netlink.FOU_CMD_ADD, Version: 1})
	req.AddData(nl.NewRtAttr(netlink.FOU_ATTR_PORT, binary.BigEndian.AppendUint16(nil, p.Number)))
	req.AddData(nl.NewRtAttr(netlink.FOU_ATTR_TYPE, []byte{byte(f.EncapType)}))
	req.AddData(nl.NewRtAttr(netlink.FOU_ATTR_AF, []byte{byte(f.Family)}))
	_, err = req.Execute(unix.NETLINK_GENERIC, 0)
	return err
}

func (p *fouPort) unmake() error {
	err := netlink.FouDel(p.netlink())
	if err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("have the kernel leave %v: %w", p, err)
	}
	return nil
}

func (p *fouPort) adopt(setting) {}

func (p *fouPort) id() string { return p.String() }

func (p *fouPort) command() string {
	if p.V6 {
		return fmt.Sprintf("modprobe fou6; ip fou add port %d gue -6", p.Number)
	}
	return fmt.Sprintf("modprobe fou; ip fou add port %d gue", p.Number)
}

func (p *fouPort) String() string {
	if p.V6 {
		return fmt.Sprintf("gue port %d of IPv6", p.Number)
	}
	return fmt.Sprintf("gue port %d of IPv4", p.Number)
}

func (p *fouPort) netlink() netlink.Fou {
	family := unix.AF_INET
	if p.V6 {
		family = unix.AF_INET6
	}
	return netlink.Fou{Family: family, Port: int(p.Number), EncapType: netlink.FOU_ENCAP_GUE}
}
