package fulltext

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/offprint/offprint"
)

const (
	maxWord   = 64 // bytes of a word; the rest of a longer one is ignored
	maxParts  = 8  // parts of a compound before it is split
	maxJoined = 5  // parts of a compound that is also indexed as one word
)

// word is what a scanner finds: a word, or a compound of words as one.
type word struct {
	text       []byte // folded; valid until the scanner goes on
	start, end int    // in the text
	position   int    // counts words; a compound stands at its first part's
	joined     bool   // a compound, given before its parts
}

// scanner splits a text into words. The zero scanner is ready; it keeps its
// buffers from one text to the next.
type scanner struct {
	text  string
	yield func(word)

	run      []byte // folded bytes of the current compound
	parts    []part // of the current compound; usually it has one
	open     bool   // the last part goes on
	position int
}

type part struct {
	from, to   int // in run
	start, end int // in text
	letters    int
	digits     bool
}

// scan calls yield for each word of the text, in order.
//
// A word is a sequence of letters and digits, in lower case and without
// diacritics. Hyphens, and the step from at least two letters to a digit, join
// words to a compound, which is given as a whole and in its parts: "GPT-4" and
// "gpt4" are both gpt4, gpt and 4. A point between digits belongs to the word
// (2.5), an apostrophe disappears, and with it a final s. Each character of
// Chinese, Japanese and Korean script is a word. LaTeX's accents are applied,
// its commands for symbols are words (alpha), and those for layout are left out.
func (s *scanner) scan(text string, yield func(word)) {
	s.text, s.yield, s.position = text, yield, 0
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
			s.add(c, i, i+1)
			i++
		case 'A' <= c && c <= 'Z':
			s.add(c+'a'-'A', i, i+1)
			i++
		case c == ' ':
			s.flush()
			i++
		case c == '\\':
			i = s.command(i)
		case c < utf8.RuneSelf:
			i = s.punctuation(i, i+1, rune(c))
		default:
			i = s.rune(i)
		}
	}
	s.flush()
	s.text, s.yield = "", nil
}

// add appends a folded byte that stands for text[start:end].
func (s *scanner) add(c byte, start, end int) {
	digit := '0' <= c && c <= '9'
	if s.open {
		if p := &s.parts[len(s.parts)-1]; digit && !p.digits && p.letters >= 2 {
			s.glue()
		}
	}
	s.append(c, start, end)
	p := &s.parts[len(s.parts)-1]
	if digit {
		p.digits = true
	} else {
		p.letters++
	}
}

func (s *scanner) append(c byte, start, end int) {
	if !s.open {
		s.open = true
		s.parts = append(s.parts, part{from: len(s.run), to: len(s.run), start: start})
	}
	p := &s.parts[len(s.parts)-1]
	p.end = end
	// A rune beyond ASCII may not be cut.
	if p.to-p.from < maxWord-utf8.UTFMax || p.to-p.from < maxWord && c < utf8.RuneSelf {
		s.run = append(s.run, c)
		p.to++
	}
}

// addFolded appends what the rune at text[start:end] folds to.
func (s *scanner) addFolded(folded string, start, end int) {
	if s.open {
		if p := s.parts[len(s.parts)-1]; p.to-p.from > maxWord-2*utf8.UTFMax {
			s.parts[len(s.parts)-1].end = end
			return
		}
	}
	for i := range len(folded) {
		if c := folded[i]; c < utf8.RuneSelf {
			s.add(c, start, end)
		} else {
			s.append(c, start, end)
			s.parts[len(s.parts)-1].letters++
		}
	}
}

// glue ends the current part; the next one belongs to the same compound.
func (s *scanner) glue() {
	if len(s.parts) >= maxParts {
		s.flush()
	}
	s.open = false
}

// flush ends the current compound and gives it out.
func (s *scanner) flush() {
	if len(s.parts) == 0 {
		return
	}
	if n := len(s.parts); n > 1 && n <= maxJoined && len(s.run) <= maxWord {
		s.yield(word{s.run, s.parts[0].start, s.parts[n-1].end, s.position, true})
	}
	for _, p := range s.parts {
		s.yield(word{s.run[p.from:p.to], p.start, p.end, s.position, false})
		s.position++
	}
	s.parts, s.run, s.open = s.parts[:0], s.run[:0], false
}

// startsWord reports whether a letter or digit stands at text[i:].
func (s *scanner) startsWord(i int) bool {
	if i >= len(s.text) {
		return false
	}
	if c := s.text[i]; c < utf8.RuneSelf {
		return isLetter(c) || '0' <= c && c <= '9'
	}
	r, _ := utf8.DecodeRuneInString(s.text[i:])
	return (unicode.IsLetter(r) || unicode.IsNumber(r)) && !ideographic(r) && offprint.FoldName(string(r)) != ""
}

