package topics

import (
	"strings"
	"unicode"
)

// spelling has words as they are written in running text, by their lower case:
// titles write Most Words With Capitals.
type spelling map[string]string

// running learns the spelling of the phrases' words from abstracts, except where
// they begin a sentence. Words that are in none stay as they are.
func running(in *Input, phrases ...[][]string) spelling {
	forms := make(map[string]map[string]int)
	for _, lists := range phrases {
		for _, list := range lists {
			for _, p := range list {
				for _, w := range strings.Fields(p) {
					forms[strings.ToLower(w)] = make(map[string]int)
				}
			}
		}
	}
	for _, abstract := range in.Abstracts {
		first := true
		for field := range strings.FieldsSeq(abstract) {
			word := strings.TrimFunc(field, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
			if f := forms[strings.ToLower(word)]; f != nil && !first {
				f[word]++
			}
			first = strings.ContainsAny(field[len(field)-1:], ".!?:")
		}
	}
	s := make(spelling)
	for lower, f := range forms {
		best := ""
		for form, n := range f {
			if b := f[best]; n > b || n == b && form > best {
				best = form
			}
		}
		if best != "" {
			s[lower] = best
		}
	}
	return s
}

func (s spelling) phrase(p string) string {
	words := strings.Fields(p)
	for i, w := range words {
		if written, ok := s[strings.ToLower(w)]; ok {
			words[i] = written
		}
	}
	return strings.Join(words, " ")
}
