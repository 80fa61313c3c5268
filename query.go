package offprint

import (
	"cmp"
	"strings"
	"time"
	"unicode"
)

// Query is a parsed search: all of its parts must hold.
type Query struct {
	Terms []Term // words and phrases, ranked by BM25

	Cats, NotCats       []string // cat:cs.CL, -cat:cs.CV; "cs" or "cs.*" takes in the whole archive
	Authors, NotAuthors []string // author:name, author:"full name": each word must be in one author's name
	Tags, NotTags       []string // tag:x, of the reader who asks
	After, Before       Date     // after:2026-01 (from its first day), before:2026-03 (up to the day before); 0 if absent
	HasCode             bool     // has:code
	NoCode              bool     // -has:code

	Similar []string // similar:2503.11731: papers like these, named by key, arXiv id or DOI, as typed; a store takes no notice
}

// Term is a word, a prefix (mat*) or a quoted phrase.
type Term struct {
	Text   string // as typed, without quotes, star and minus
	Phrase bool
	Prefix bool
	Not    bool // -word: papers with it are left out
}

// Limits on a query.
const (
	MaxQuery      = 1000 // bytes
	MaxQueryTerms = 32   // terms and filters together
)

// ParseQuery reads what was typed into the search box:
//
//	word  pre*  "a phrase"  -word  -"a phrase"
//	cat:cs.CL  -cat:cs  author:hinton  author:"Geoffrey Hinton"  tag:x
//	after:2026  before:2026-03  after:2026-03-05  has:code  -has:code
//	similar:2503.11731
//
// A quote that is not closed ends with the query. A word with a colon that is
// not one of these filters is a word. Words without a letter or digit are
// dropped. Queries that are too long, malformed dates and filters without a
// usable value are [KindInvalid].
func ParseQuery(s string) (Query, error) {
	if len(s) > MaxQuery {
		return Query{}, errLongQuery
	}
	var q Query
	lexer := queryLexer{rest: cleanQuery(s)}
	for n := 1; ; n++ {
		token, ok := lexer.next()
		if !ok {
			break
		}
		if n > MaxQueryTerms {
			return Query{}, errLongQuery
		}
		if err := q.add(token); err != nil {
			return Query{}, err
		}
	}
	if len(q.String()) > MaxQuery { // with its spaces and full dates it must still parse
		return Query{}, errLongQuery
	}
	return q, nil
}

var errLongQuery = Errorf(KindInvalid, "The search is too long: use at most %d words and filters, and %d characters.", MaxQueryTerms, MaxQuery)

// cleanQuery makes typographic quotes plain, and everything invisible white
// space.
func cleanQuery(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '“' || r == '”' || r == '„':
			return '"'
		case unicode.IsControl(r), invisible(r):
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, " "))
}

// queryToken is a term or a filter.
type queryToken struct {
	not    bool
	field  string // of a filter, lower case; "" for a term
	text   string
	quoted bool
}

// queryFilters are the names of the filters, each with an example.
var queryFilters = map[string]string{
	"cat":    "cat:cs.CL",
	"author": `author:"Geoffrey Hinton"`,
	"tag":    "tag:survey",
	"after":  "after:2026-01",
	"before": "before:2026-03",
	"has":    "has:code",

	"similar": "similar:2503.11731",
}

// queryLexer splits a query into tokens.
type queryLexer struct{ rest string }

// next returns the next filter, or the next term with a letter or a digit.
func (l *queryLexer) next() (queryToken, bool) {
	for {
		l.rest = strings.TrimLeftFunc(l.rest, unicode.IsSpace)
		if l.rest == "" {
			return queryToken{}, false
		}
		var t queryToken
		l.rest, t.not = strings.CutPrefix(l.rest, "-")
		t.text, t.quoted = l.value()
		field, value, ok := strings.Cut(t.text, ":")
		if field = strings.ToLower(field); ok && !t.quoted && queryFilters[field] != "" {
			if value == "" && strings.HasPrefix(l.rest, `"`) {
				value, t.quoted = l.value()
			}
			if value != "" || t.quoted { // "Cat: a story" is text
				t.field, t.text = field, value
			}
		}
		if t.field != "" || searchable(t.text) {
			return t, true
		}
	}
}

// value reads a quoted phrase, or a word up to white space or a quote.
func (l *queryLexer) value() (text string, quoted bool) {
	if after, ok := strings.CutPrefix(l.rest, `"`); ok {
		text, l.rest, _ = strings.Cut(after, `"`)
		return strings.Join(strings.Fields(text), " "), true
	}
	end := strings.IndexFunc(l.rest, func(r rune) bool { return r == '"' || unicode.IsSpace(r) })
	if end < 0 {
		end = len(l.rest)
	}
	text, l.rest = l.rest[:end], l.rest[end:]
	return text, false
}

// searchable reports whether s has anything that a full-text index keeps.
func searchable(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) })
}

