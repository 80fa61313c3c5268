package fulltext

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/offprint/offprint"
)

// Range is a range of bytes of a text.
type Range struct{ Start, End int }

// Highlight returns the places of a text that the terms of a query match, in
// order and apart from each other. Of a phrase, only whole occurrences count.
// Terms that are to be absent, and stop words outside phrases, match nothing.
func Highlight(text string, terms []offprint.Term) []Range {
	var ranges []Range
	for _, m := range marks(text, terms) {
		if n := len(ranges); n > 0 && m.Start < ranges[n-1].End {
			ranges[n-1].End = max(ranges[n-1].End, m.End)
		} else {
			ranges = append(ranges, m.Range)
		}
	}
	return ranges
}

// Snippet returns the range of at most size bytes of a text, from word to word,
// that has the most different terms of a query, and of those the first one. It
// is the beginning of the text if nothing matches.
func Snippet(text string, terms []offprint.Term, size int) Range {
	if len(text) <= size {
		return Range{0, len(text)}
	}
	found := marks(text, terms)
	start, end := 0, 0 // of the best run of matches
	best := 0
	for i, first := range found {
		if i > 0 && first.Start == found[i-1].Start {
			continue
		}
		seen := make(map[int]bool)
		last, n := first.End, 0
		for _, m := range found[i:min(i+50, len(found))] {
			if m.End-first.Start > size {
				break
			}
			n++
			seen[m.clause] = true
			last = max(last, m.End)
		}
		if score := 1000*len(seen) + n; n > 0 && score > best {
			best, start, end = score, first.Start, last
		}
	}
	return window(text, Range{start, end}, size)
}

// window returns the range of at most size bytes that shows a match with what
// is around it.
func window(text string, match Range, size int) Range {
	start := max(0, match.Start-max(0, size-(match.End-match.Start))/3)
	if match.End <= size && start < size/4 { // rather the whole beginning
		start = 0
	}
	end := min(start+size, len(text))
	if end == len(text) {
		start = max(0, end-size)
	}
	// To whole words, if there are any nearby and they leave the match whole.
	if s := wordStart(text, start); s <= match.Start {
		start = s
	}
	if e := wordEnd(text, end); e >= match.End && e > start {
		end = e
	}
	for start < end && !utf8.RuneStart(text[start]) {
		start++
	}
	for end > start && end < len(text) && !utf8.RuneStart(text[end]) {
		end--
	}
	return Range{start, end}
}

// wordStart returns the first start of a word at or after i, or i if there is
// none nearby.
func wordStart(text string, i int) int {
	if i > 0 {
		if k := strings.IndexByte(text[i-1:min(i+maxWord, len(text))], ' '); k >= 0 {
			return i + k
		}
	}
	return i
}

// wordEnd returns the last end of a word at or before i, likewise.
func wordEnd(text string, i int) int {
	if i < len(text) {
		from := max(0, i-maxWord)
		if k := strings.LastIndexByte(text[from:i+1], ' '); k >= 0 {
			return from + k
		}
	}
	return i
}

// mark is a match of a clause.
type mark struct {
	Range
	clause int
}

// marks returns all matches, by start, longer ones first.
func marks(text string, terms []offprint.Term) []mark {
	clauses, ok := clausesOf(offprint.Query{Terms: terms})
	clauses = slices.DeleteFunc(clauses, func(c clause) bool { return c.not })
	if !ok || len(clauses) == 0 {
		return nil
	}
	// A page of results has some thousand words: what no clause can match, by
	// its first letter, which a stem shares with its word, is only counted.
	var letters [256]bool
	phrases := false
	for _, c := range clauses {
		phrases = phrases || len(c.parts) > 0
		for _, t := range append([]string{c.term, c.prefix}, c.parts...) {
			if t != "" {
				letters[t[0]] = true
			}
		}
	}
	var found []mark
	type seen struct {
		term string // empty if no clause can match it
		Range
	}
	var words []seen // without compounds, so that they follow each other
	if phrases {
		words = make([]seen, 0, 16+len(text)/6)
	}
	var s scanner
	s.scan(text, func(w word) {
		term, at := "", Range{w.start, w.end}
		if letters[w.text[0]] {
			written := string(w.text)
			term = stem(written)
			for k, c := range clauses {
				if c.term != "" && term == c.term || c.prefix != "" && (strings.HasPrefix(written, c.prefix) || strings.HasPrefix(term, c.prefix)) {
					found = append(found, mark{at, k})
				}
			}
		}
		if phrases && !w.joined {
			words = append(words, seen{term, at})
		}
	})
	for k, c := range clauses {
		for i := 0; len(c.parts) > 0 && i+len(c.parts) <= len(words); i++ {
			run := words[i : i+len(c.parts)]
			if slices.EqualFunc(run, c.parts, func(w seen, part string) bool { return w.term == part }) {
				found = append(found, mark{Range{run[0].Start, run[len(run)-1].End}, k})
			}
		}
	}
	slices.SortFunc(found, func(a, b mark) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End), cmp.Compare(a.clause, b.clause))
	})
	return found
}
