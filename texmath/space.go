package texmath

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// space settles the spaces of a formula: one on each side of an operator that
// has two operands, one between a function's name and a neighbouring letter or
// digit, and elsewhere what the source has, as one space.
func space(nodes []node) []node {
	out := nodes[:0]
	gap := false // a space is due before the next node
	for _, n := range nodes {
		if n.kind == upright && strings.TrimLeft(n.text, " ") == "" && len(n.kids) == 0 {
			gap = gap || len(out) > 0
			continue
		}
		switch {
		case len(out) == 0:
			gap = false
		case n.kind == operator:
			gap = !strings.HasSuffix(out[len(out)-1].text, "(")
		case out[len(out)-1].kind == operator:
			gap = len(out) > 1 && !strings.HasSuffix(out[len(out)-2].text, "(")
		case n.kind == function:
			gap = gap || endsWord(out[len(out)-1].text)
		case out[len(out)-1].kind == function:
			gap = gap || n.kind == variable || endsWord(n.text)
		}
		if gap {
			last := &out[len(out)-1]
			if last.text != "" && len(last.kids) == 0 {
				last.text += " "
			} else if n.text != "" && len(n.kids) == 0 {
				n.text = " " + n.text
			}
		}
		gap = false
		out = append(out, n)
	}
	if n := len(out); n > 1 && out[n-1].kind == operator { // as in "4×": no second operand
		out[n-2].text = strings.TrimRight(out[n-2].text, " ")
		out[n-1].text = strings.TrimLeft(out[n-1].text, " ")
	}
	return out
}

func endsWord(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return unicode.IsLetter(r) || unicode.IsDigit(r) || r == ')'
}
