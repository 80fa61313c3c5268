package offprint

// Query is a parsed search: all of its parts must hold.
type Query struct {
	Terms []Term // words and phrases, ranked by BM25

	Cats, NotCats       []string // cat:cs.CL, -cat:cs.CV; "cs" or "cs.*" takes in the whole archive
	Authors, NotAuthors []string // author:name, author:"full name": each word must be in one author's name
	Tags, NotTags       []string // tag:x, of the reader who asks
	After, Before       Date     // after:2026-01 (from its first day), before:2026-03 (up to the day before); 0 if absent
	HasCode             bool     // has:code
	NoCode              bool     // -has:code
}

// Term is a word, a prefix (mat*) or a quoted phrase.
type Term struct {
	Text   string // as typed, without quotes, star and minus
	Phrase bool
	Prefix bool
	Not    bool // -word: papers with it are left out
}
