package fulltext

import (
	"slices"
	"unicode/utf8"

	"github.com/offprint/offprint"
)

// clause is a condition on papers that a query is made of: that a term occurs,
// a sequence of terms, or any term with a prefix.
type clause struct {
	term   string   // the term; of a compound, its joined form
	parts  []string // terms that must occur together
	near   bool     // one after the other, as in a phrase; else at one position, as in a name
	prefix string

	not    bool // papers with it are left out
	scored bool // it counts for the rank
	stop   bool // a stop word
}

func (c clause) equal(d clause) bool {
	return c.term == d.term && c.prefix == d.prefix && c.not == d.not && c.near == d.near && c.scored == d.scored &&
		slices.Equal(c.parts, d.parts)
}

// minPrefix is the shortest prefix, in characters, that is not taken as a word.
const minPrefix = 2

// clausesOf returns the conditions of a query. It is false if nothing can
// satisfy them.
func clausesOf(q offprint.Query) (clauses []clause, ok bool) {
	words := false // other than stop words
	for _, t := range q.Terms {
		c, ok := termClause(t)
		if !ok {
			continue
		}
		words = words || !c.not && !c.stop
		clauses = append(clauses, c)
	}
	if len(q.Terms) > 0 && len(clauses) == 0 {
		return nil, false
	}
	if words {
		clauses = slices.DeleteFunc(clauses, func(c clause) bool { return c.stop && !c.not })
	}
	filter := func(names []string, not bool, make func(string) (clause, bool)) {
		for _, name := range names {
			c, found := make(name)
			if found {
				c.not = not
				clauses = append(clauses, c)
			}
			ok = ok && (found || not)
		}
	}
	ok = true
	filter(q.Cats, false, categoryClause)
	filter(q.NotCats, true, categoryClause)
	filter(q.Authors, false, authorClause)
	filter(q.NotAuthors, true, authorClause)
	if q.HasCode || q.NoCode {
		clauses = append(clauses, clause{term: codeTerm, not: q.NoCode})
	}
	unique := clauses[:0]
	for _, c := range clauses {
		if !slices.ContainsFunc(unique, c.equal) {
			unique = append(unique, c)
		}
	}
	return unique, ok && !(q.HasCode && q.NoCode)
}

// termClause returns the condition of a term. It is false if the term has no word.
func termClause(t offprint.Term) (clause, bool) {
	tokens := Tokenize(t.Text)
	words := make([]Token, 0, len(tokens))
	stop := false
	for _, tok := range tokens {
		if !tok.Joined {
			words = append(words, tok)
			stop = stop || tok.Stop
		}
	}
	if len(words) == 0 {
		return clause{}, false
	}
	c := clause{not: t.Not, scored: !t.Not}
	whole := tokens[0] // all of the text as one word, if it is one word or one compound
	isWhole := whole.Start == words[0].Start && whole.End == words[len(words)-1].End
	switch {
	case t.Prefix && !t.Phrase && isWhole && utf8.RuneCountInString(whole.Word) >= minPrefix:
		c.prefix = whole.Word
	case len(words) == 1:
		c.term, c.stop = words[0].Term, stop
	case !t.Phrase && isWhole && stop: // state-of-the-art: looking for its parts as well is slow, and finds little
		c.term = whole.Term
	default:
		if !t.Phrase && isWhole {
			c.term = whole.Term
		}
		c.near = true
		for _, w := range words {
			c.parts = append(c.parts, w.Term)
		}
	}
	return c, true
}

func categoryClause(name string) (clause, bool) {
	return clause{term: categoryTerm(name)}, true
}

func authorClause(name string) (clause, bool) {
	var c clause
	for _, t := range Tokenize(name) {
		if !t.Joined {
			c.parts = append(c.parts, authorPrefix+t.Word)
		}
	}
	if len(c.parts) == 1 {
		c.term, c.parts = c.parts[0], nil
	}
	return c, c.term != "" || c.parts != nil
}
