// Package lab builds networks out of network namespaces: hosts, wires and
// switches for tests, the demo and benchmarks.
//
// A host is a network namespace with its own interfaces, routes, sysctls and
// sockets; a wire is a veth pair with one end in each of two hosts; a switch is
// a host that holds a bridge. Nothing is simulated: between two hosts the
// kernel's own stacks resolve neighbours, route, filter and offload.
//
// Which namespace a system call acts on is a property of the calling thread,
// and a socket belongs for life to the namespace it was opened in. So whatever
// must happen inside a host runs on a thread of its own, which enters the
// namespace, does that one thing and ends with its goroutine. No thread ever
// comes back, hence none comes back wrong: a goroutine that unlocks itself from
// a thread in a foreign namespace hands that thread to a stranger. The other
// leak, a new thread that inherits the namespace of the one that cloned it, is
// closed by the runtime, which has a clean thread do the cloning for a locked
// one. It follows that a goroutine started from inside is outside. A director
// has many goroutines and opens sockets all its life, so it must run as a
// process of its own (Host.Start).
//
// Hosts are called xlvs-<pid>-<n>-<name> under /run/netns, where `ip netns
// exec` finds them. Lab.Close takes away everything that the lab made; what a
// killed process left behind goes when the next lab begins. Nothing here
// touches an interface, a route or a sysctl outside the namespaces it made.
package lab
