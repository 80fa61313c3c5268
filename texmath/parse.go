package texmath

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxDepth   = 16   // of nested groups and arguments; deeper ones lose their markup
	maxFormula = 1000 // bytes; longer ones are text with dollars in it
)

// parser reads s once from left to right. Every method that is called at
// pos < len(s) moves pos forward, none moves it back, and none looks further
// ahead than the next delimiter, so that the whole is linear.
type parser struct {
	s     string
	pos   int
	depth int
	math  bool
}

func parse(s string) []node {
	p := parser{s: s}
	var out []node
	for p.pos < len(s) {
		out = append(out, p.sequence()...)
		if p.pos < len(s) { // a closing brace that nothing opened
			out = addText(out, "}")
			p.pos++
		}
	}
	return out
}

// sequence reads up to the brace that closes the current group, or the end.
func (p *parser) sequence() []node {
	var out []node
	for p.pos < len(p.s) && p.s[p.pos] != '}' {
		if p.math {
			out = p.mathItem(out)
		} else {
			out = p.textItem(out)
		}
	}
	if p.math {
		out = space(out)
	}
	return out
}

func addText(out []node, s string) []node { return addLeaf(out, upright, s) }

func addLeaf(out []node, k kind, s string) []node {
	if s == "" {
		return out
	}
	return append(out, node{kind: k, text: s})
}

func (p *parser) textItem(out []node) []node {
	rest := p.s[p.pos:]
	if n := strings.IndexAny(rest, "\\$~{}`'-"); n != 0 {
		if n < 0 {
			n = len(rest)
		}
		p.pos += n
		return addText(out, rest[:n])
	}
	switch c := rest[0]; c {
	case '\\':
		return p.command(out)
	case '$':
		return p.dollar(out)
	case '{':
		return p.textBrace(out)
	case '~':
		// A tie between words, but "about" in "a ~5% gain".
		p.pos++
		if before, _ := utf8.DecodeLastRuneInString(p.s[:p.pos-1]); p.pos == 1 || unicode.IsSpace(before) || before == '(' {
			return addText(out, "~")
		}
		return addText(out, "\u00a0")
	default:
		return p.punctuation(out, c)
	}
}

// punctuation reads TeX's quotes and dashes.
func (p *parser) punctuation(out []node, c byte) []node {
	n := 1
	for n < 3 && p.pos+n < len(p.s) && p.s[p.pos+n] == c {
		n++
	}
	if c != '-' {
		n = min(n, 2)
	}
	raw := p.s[p.pos : p.pos+n]
	after := ""
	if p.pos+n < len(p.s) {
		after = p.s[p.pos+n:]
	}
	flag := (p.pos == 0 || p.s[p.pos-1] == ' ') && after != "" && after[0] != ' ' // as in --verbose
	p.pos += n
	switch {
	case raw == "---":
		return addText(out, "—")
	case raw == "--" && !flag:
		return addText(out, "–")
	case raw == "``":
		return addText(out, "“")
	case raw == "''":
		return addText(out, "”")
	}
	return addText(out, raw)
}

// textBrace reads a brace outside of formulas. Authors write {0, 1} and mean
// it; a group that starts with a command is TeX.
func (p *parser) textBrace(out []node) []node {
	p.pos++
	tex := p.pos < len(p.s) && (p.s[p.pos] == '\\' || p.s[p.pos] == '}')
	if p.depth >= maxDepth {
		return addText(out, "{")
	}
	if !tex {
		out = addText(out, "{")
	}
	kids, closed := p.group()
	out = append(out, node{kind: group, kids: kids})
	if closed && !tex {
		out = addText(out, "}")
	}
	return out
}

// group reads the rest of a group and its closing brace.
func (p *parser) group() (kids []node, closed bool) {
	p.depth++
	kids = p.sequence()
	p.depth--
	if p.pos < len(p.s) {
		p.pos++
		return kids, true
	}
	return kids, false
}