// add puts a token into its place.
func (q *Query) add(t queryToken) error {
	if t.field != "" && !searchable(t.text) {
		return Errorf(KindInvalid, "%s: needs a value, as in %s.", t.field, queryFilters[t.field])
	}
	switch t.field {
	case "":
		term := Term{Text: t.text, Phrase: t.quoted, Not: t.not}
		if bare := strings.TrimRight(t.text, "*"); !t.quoted && bare != t.text {
			term.Text, term.Prefix = bare, true
		}
		q.Terms = append(q.Terms, term)
	case "cat":
		put(&q.Cats, &q.NotCats, t.not, cleanCategory(t.text))
	case "author":
		put(&q.Authors, &q.NotAuthors, t.not, t.text)
	case "tag":
		tag, err := CleanTag(t.text)
		if err != nil {
			return err
		}
		put(&q.Tags, &q.NotTags, t.not, tag)
	case "has":
		if !strings.EqualFold(t.text, "code") {
			return Errorf(KindInvalid, "has: can only ask for code: write has:code.")
		}
		q.HasCode = q.HasCode || !t.not
		q.NoCode = q.NoCode || t.not
	case "similar":
		if t.not {
			return Errorf(KindInvalid, "-similar: is not a filter: use -word or -cat: to leave papers out.")
		}
		q.Similar = append(q.Similar, t.text)
	case "after", "before":
		return q.addDate(t)
	}
	return nil
}

// addDate narrows After or Before.
func (q *Query) addDate(t queryToken) error {
	if t.not {
		return Errorf(KindInvalid, "-%s: is not a filter: use after: for newer papers and before: for older ones.", t.field)
	}
	d, err := parseQueryDate(t.text)
	if err != nil {
		return err
	}
	if t.field == "after" && (q.After == 0 || d > q.After) {
		q.After = d
	}
	if t.field == "before" && (q.Before == 0 || d < q.Before) {
		q.Before = d
	}
	return nil
}

// put appends a filter's value to the list that it belongs to.
func put(yes, no *[]string, not bool, value string) {
	if not {
		yes = no
	}
	*yes = append(*yes, value)
}

// parseQueryDate returns the first day of a year, a month or a day.
func parseQueryDate(s string) (Date, error) {
	for _, layout := range []string{"2006", "2006-01", time.DateOnly} {
		t, err := time.Parse(layout, s)
		if err != nil || t.Year() < minYear || t.Year() > maxYear {
			continue
		}
		// 1970-01-01 is the Date that means "absent"; no paper can tell.
		return cmp.Or(DateOf(t), 1), nil
	}
	return 0, Errorf(KindInvalid, "%q is not a date: write a year, a month or a day, as in 2026, 2026-03 or 2026-03-05.", clip(s))
}

// cleanCategory writes a category of arXiv's as arXiv does, whatever its case,
// and a whole archive ("cs.*") as its name. Other categories stay as they are.
func cleanCategory(s string) string {
	archive, subject, ok := strings.Cut(s, ".")
	if a := strings.ToLower(archive); arxivArchives[a] {
		switch {
		case !ok || subject == "*" || subject == "":
			return a
		case len(subject) == 2: // cs.CL, but physics.flu-dyn
			return a + "." + strings.ToUpper(subject)
		default:
			return a + "." + strings.ToLower(subject)
		}
	}
	for strings.HasSuffix(s, ".*") {
		s = strings.TrimSuffix(s, ".*")
	}
	return s
}

// String returns the query as [ParseQuery] reads it: terms first, then filters.
func (q Query) String() string {
	var parts []string
	for _, t := range q.Terms {
		s := t.Text
		if t.Phrase {
			s = `"` + s + `"`
		}
		if t.Prefix {
			s += "*"
		}
		if t.Not {
			s = "-" + s
		}
		parts = append(parts, s)
	}
	filter := func(prefix string, values []string) {
		for _, v := range values {
			if strings.ContainsFunc(v, unicode.IsSpace) {
				v = `"` + v + `"`
			}
			parts = append(parts, prefix+v)
		}
	}
	filter("cat:", q.Cats)
	filter("-cat:", q.NotCats)
	filter("author:", q.Authors)
	filter("-author:", q.NotAuthors)
	filter("tag:", q.Tags)
	filter("-tag:", q.NotTags)
	if q.After != 0 {
		parts = append(parts, "after:"+q.After.String())
	}
	if q.Before != 0 {
		parts = append(parts, "before:"+q.Before.String())
	}
	if q.HasCode {
		parts = append(parts, "has:code")
	}
	if q.NoCode {
		parts = append(parts, "-has:code")
	}
	filter("similar:", q.Similar)
	return strings.Join(parts, " ")
}

// IsZero reports whether the query asks for nothing in particular.
func (q Query) IsZero() bool { return q.String() == "" }
