package ipvsadm

import "strings"

// An arity says whether a word has an argument.
type arity uint8

const (
	alone arity = iota
	withArgument
	mayHaveArgument // glued on, or the next word unless that is an option
)

// A scanner takes a command line apart as popt does: "--option value",
// "--option=value", "-o value", "-ovalue", "-o=value", and short options in one
// bundle. Words that are no options may stand anywhere.
type scanner struct {
	args   []string
	next   int      // of args
	bundle string   // what is left of a bundle of short options
	glued  bool     // there was a '=' in front of bundle
	loose  []string // words that are no options, so far
	ended  bool     // "--" was there: no more options
}

// A token is an option as it stands on the command line.
type token struct {
	*word
	argument string
	has      bool // there is an argument, though it may be empty
}

// scan returns the next option, without a word if there is none. A failure does
// not end -R: ipvsadm takes the options in front of it for the whole line, and
// then does nothing.
func (s *scanner) scan() (token, *failure) {
	if s.bundle == "" && !s.glued {
		arg, ok := s.nextOption()
		if !ok {
			return token{}, nil
		}
		if strings.HasPrefix(arg, "--") {
			return s.long(arg[2:])
		}
		s.bundle = arg[1:]
	}
	return s.short()
}

// nextOption returns the next argument that begins with a dash and more.
func (s *scanner) nextOption() (arg string, ok bool) {
	for s.next < len(s.args) {
		arg = s.args[s.next]
		s.next++
		switch {
		case s.ended || len(arg) < 2 || arg[0] != '-':
			s.loose = append(s.loose, arg)
		case arg == "--":
			s.ended = true
		default:
			return arg, true
		}
	}
	return "", false
}

func (s *scanner) long(text string) (token, *failure) {
	name, argument, has := strings.Cut(text, "=")
	for i := range words {
		if words[i].long == name && name != "" {
			return s.complete(token{&words[i], argument, has})
		}
	}
	return token{}, s.bad("unknown option")
}

func (s *scanner) short() (token, *failure) {
	letter := s.bundle[0]
	s.bundle, s.glued = strings.CutPrefix(s.bundle[1:], "=")
	for i := range words {
		if words[i].short != letter || letter == 0 {
			continue
		}
		t := token{word: &words[i]}
		if s.glued || s.bundle != "" && t.arity != alone {
			t.argument, t.has = s.bundle, true
			s.bundle, s.glued = "", false
		}
		return s.complete(t)
	}
	return token{}, s.bad("unknown option")
}

// complete holds t against what its word takes.
func (s *scanner) complete(t token) (token, *failure) {
	switch {
	case t.has && t.arity == alone:
		return token{}, s.bad("option does not take an argument")
	case t.has || t.arity == alone:
		return t, nil
	case s.next < len(s.args) && (t.arity == withArgument || !strings.HasPrefix(s.args[s.next], "-")):
		t.argument, t.has = s.args[s.next], true
		s.next++
		return t, nil
	case t.arity == withArgument:
		return token{}, s.bad("missing argument")
	}
	return t, nil
}

// last returns the argument that was read last, which messages show.
func (s *scanner) last() string { return s.args[s.next-1] }

func (s *scanner) bad(why string) *failure {
	return &failure{text: s.last() + ": " + why, code: exitRefused}
}
