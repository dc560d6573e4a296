package keepalived

import "strings"

// A statement is a keyword with its arguments and, if braces follow, what is in
// them.
type statement struct {
	at    position
	words []string // at least one
	block bool
	body  []*statement
}

// keyword returns the first word.
func (s *statement) keyword() string { return s.words[0] }

// arg returns the i-th argument, from 1, or nothing.
func (s *statement) arg(i int) string {
	if i < len(s.words) {
		return s.words[i]
	}
	return ""
}

// String returns the statement for a note, without its block.
func (s *statement) String() string { return clip(strings.Join(s.words, " ")) }

// clip shortens what would make a note unreadable, such as a script with its
// arguments.
func clip(text string) string {
	const most = 80
	if len(text) <= most {
		return text
	}
	return text[:most] + "…"
}

// A tree takes lines and grows statements.
type tree struct {
	root statement
	open []*statement // those whose blocks the next line is in, the outermost first
	last *statement   // the one that a brace on the next line would belong to
}

// line takes one line, of which braces end a statement as its end does.
func (t *tree) line(at position, text string) error {
	var words []string
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		var word string
		quoted := text[0] == '"'
		word, text = cutWord(text)
		if quoted || word != "{" && word != "}" {
			words = append(words, word)
			continue
		}
		t.add(at, words)
		words = nil
		if err := t.brace(at, word); err != nil {
			return err
		}
	}
	t.add(at, words)
	return nil
}

// add appends a statement to the innermost block.
func (t *tree) add(at position, words []string) {
	if len(words) == 0 {
		return
	}
	t.last = &statement{at: at, words: words}
	in := t.inner()
	in.body = append(in.body, t.last)
}

// inner returns the statement of the innermost block.
func (t *tree) inner() *statement {
	if len(t.open) == 0 {
		return &t.root
	}
	return t.open[len(t.open)-1]
}

// brace opens the block of the last statement, or closes the innermost block.
func (t *tree) brace(at position, word string) error {
	switch {
	case word == "{" && t.last == nil:
		return at.errorf("%w: { without a keyword", ErrSyntax)
	case word == "{" && len(t.open) == maxDepth:
		return at.errorf("%w: blocks more than %d deep", ErrLimit, maxDepth)
	case word == "{":
		t.last.block = true
		t.open = append(t.open, t.last)
	case len(t.open) == 0:
		return at.errorf("%w: } without its {", ErrSyntax)
	default:
		t.open = t.open[:len(t.open)-1]
	}
	t.last = nil
	return nil
}

// done returns the statements of the outermost level.
func (t *tree) done() ([]*statement, error) {
	if len(t.open) > 0 {
		in := t.inner()
		return nil, in.at.errorf("%w: %s: { without its }", ErrSyntax, in)
	}
	return t.root.body, nil
}

// cutWord takes the first word off text, which begins with one: what is in
// quotation marks, a brace, or what goes on until a blank, one of these, or the
// end. The braces of ${NAME} are no braces.
func cutWord(text string) (word, rest string) {
	if text[0] == '"' {
		return cutQuoted(text[1:])
	}
	if text[0] == '{' || text[0] == '}' {
		return text[:1], text[1:]
	}
	for i := 0; i < len(text); i++ {
		switch {
		case strings.HasPrefix(text[i:], "${") && strings.Contains(text[i:], "}"):
			i += strings.IndexByte(text[i:], '}')
		case strings.IndexByte(" \t\"{}", text[i]) >= 0:
			return text[:i], text[i:]
		}
	}
	return text, ""
}

// cutQuoted takes what is before the next quotation mark off text.
func cutQuoted(text string) (word, rest string) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '"':
			return b.String(), text[i+1:]
		case text[i] == '\\' && i+1 < len(text):
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String(), ""
}
