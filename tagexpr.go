package offprint

// TagExpr is a condition on the tags that a reader gave to a paper, such as
// "nlp and (survey or tutorial) and not read-later". It is one of [HasTag],
// [AnyTag], [AllTags] and [NotTags].
type TagExpr interface {
	// Match reports whether a paper with these tags satisfies the condition.
	Match(tags []string) bool
	// String returns the condition as [ParseTagExpr] reads it.
	String() string
}

// HasTag is the condition that a paper has the tag.
type HasTag string

// AllTags is the condition that all of its parts hold ("and").
type AllTags []TagExpr

// AnyTag is the condition that one of its parts holds ("or").
type AnyTag []TagExpr

// NotTags is the condition that its part does not hold ("not").
type NotTags struct{ Expr TagExpr }
