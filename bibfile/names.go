package bibfile

import (
	"slices"
	"strings"
	"unicode"

	"github.com/offprint/offprint"
)

// bibAuthors reads a BibTeX list of names. The names come out as "Given
// Family", whichever way round they stand; "and others" is dropped.
func bibAuthors(list string) []string {
	var names []string
	for raw := range splitAnd(list) {
		if raw == "" || strings.EqualFold(raw, "and") || strings.EqualFold(raw, "others") {
			continue
		}
		if names = append(names, bibName(raw)); len(names) == offprint.MaxAuthors {
			break
		}
	}
	return names
}

// splitAnd yields the parts of a list that the word "and" separates outside of
// braces.
func splitAnd(list string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		depth, from := 0, 0
		for i := 0; i < len(list); i++ {
			switch c := list[i]; {
			case c == '{':
				depth++
			case c == '}':
				depth--
			case depth == 0 && isSpace(c) && i+4 < len(list) && isSpace(list[i+4]) && strings.EqualFold(list[i+1:i+4], "and"):
				if !yield(strings.TrimSpace(list[from:i])) {
					return
				}
				i += 3 // the space behind may stand before another "and"
				from = i + 1
			}
		}
		yield(strings.TrimSpace(list[from:]))
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// bibName returns a name of a BibTeX list as plain text, from one of
//
//	Given von Family
//	von Family, Given
//	von Family, Jr, Given
//
// A comma within braces, as in {Foo, Inc.}, belongs to the name.
func bibName(raw string) string {
	if len(raw) > 2*offprint.MaxField {
		raw = raw[:2*offprint.MaxField]
	}
	var parts []string
	depth, from := 0, 0
	for i := range len(raw) {
		switch raw[i] {
		case '{':
			depth++
		case '}':
			depth--
		case ',':
			if depth == 0 {
				parts = append(parts, raw[from:i])
				from = i + 1
			}
		}
	}
	parts = append(parts, raw[from:])
	for i, s := range parts {
		parts[i] = strings.TrimSpace(fromLaTeX(s))
	}
	switch len(parts) {
	case 1, 2:
		slices.Reverse(parts)
	default: // given names are last, the suffix is in the middle
		parts = append(parts[2:], parts[0], parts[1])
	}
	return joinWords(parts)
}

// risName returns a name of a RIS file, "Family, Given, Suffix", as plain text.
func risName(s string) string {
	parts := strings.SplitN(s, ",", 3)
	if len(parts) > 1 {
		parts[0], parts[1] = parts[1], parts[0]
	}
	return joinWords(parts)
}

func joinWords(parts []string) string {
	return strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
}

// name is a name in parts. A name that is not a person's has a family only.
type name struct{ given, family, suffix string }

// splitName takes a name of the form "Given von Family Jr." apart. It cannot
// know of family names of two words without a lower-case one before them.
func splitName(s string) name {
	words := strings.Fields(s)
	if len(words) < 2 || isGroup(words) || strings.Contains(s, ",") {
		return name{family: s}
	}
	var n name
	if last := words[len(words)-1]; len(words) > 2 && slices.Contains(nameSuffixes, last) {
		n.suffix, words = last, words[:len(words)-1]
	}
	from := len(words) - 1
	for from > 1 && unicode.IsLower([]rune(words[from-1])[0]) {
		from--
	}
	n.given, n.family = strings.Join(words[:from], " "), strings.Join(words[from:], " ")
	return n
}

var (
	nameSuffixes = []string{"Jr", "Jr.", "Sr", "Sr.", "II", "III", "IV"}
	groupWords   = []string{"team", "collaboration", "consortium", "group"}
)

// isGroup reports whether words name a group, as in "Gemini Team".
func isGroup(words []string) bool {
	return slices.Contains(groupWords, strings.ToLower(words[0])) ||
		slices.Contains(groupWords, strings.ToLower(words[len(words)-1]))
}