// dollar reads $…$ or $$…$$. As amounts of money have dollars too, a formula
// neither starts nor ends with a space, nor has digits at its start and behind it.
func (p *parser) dollar(out []node) []node {
	start := p.pos + 1
	if start < len(p.s) && p.s[start] == '$' {
		start++
	}
	mark := p.s[p.pos:start]
	end := start
	for end < len(p.s) && p.s[end] != '$' {
		if p.s[end] == '\\' && end+1 < len(p.s) {
			end++
		}
		end++
	}
	after := end + len(mark)
	src := p.s[start:min(end, len(p.s))]
	ok := after <= len(p.s) && p.s[end:after] == mark && len(src) <= maxFormula && strings.TrimSpace(src) != ""
	if ok && mark == "$" {
		spaced := src[0] == ' ' || src[len(src)-1] == ' '
		money := isDigit(src[0]) && after < len(p.s) && isDigit(p.s[after])
		ok = !spaced && !money
	}
	if !ok {
		p.pos = start
		return addText(out, mark)
	}
	p.pos = after
	return append(out, p.formula(src))
}

// bracket reads \(…\) or \[…\], of which the opening has been read.
func (p *parser) bracket(out []node, closing byte) []node {
	end := p.pos
	for end+1 < len(p.s) && end-p.pos <= maxFormula {
		if p.s[end] != '\\' {
			end++
			continue
		}
		switch p.s[end+1] {
		case closing:
			src := p.s[p.pos:end]
			p.pos = end + 2
			return append(out, p.formula(src))
		case '(', '[':
			return out
		}
		end += 2
	}
	return out
}

func (p *parser) formula(src string) node {
	inner := parser{s: src, depth: p.depth, math: true}
	var kids []node
	for inner.pos < len(src) {
		kids = append(kids, inner.sequence()...)
		inner.pos++ // past a closing brace that nothing opened
	}
	return node{kind: formula, text: strings.TrimSpace(src), kids: kids}
}

func (p *parser) mathItem(out []node) []node {
	r, n := utf8.DecodeRuneInString(p.s[p.pos:])
	switch {
	case r == '\\':
		return p.command(out)
	case r == '{':
		p.pos++
		if p.depth >= maxDepth {
			return out
		}
		kids, _ := p.group()
		return append(out, kids...)
	case r == '^' || r == '_':
		p.pos++
		k := super
		if r == '_' {
			k = sub
		}
		return addScript(out, k, p.argument())
	case unicode.IsLetter(r):
		end := p.pos + n
		for end < len(p.s) {
			r, n := utf8.DecodeRuneInString(p.s[end:])
			if !unicode.IsLetter(r) {
				break
			}
			end += n
		}
		word := p.s[p.pos:end]
		p.pos = end
		return addLeaf(out, variable, word)
	}
	p.pos += n
	switch r {
	case '-':
		return addText(out, "−")
	case '\'':
		return addText(out, "′")
	case '~', '\n', '\t':
		return addText(out, " ")
	case '&', '$':
		return out
	}
	return addText(out, p.s[p.pos-n:p.pos])
}

// addScript appends a power or an index. What is raised by its own nature, such
// as a degree or a star, is not raised again.
func addScript(out []node, k kind, kids []node) []node {
	if strings.TrimSpace(plain(kids)) == "" {
		return out
	}
	if k == super && len(kids) == 1 {
		switch t := kids[0].text; t {
		case "∘":
			return addText(out, "°")
		case "*", "∗", "′", "†", "‡", "★", "™", "®":
			return addText(out, t)
		}
	}
	return append(out, node{kind: k, kids: kids})
}

