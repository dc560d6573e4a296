package guest

import "strings"

// kernelPackage is Debian's name for the newest kernel for virtual machines. It
// is empty but for a dependency on the package of that kernel.
const kernelPackage = "linux-image-cloud-amd64"

// programPackages hold the programs that every guest has. What they link is
// found by way of their dependencies.
var programPackages = []string{
	"ipvsadm",
	"iproute2", // ip, tc, bridge
	"nftables",
	"kmod", // modprobe, which the kernel runs to load what is asked of it; and depmod
}

// followed reports whether dependencies on the named package matter: those of a
// program on libraries, and those of kernels. The rest of what Debian's packages
// depend on is there to configure an installed system.
func followed(name string) bool {
	for _, prefix := range []string{"lib", "zlib", "linux-"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// unneeded are folders of packages that no program reads.
var unneeded = []string{
	"usr/share/bash-completion",
	"usr/share/doc",
	"usr/share/info",
	"usr/share/lintian",
	"usr/share/locale",
	"usr/share/man",
}

// wantedModules says which of a kernel's modules a guest can load, by the
// beginning of their paths. What these depend on comes along.
var wantedModules = []string{
	"kernel/crypto/",
	"kernel/drivers/char/virtio_console.",
	"kernel/drivers/net/bonding/",
	"kernel/drivers/net/dummy.",
	"kernel/drivers/net/geneve.",
	"kernel/drivers/net/ifb.",
	"kernel/drivers/net/ipvlan/",
	"kernel/drivers/net/macvlan.",
	"kernel/drivers/net/tap.",
	"kernel/drivers/net/tun.",
	"kernel/drivers/net/veth.",
	"kernel/drivers/net/vrf.",
	"kernel/drivers/net/vxlan/",
	"kernel/drivers/virtio/",
	"kernel/lib/",
	"kernel/net/802/",
	"kernel/net/8021q/",
	"kernel/net/bridge/",
	"kernel/net/core/",
	"kernel/net/ife/",
	"kernel/net/ipv4/", // ipip, ip_gre, fou, iptables
	"kernel/net/ipv6/", // ip6_tunnel, ip6_gre, sit, fou6
	"kernel/net/key/",
	"kernel/net/l3mdev/",
	"kernel/net/llc/",
	"kernel/net/mpls/",
	"kernel/net/netfilter/", // ip_vs and its schedulers, nf_conntrack, nft, xt
	"kernel/net/netlink/",
	"kernel/net/packet/",
	"kernel/net/sched/", // ingress, actions, classifiers
	"kernel/net/sctp/",
	"kernel/net/unix/",
	"kernel/net/xfrm/",
}

// bootModules are what the guest loads to reach the host.
var bootModules = []string{"virtio_pci", "virtio_console"}