// rune reads a character beyond ASCII at text[i:] and returns where it ends.
func (s *scanner) rune(i int) int {
	r, size := utf8.DecodeRuneInString(s.text[i:])
	end := i + size
	switch {
	case ideographic(r):
		s.flush()
		s.addFolded(string(r), i, end)
		s.flush()
	case unicode.IsLetter(r), unicode.IsNumber(r):
		folded := offprint.FoldName(string(r))
		if folded == "" || strings.IndexByte(folded, ' ') >= 0 {
			return s.punctuation(i, end, r)
		}
		s.addFolded(folded, i, end)
	case unicode.IsMark(r), unicode.Is(unicode.Cf, r): // part of the word, and without meaning
		if s.open {
			s.parts[len(s.parts)-1].end = end
		}
	default:
		return s.punctuation(i, end, r)
	}
	return end
}

// punctuation reads r at text[i:end]. Most of it ends a word.
func (s *scanner) punctuation(i, end int, r rune) int {
	if s.open {
		switch r {
		case '-', '‐', '‑':
			next := end
			if next < len(s.text) && s.text[next] == '$' { // top-$k$
				next++
			}
			if s.startsWord(next) {
				s.glue()
				return next
			}
		case '$': // $k$-means
			if end < len(s.text) && s.text[end] == '-' && s.startsWord(end+1) {
				s.glue()
				return end + 1
			}
		case '\'', '’', 'ʼ':
			if end < len(s.text) && s.text[end]|0x20 == 's' && !s.startsWord(end+1) {
				s.flush()
				return end + 1
			}
			if s.startsWord(end) {
				return end
			}
		case '.':
			if isDigit(s.text, i-1) && isDigit(s.text, end) {
				s.append('.', i, end)
				return end
			}
		case '{', '}': // {D}eep, caf{\'e}
			if s.startsWord(end) || end+1 < len(s.text) && s.text[end] == '\\' && isAccent(s.text[end+1]) {
				return end
			}
		}
	}
	s.flush()
	return end
}

// command reads a backslash at text[i:] and what belongs to it.
func (s *scanner) command(i int) int {
	text := s.text
	j := i + 1
	if j >= len(text) {
		s.flush()
		return j
	}
	if isAccent(text[j]) {
		if end := s.accented(i, j+1); end > 0 {
			return end
		}
	}
	if !isLetter(text[j]) { // \% \_ \\ and the like
		s.flush()
		return j + 1
	}
	end := j
	for end < len(text) && isLetter(text[end]) && end-j < maxWord {
		end++
	}
	name := text[j:end]
	if len(name) == 1 && strings.Contains("vcHukrdbt", name) && end < len(text) && text[end] == '{' { // \v{c}
		if after := s.accented(i, end); after > 0 {
			return after
		}
	}
	if plain, ok := latexLetters[name]; ok {
		if strings.HasPrefix(text[end:], "{}") {
			end += 2
		}
		s.addFolded(plain, i, end)
		return end
	}
	s.flush()
	if !latexLayout[name] {
		for k := j; k < end; k++ {
			s.add(text[k]|0x20, k, k+1)
		}
	}
	return end
}

// accented reads the letter that an accent stands over, as x or {x} or {\i} at
// text[j:], and returns where it ends, or 0 if there is none. The accent began
// at text[start:].
func (s *scanner) accented(start, j int) int {
	text := s.text
	braced := j < len(text) && text[j] == '{'
	if braced {
		j++
	}
	if j+1 < len(text) && text[j] == '\\' && (text[j+1] == 'i' || text[j+1] == 'j') {
		j++
	}
	if j >= len(text) || !isLetter(text[j]) {
		return 0
	}
	c := text[j] | 0x20
	j++
	if braced {
		if j >= len(text) || text[j] != '}' {
			return 0
		}
		j++
	}
	s.add(c, start, j)
	return j
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isDigit(text string, i int) bool {
	return 0 <= i && i < len(text) && '0' <= text[i] && text[i] <= '9'
}

func isAccent(c byte) bool { return strings.IndexByte("'\"`^~=.", c) >= 0 }

// ideographic reports whether r is of a script that does not separate words.
func ideographic(r rune) bool {
	return r >= 0x1100 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
}

var latexLetters = map[string]string{
	"o": "o", "O": "o", "l": "l", "L": "l", "i": "i", "j": "j", "ss": "ss",
	"ae": "ae", "AE": "ae", "oe": "oe", "OE": "oe", "aa": "a", "AA": "a",
}

// latexLayout has the commands that say how something looks, not what it is.
var latexLayout = func() map[string]bool {
	m := make(map[string]bool)
	for name := range strings.FieldsSeq(`begin end bf bm boldsymbol cdot cite cup cap displaystyle emph ensuremath footnote
		footnotesize frac hat href hspace hbox it label langle large Large ldots left left limits mathbb mathbf mathcal
		mathfrak mathit mathop mathrm mathscr mathsf mathtt mbox noindent operatorname overline par qquad quad rangle ref
		right rm sc scriptsize sf small sqrt strut text textbf textcolor textit textnormal textrm textsc textsf textsl
		textsubscript textsuperscript texttt textup tilde times tiny tt underline url vspace widehat widetilde bar ddot dot
		vec`) {
		m[name] = true
	}
	return m
}()
