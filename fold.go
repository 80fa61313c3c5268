package offprint

import (
	"strings"
	"unicode"
)

// foldings lists, for each plain spelling, the letters that are read as it.
var foldings = map[string]string{
	"a": "àáâãäåāăą", "ae": "æ", "c": "çćĉċč", "d": "ďđð", "e": "èéêëēĕėęě", "g": "ĝğġģ", "h": "ĥħ",
	"i": "ìíîïĩīĭįı", "j": "ĵ", "k": "ķ", "l": "ĺļľŀł", "n": "ñńņňŉ", "o": "òóôõöøōŏőơ", "oe": "œ", "r": "ŕŗř",
	"s": "śŝşšș", "ss": "ß", "t": "ţťŧț", "th": "þ", "u": "ùúûüũūŭůűųư", "w": "ŵ", "y": "ýÿŷ", "z": "źżž",
}

var folded = func() map[rune]string {
	m := map[rune]string{}
	for plain, letters := range foldings {
		for _, r := range letters {
			m[r] = plain
		}
	}
	return m
}()

// FoldName returns s in the form in which names are compared: lower case,
// without diacritics, with single spaces for punctuation and white space.
func FoldName(s string) string {
	var b strings.Builder
	space := false
	for _, r := range s {
		r = unicode.ToLower(r)
		switch {
		case unicode.Is(unicode.Mn, r), r == '\'' || r == '’':
			continue
		case unicode.IsLetter(r) || unicode.IsNumber(r):
			if space && b.Len() > 0 {
				b.WriteByte(' ')
			}
			space = false
			if plain, ok := folded[r]; ok {
				b.WriteString(plain)
			} else {
				b.WriteRune(r)
			}
		default:
			space = true
		}
	}
	return b.String()
}
