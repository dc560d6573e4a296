package ipvsadm

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"xlvs/control/desired"
)

// mostAtOnce is how many changes -R holds back. They are made one after the other
// all the same, but the director changes once.
const mostAtOnce = 1 << 17

// A restoration is -R at work.
type restoration struct {
	*execution
	comments bool                // lines that begin with a '#' are none
	ops      []desired.Operation // changes that are not made yet
	last     *failure            // of the last line; it was said already
}

// restoreScript is ipvsadm-restore: -C, then -R without comments.
func (e *execution) restoreScript(ctx context.Context) *failure {
	if f := e.dial(); f != nil {
		return f
	}
	r := restoration{execution: e, comments: true, ops: []desired.Operation{{Kind: desired.Flush}}}
	return r.run(ctx)
}

// run does each line of stdin as if it were a command line of its own, and returns
// the failure of the last. Some failures are the last, whatever comes behind
// them: what is before them has been done.
func (r *restoration) run(ctx context.Context) *failure {
	lines := bufio.NewReaderSize(r.Stdin, outSize)
	for {
		text, err := lines.ReadString('\n')
		if !r.comments || !strings.HasPrefix(text, "#") {
			r.line(ctx, text)
		}
		switch {
		case r.last != nil && r.last.ends:
			return r.last
		case errors.Is(err, io.EOF):
			r.flush(ctx)
			return r.last
		case err != nil:
			r.flush(ctx)
			r.done(&failure{text: fmt.Sprintf("read rules: %v", err), code: exitRefused})
			return r.last
		}
	}
}

// line does one line. If it is a change, it is held back until something asks what
// there is, or the lines end.
func (r *restoration) line(ctx context.Context, text string) {
	args := tokens(text)
	if len(args) == 0 {
		return
	}
	request, f := parse(ctx, args, r.lookup)
	if f == nil {
		if op, ok := request.operation(); ok {
			if r.ops = append(r.ops, op); len(r.ops) >= mostAtOnce {
				r.flush(ctx)
			}
			return
		}
	}
	if r.flush(ctx); r.last != nil && r.last.ends {
		return
	}
	switch {
	case f != nil:
	case request.command == cmdRestore:
		f = tryHelp()
	default:
		f = r.request(ctx, request)
	}
	r.done(f)
}

// flush makes the changes that were held back.
func (r *restoration) flush(ctx context.Context) {
	if len(r.ops) == 0 {
		return
	}
	ops := r.ops
	r.ops = ops[:0]
	errs, err := r.director.DoEach(ctx, ops)
	if err != nil {
		f := refusal(0, err)
		f.ends = true
		r.done(f)
		return
	}
	for i, err := range errs {
		r.done(refusal(ops[i].Kind, err))
	}
}

// done says the failure of a line, if it is one, and keeps it without its text.
func (r *restoration) done(f *failure) {
	if f != nil && f.text != "" {
		f = &failure{code: r.report(f), ends: f.ends}
	}
	r.last = f
}

// tokens returns the words of a line as ipvsadm cuts it: at blanks, whatever
// quotes there are. The program's name is no word, wherever it stands.
func tokens(line string) []string {
	args := strings.FieldsFunc(line, func(c rune) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' })
	kept := args[:0]
	for _, arg := range args {
		arg, _, _ = strings.Cut(arg, "\x00") // where C's strings end
		if arg != "ipvsadm" {
			kept = append(kept, arg)
		}
	}
	return kept
}
