// Package guest boots a Debian kernel in a small virtual machine and runs the
// caller's own functions inside, so that what needs kernel IPVS can be measured
// and compared on hosts whose kernel has none.
//
// The machine has no disk and no network. Its root is an initramfs, made on the
// fly from the calling executable as /init, the kernel's networking modules, and
// a few programs (ipvsadm, ip, nft) with the libraries that they need. Debian
// packages are where these come from: downloaded by apt-get, unpacked into a
// cache, never installed. [Boot] takes KVM when that works, else emulation.
//
// The two sides are one executable, so they share types, and a function of the
// guest is called by name: the host's [Machine.Do] sends a name and an input,
// the guest's [Job] of that name emits outputs, as lines of JSON over a virtio
// serial port. Whoever calls Boot must begin its main, or TestMain, with
//
//	if guest.IsGuest() {
//		guest.Main(jobs)
//	}
//
// Nothing on the host is changed but the cache, and the virtual machine ends
// with the process that booted it, however that ends. What jobs do inside is
// theirs to say; this package knows nothing of directors.
package guest
