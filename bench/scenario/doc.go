// Package scenario is the director's end-to-end tests: deployments that
// tutorials describe, built of network namespaces.
//
// Every test runs the xlvs binary as an operator would, in the director's
// namespace, and judges it from outside: by what stock programs get as clients
// and see as servers, by frames captured at the other end of a wire, and by the
// table that the director prints. Offloads are as the kernel sets them, and
// nothing is configured on a client or a real server that the deployment itself
// does not ask for. There is nothing here to import.
package scenario
