// Package compare walks a matrix of measurements and competitors, and reports
// what it saw as a table, JSON, Markdown and plots.
//
// A machine's speed drifts by more than the differences of interest, so a round
// takes every square of the matrix once, competitors next to one another, before
// the next round begins; what counts is a median over rounds, with its spread. A
// square that fails is noted and tried again in the next round, a competitor that
// cannot take part is named with the reason, and a walk that is interrupted
// reports what it has: there is always a report, and it never hides a gap.
//
// How a square is measured is its competitor's to know: here or, since a [Key] is
// plain words and numbers, on another machine. Beside the matrix, the package has
// the words of the proxies that are compared, and reads from /proc what things
// cost. It starts nothing and knows no networks.
package compare
