package bibfile

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// latexAccents are the commands that put a mark on the letter after them, with
// the combining character for it.
var latexAccents = map[string]string{
	"`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", `"`: "\u0308", "=": "\u0304", ".": "\u0307",
	"u": "\u0306", "v": "\u030C", "H": "\u030B", "c": "\u0327", "k": "\u0328", "r": "\u030A", "d": "\u0323",
	"b": "\u0331", "t": "\u0361",
}

// latexSymbols are the commands that stand for characters, or for none.
var latexSymbols = map[string]string{
	"o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ss": "ß", "SS": "ẞ", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ",
	"aa": "å", "AA": "Å", "i": "ı", "j": "ȷ", "dh": "ð", "DH": "Ð", "th": "þ", "TH": "Þ", "dj": "đ", "DJ": "Đ",
	"ng": "ŋ", "NG": "Ŋ",
	"textbackslash": `\`, "textbraceleft": "{", "textbraceright": "}", "textasciitilde": "~", "textasciicircum": "^",
	"textunderscore": "_", "textdollar": "$", "textendash": "–", "textemdash": "—", "textquoteright": "’",
	"textquoteleft": "‘", "textquotedblleft": "“", "textquotedblright": "”", "textregistered": "®", "texttrademark": "™",
	"textcopyright": "©", "textdegree": "°", "textgreater": ">", "textless": "<", "textbar": "|", "textellipsis": "…",
	"dots": "…", "ldots": "…", "S": "§", "P": "¶", "pounds": "£", "copyright": "©", "LaTeX": "LaTeX", "TeX": "TeX",
	"em": "", "it": "", "bf": "", "sc": "", "rm": "", "sl": "", "tt": "", "itshape": "", "bfseries": "", "scshape": "",
	"par": "\n\n", "relax": "", "protect": "", "noopsort": "",
	"&": "&", "%": "%", "$": "$", "#": "#", "_": "_", "{": "{", "}": "}",
	" ": " ", "\n": " ", "\t": " ", ",": " ", ";": " ", ":": " ", `\`: " ", "!": "", "-": "", "/": "", "@": "",
}

// latexDepth bounds accents within accents.
const latexDepth = 8

// fromLaTeX returns the text that a value of a BibTeX file stands for: accents
// and symbols as characters, without braces and commands for looks. Formulas
// stay as they are. So do unknown commands that have no argument.
func fromLaTeX(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	textOf(&b, s, latexDepth)
	return b.String()
}

func textOf(b *strings.Builder, s string, depth int) {
	for len(s) > 0 {
		n := strings.IndexAny(s, `\{}~$`)
		if n < 0 {
			n = len(s)
		}
		b.WriteString(s[:n])
		if s = s[n:]; s == "" {
			return
		}
		if n := formula(s); n > 0 {
			b.WriteString(s[:n])
			s = s[n:]
			continue
		}
		switch s[0] {
		case '\\':
			s = command(b, s, depth)
			continue
		case '~':
			b.WriteByte(' ')
		case '$':
			b.WriteByte('$')
		}
		s = s[1:]
	}
}

// command writes what the command at the start of s stands for, with its
// argument if it is an accent, and returns what follows.
func command(b *strings.Builder, s string, depth int) (rest string) {
	name, rest := commandName(s)
	if mark, ok := latexAccents[name]; ok && depth > 0 {
		arg, rest := argument(rest, depth)
		var letter strings.Builder
		textOf(&letter, arg, depth-1)
		writeAccent(b, letter.String(), name, mark)
		return rest
	}
	symbol, ok := latexSymbols[name]
	letters := name != "" && isLetter(rune(name[0]))
	switch {
	case ok:
		b.WriteString(symbol)
	case letters && strings.HasPrefix(rest, "{"):
		return rest // \textit{...}: the braces go, too
	default:
		b.WriteString(`\` + name)
		return rest
	}
	if letters {
		rest = strings.TrimLeft(rest, " \t\n\r")
	}
	return rest
}

// commandName splits s, which starts with a backslash, behind the command's
// name: letters, or one character of any other kind.
func commandName(s string) (name, rest string) {
	s = s[1:]
	n := 0
	for n < len(s) && isLetter(rune(s[n])) {
		n++
	}
	if n == 0 {
		_, n = utf8.DecodeRuneInString(s)
	}
	return s[:n], s[n:]
}

// argument splits s behind a command's argument: a group, a command or one
// character.
func argument(s string, depth int) (arg, rest string) {
	s = strings.TrimLeft(s, " \t\n\r")
	if s == "" {
		return "", ""
	}
	switch s[0] {
	case '{':
		depth := 0
		for i := range len(s) {
			switch s[i] {
			case '{':
				depth++
			case '}':
				if depth--; depth == 0 {
					return s[1:i], s[i+1:]
				}
			}
		}
		return s[1:], ""
	case '}':
		return "", s
	case '\\':
		name, rest := commandName(s)
		if _, ok := latexAccents[name]; ok && depth > 0 { // an accent on an accented letter
			_, rest = argument(rest, depth-1)
		} else if _, ok := latexSymbols[name]; ok {
			rest = strings.TrimPrefix(rest, "{}")
		}
		return s[:len(s)-len(rest)], rest
	}
	_, n := utf8.DecodeRuneInString(s)
	return s[:n], s[n:]
}

// writeAccent writes text with a mark on its first letter. Without a letter
// the mark stands alone, as in \^{}.
func writeAccent(b *strings.Builder, text, name, mark string) {
	first, n := utf8.DecodeRuneInString(text)
	switch {
	case n == 0 && !isLetter(rune(name[0])):
		b.WriteString(name)
		return
	case n == 0:
		return
	case first == 'ı': // \'{\i}: the mark replaces the dot
		first = 'i'
	case first == 'ȷ':
		first = 'j'
	}
	b.WriteString(norm.NFC.String(string(first) + mark))
	b.WriteString(text[n:])
}

// formula returns the length of the formula that s starts with: $...$,
// $$...$$, \(...\) or \[...\]. It is 0 if there is none.
func formula(s string) int {
	var end string
	switch {
	case strings.HasPrefix(s, "$$"):
		end = "$$"
	case strings.HasPrefix(s, "$"):
		end = "$"
	case strings.HasPrefix(s, `\(`):
		end = `\)`
	case strings.HasPrefix(s, `\[`):
		end = `\]`
	default:
		return 0
	}
	for i := len(end); i < len(s) && i < maxFormula; i++ {
		switch {
		case strings.HasPrefix(s[i:], end):
			return i + len(end)
		case s[i] == '\\':
			i++
		}
	}
	return 0
}

// maxFormula bounds the search for the end of a formula, in bytes: a text of
// nothing but openings would otherwise take quadratic time.
const maxFormula = 1000

// toLaTeX returns LaTeX that [fromLaTeX] reads as s, which has no line ends.
// Formulas stay as they are. The braces in it balance.
func toLaTeX(s string) string {
	var b strings.Builder
	b.Grow(len(s) + len(s)/16)
	for len(s) > 0 {
		n := strings.IndexAny(s, `\{}~$&%#_^`)
		if n < 0 {
			n = len(s)
		}
		b.WriteString(s[:n])
		if s = s[n:]; s == "" {
			break
		}
		if n := formula(s); n > 0 && balanced(s[:n]) {
			b.WriteString(s[:n])
			s = s[n:]
			continue
		}
		switch c := s[0]; c {
		case '\\':
			b.WriteString(`\textbackslash{}`)
		case '{':
			b.WriteString(`\textbraceleft{}`) // \{ would count as a brace for BibTeX
		case '}':
			b.WriteString(`\textbraceright{}`)
		case '~':
			b.WriteString(`\textasciitilde{}`)
		case '^':
			b.WriteString(`\textasciicircum{}`)
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
		s = s[1:]
	}
	return b.String()
}

// balanced reports whether each brace in s has its counterpart.
func balanced(s string) bool {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth < 0 {
				return false
			}
		}
	}
	return depth == 0
}
