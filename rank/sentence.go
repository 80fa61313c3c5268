package rank

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sentences splits a text after full stops, question and exclamation marks that
// white space follows, unless a small letter goes on; quotes and brackets stay
// with what they close. Joined with spaces they are the text, but for its
// white space.
func Sentences(text string) []string {
	text = strings.Join(strings.Fields(text), " ")
	var all []string
	from := 0
	for i := 0; i < len(text); i++ {
		if text[i] != ' ' || !strings.ContainsAny(closing(text[from:i]), ".?!") {
			continue
		}
		if next, _ := utf8.DecodeRuneInString(text[i+1:]); unicode.IsLower(next) {
			continue
		}
		all = append(all, text[from:i])
		from = i + 1
	}
	if from < len(text) {
		all = append(all, text[from:])
	}
	return all
}

// closing is the last character of a text but quotes and brackets.
func closing(text string) string {
	text = strings.TrimRight(text, `"')]}`)
	return text[max(0, len(text)-1):]
}