// command reads a backslash and what belongs to it.
func (p *parser) command(out []node) []node {
	start := p.pos
	p.pos++
	if p.pos == len(p.s) {
		return addText(out, "\\")
	}
	end := p.pos
	for end < len(p.s) && isLetter(p.s[end]) {
		end++
	}
	if end == p.pos {
		_, n := utf8.DecodeRuneInString(p.s[end:])
		end += n
	}
	name := p.s[p.pos:end]
	p.pos = end

	if accent, ok := p.accent(name); ok {
		return p.accented(out, accent)
	}
	if s, ok := letters[name]; ok {
		p.skipSpace()
		return addLeaf(out, letterKind(s), s)
	}
	if s, ok := operators[name]; ok {
		return addLeaf(out, operator, s)
	}
	if s, ok := signs[name]; ok {
		return addText(out, s)
	}
	if functions[name] {
		return addLeaf(out, function, name)
	}
	if base, ok := alphabets[name]; ok {
		for _, k := range p.argument() {
			k.text = base.convert(k.text)
			out = append(out, k)
		}
		return out
	}
	if n, ok := dropped[name]; ok {
		for range n {
			p.argument()
		}
		return out
	}
	return p.markup(out, name, p.s[start:end])
}

// markup reads a command that changes how its argument is shown, and those
// that nobody knows.
func (p *parser) markup(out []node, name, raw string) []node {
	switch name {
	case "(":
		if !p.math {
			return p.bracket(out, ')')
		}
		return out
	case "[":
		if !p.math {
			return p.bracket(out, ']')
		}
		return out
	case "emph", "textit", "textsl", "mathit":
		return wrap(out, italic, p.words())
	case "textbf":
		return wrap(out, bold, p.words())
	case "mathbf", "bm", "boldsymbol", "pmb":
		return wrap(out, bold, p.argument())
	case "texttt", "mathtt":
		return wrap(out, code, p.words())
	case "textsuperscript":
		return addScript(out, super, p.words())
	case "textsubscript":
		return addScript(out, sub, p.words())
	case "text", "textrm", "textsc", "textsf", "textnormal", "textup", "mbox", "hbox", "underline", "uline",
		"mathrm", "mathsf", "operatorname":
		return append(out, p.words()...)
	case "em", "it", "bf", "tt":
		if p.depth == 0 || p.depth >= maxDepth { // a switch ends with its group
			return out
		}
		p.skipSpace()
		p.depth++
		kids := p.sequence()
		p.depth--
		return append(out, node{kind: map[string]kind{"em": italic, "it": italic, "bf": bold, "tt": code}[name], kids: kids})
	case "href":
		url := plain(p.words())
		text := p.words()
		out = append(out, text...)
		if strings.HasPrefix(url, "http") && plain(text) != url {
			out = addText(out, " ("+url+")")
		}
		return out
	case "textcolor", "hyperlink", "colorbox":
		p.argument()
		return append(out, p.argument()...)
	case "footnote":
		out = addText(out, " (")
		return addText(append(out, p.words()...), ")")
	case "cite", "citep", "citet", "ref", "eqref":
		out = addText(out, "[")
		return addText(append(out, p.words()...), "]")
	case "frac", "tfrac", "dfrac", "nicefrac":
		out = addOperand(out, p.argument())
		return addOperand(addText(out, "/"), p.argument())
	case "binom":
		out = append(addText(out, "("), p.argument()...)
		out = append(addText(out, " choose "), p.argument()...)
		return addText(out, ")")
	case "sqrt":
		if strings.HasPrefix(p.s[p.pos:], "[") {
			if n := strings.IndexByte(p.s[p.pos:min(len(p.s), p.pos+20)], ']'); n > 0 {
				out = append(out, node{kind: super, kids: []node{{text: p.s[p.pos+1 : p.pos+n]}}})
				p.pos += n + 1
			}
		}
		return addOperand(addText(out, "√"), p.argument())
	case "unicode", "char":
		return addText(out, codePoint(plain(p.words())))
	case "left", "right":
		if p.pos < len(p.s) && p.s[p.pos] == '.' {
			p.pos++
		}
		return out
	}
	return p.unknown(out, name, raw)
}

// unknown shows an unknown command's argument if it has one and otherwise its
// name, since authors leave macros such as \ours in their abstracts.
func (p *parser) unknown(out []node, name, raw string) []node {
	if p.pos < len(p.s) && p.s[p.pos] == '{' {
		kids := p.argument()
		if len(kids) > 0 {
			return append(out, kids...)
		}
	} else if len(name) == 1 && !p.math { // \d+ is hardly TeX
		return addText(out, raw)
	}
	return addLeaf(out, upright, name)
}

