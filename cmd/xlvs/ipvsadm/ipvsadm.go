// Package ipvsadm is ipvsadm 1.31, for this director in the place of the kernel's.
//
// Scripts live by what ipvsadm takes and by what it prints, so both are kept to
// the byte, trailing blanks, order and exit codes included. Only where it prints
// what is not so is the truth printed: counters of destinations are whole where it
// shows their low 32 bits, marks from 2^31 on are not negative, and what it saves
// is neither cut nor lost. What is asked for is done by a Director that the caller
// dials; nothing here knows where that is.
package ipvsadm
