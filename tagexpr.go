package offprint

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

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

// Match reports whether the tag is among tags.
func (e HasTag) Match(tags []string) bool { return slices.Contains(tags, string(e)) }

// Match reports whether all parts match.
func (e AllTags) Match(tags []string) bool {
	return !slices.ContainsFunc(e, func(part TagExpr) bool { return !part.Match(tags) })
}

// Match reports whether a part matches.
func (e AnyTag) Match(tags []string) bool {
	return slices.ContainsFunc(e, func(part TagExpr) bool { return part.Match(tags) })
}

// Match reports whether the part does not match.
func (e NotTags) Match(tags []string) bool { return !e.Expr.Match(tags) }

// String returns the tag.
func (e HasTag) String() string { return string(e) }

// String joins the parts with "and".
func (e AllTags) String() string {
	parts := make([]string, len(e))
	for i, part := range e {
		parts[i] = part.String()
		if _, ok := part.(AnyTag); ok {
			parts[i] = "(" + parts[i] + ")"
		}
	}
	return strings.Join(parts, " and ")
}

// String joins the parts with "or".
func (e AnyTag) String() string {
	parts := make([]string, len(e))
	for i, part := range e {
		parts[i] = part.String()
	}
	return strings.Join(parts, " or ")
}

// String puts "not" in front of the part.
func (e NotTags) String() string {
	switch e.Expr.(type) {
	case AllTags, AnyTag:
		return "not (" + e.Expr.String() + ")"
	}
	return "not " + e.Expr.String()
}

// Limits on a tag expression.
const (
	maxTagExpr      = 1000 // bytes
	maxTagExprDepth = 20   // of parentheses and "not" in each other
)

// ParseTagExpr reads a condition on tags: tags joined by "and" and "or", with
// "not" and parentheses. "not" binds closest, then "and", then "or"; tags side
// by side mean "and". An empty string is no condition: nil.
func ParseTagExpr(s string) (TagExpr, error) {
	if len(s) > maxTagExpr {
		return nil, errLongTagExpr
	}
	p := tagParser{tokens: tagTokens(s)}
	if len(p.tokens) == 0 {
		return nil, nil
	}
	e, err := p.any(0)
	if err != nil {
		return nil, err
	}
	if p.peek() != "" { // only ")" can be left over
		return nil, Errorf(KindInvalid, "The tag filter has a closing parenthesis too many.")
	}
	if len(e.String()) > maxTagExpr { // with each "and" written out it must still parse
		return nil, errLongTagExpr
	}
	return e, nil
}

var errLongTagExpr = Errorf(KindInvalid, "The tag filter is too long: use at most %d characters.", maxTagExpr)

// tagTokens splits s into words and parentheses.
func tagTokens(s string) (tokens []string) {
	s = strings.NewReplacer("(", " ( ", ")", " ) ").Replace(s)
	for _, w := range strings.Fields(s) {
		switch lower := strings.ToLower(w); lower {
		case "and", "or", "not":
			w = lower
		}
		tokens = append(tokens, w)
	}
	return tokens
}

// tagParser is a recursive-descent parser with a token of look-ahead.
type tagParser struct{ tokens []string }

// peek returns the next token, or "" at the end.
func (p *tagParser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

func (p *tagParser) next() string {
	t := p.peek()
	if t != "" {
		p.tokens = p.tokens[1:]
	}
	return t
}

// any reads all {"or" all}.
func (p *tagParser) any(depth int) (TagExpr, error) {
	var parts AnyTag
	for {
		e, err := p.all(depth)
		if err != nil {
			return nil, err
		}
		if nested, ok := e.(AnyTag); ok {
			parts = append(parts, nested...)
		} else {
			parts = append(parts, e)
		}
		if p.peek() != "or" {
			break
		}
		p.next()
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return parts, nil
}

// all reads one {["and"] one}.
func (p *tagParser) all(depth int) (TagExpr, error) {
	var parts AllTags
	for {
		e, err := p.one(depth)
		if err != nil {
			return nil, err
		}
		if nested, ok := e.(AllTags); ok {
			parts = append(parts, nested...)
		} else {
			parts = append(parts, e)
		}
		switch p.peek() {
		case "and":
			p.next()
			continue
		case "", "or", ")":
		default:
			continue
		}
		break
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return parts, nil
}

// one reads "not" one, "(" any ")" or a tag.
func (p *tagParser) one(depth int) (TagExpr, error) {
	if depth >= maxTagExprDepth {
		return nil, Errorf(KindInvalid, "The tag filter is nested too deeply: use at most %d levels.", maxTagExprDepth)
	}
	switch t := p.next(); t {
	case "":
		return nil, Errorf(KindInvalid, "The tag filter ends where a tag should follow.")
	case "and", "or", ")":
		return nil, Errorf(KindInvalid, "The tag filter has %q where a tag should stand.", t)
	case "not":
		e, err := p.one(depth + 1)
		if err != nil {
			return nil, err
		}
		return NotTags{e}, nil
	case "(":
		e, err := p.any(depth + 1)
		if err != nil {
			return nil, err
		}
		if p.next() != ")" {
			return nil, Errorf(KindInvalid, "The tag filter lacks a closing parenthesis.")
		}
		return e, nil
	default:
		tag, err := CleanTag(t)
		if err != nil {
			return nil, err
		}
		return HasTag(tag), nil
	}
}

// CleanTag returns a tag in the form in which it is stored: lower case, with
// "-" for white space. What cannot be a tag is [KindInvalid]: an empty one, one
// longer than [MaxTag], the words "and", "or" and "not", and one with
// parentheses, quotes, commas or control characters.
func CleanTag(s string) (string, error) {
	tag := strings.ToLower(strings.Join(strings.Fields(s), "-"))
	switch {
	case tag == "":
		return "", Errorf(KindInvalid, "A tag cannot be empty.")
	case len(tag) > MaxTag:
		return "", Errorf(KindInvalid, "The tag %q is too long: use at most %d characters.", clip(tag), MaxTag)
	case tag == "and" || tag == "or" || tag == "not":
		return "", Errorf(KindInvalid, "%q joins tags and cannot be one.", tag)
	case !utf8.ValidString(s) || strings.ContainsAny(tag, `(),"`) || strings.ContainsFunc(tag, unicode.IsControl) || strings.ContainsFunc(tag, invisible):
		return "", Errorf(KindInvalid, "The tag %q has a character that tags cannot have: leave out parentheses, quotes, commas and control characters.", clip(tag))
	}
	return tag, nil
}