func wrap(out []node, k kind, kids []node) []node {
	if len(kids) == 0 {
		return out
	}
	return append(out, node{kind: k, kids: kids})
}

// words reads an argument that is text even in a formula.
func (p *parser) words() []node {
	math := p.math
	p.math = false
	kids := p.argument()
	p.math = math
	return kids
}

// argument reads a group, a command or a character.
func (p *parser) argument() []node {
	p.skipSpace()
	if p.pos >= len(p.s) || p.s[p.pos] == '}' || p.depth >= maxDepth {
		return nil
	}
	switch p.s[p.pos] {
	case '{':
		p.pos++
		kids, _ := p.group()
		return kids
	case '\\':
		p.depth++
		kids := p.command(nil)
		p.depth--
		return kids
	}
	r, n := utf8.DecodeRuneInString(p.s[p.pos:])
	p.pos += n
	k := upright
	if p.math && unicode.IsLetter(r) {
		k = variable
	}
	return []node{{kind: k, text: p.s[p.pos-n : p.pos]}}
}

func (p *parser) skipSpace() {
	for p.pos < len(p.s) && (p.s[p.pos] == ' ' || p.s[p.pos] == '\n') {
		p.pos++
	}
}

// accent reports which combining character the command puts on its argument.
// In text, one-letter accents such as \c need braces or a space, and those
// made of punctuation a letter.
func (p *parser) accent(name string) (string, bool) {
	if p.math {
		s, ok := mathAccents[name]
		return s, ok
	}
	s, ok := textAccents[name]
	if !ok || p.pos >= len(p.s) {
		return "", false
	}
	c := p.s[p.pos]
	braces := c == '{' || c == '\\'
	if isLetter(name[0]) {
		spaced := c == ' ' && p.pos+1 < len(p.s) && isLetter(p.s[p.pos+1]) && (p.pos+2 == len(p.s) || !isLetter(p.s[p.pos+2]) || name == "c")
		return s, braces || spaced
	}
	return s, braces || isLetter(c)
}

// accented puts a combining character after the first character of the argument.
func (p *parser) accented(out []node, accent string) []node {
	kids := p.argument()
	if len(kids) == 0 {
		return out
	}
	first := &kids[0]
	r, n := utf8.DecodeRuneInString(first.text)
	if p.math && (len(kids) > 1 || n < len(first.text)) && accent != "\u0338" {
		return append(out, kids...) // a bar over a whole expression has no plain form
	}
	switch r { // they lose the dot
	case 'ı':
		r = 'i'
	case 'ȷ':
		r = 'j'
	}
	if n > 0 {
		first.text = string(r) + accent + first.text[n:]
	}
	return append(out, kids...)
}

// addOperand appends kids, in parentheses if they are more than one thing.
func addOperand(out, kids []node) []node {
	s := plain(kids)
	simple := true
	for i, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '.' || i > 12 {
			simple = false
			break
		}
	}
	if simple {
		return append(out, kids...)
	}
	return addText(append(addText(out, "("), kids...), ")")
}

// plain returns the text of nodes.
func plain(nodes []node) string {
	var w textWriter
	w.nodes(nodes)
	return w.String()
}

// codePoint reads the argument of \unicode, such as x2014 or 8212.
func codePoint(s string) string {
	base := 10
	if rest, ok := strings.CutPrefix(s, "x"); ok {
		s, base = rest, 16
	}
	n, err := strconv.ParseUint(strings.TrimSpace(s), base, 32)
	if err != nil || n > unicode.MaxRune || !unicode.IsPrint(rune(n)) {
		return ""
	}
	return clean(string(rune(n)))
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func letterKind(s string) kind {
	if r, _ := utf8.DecodeRuneInString(s); unicode.IsLetter(r) && unicode.IsLower(r) {
		return variable
	}
	return upright
}
