package texmath

// kind says how a node is shown.
type kind uint8

const (
	upright  kind = iota // text as it stands
	variable             // letters of a formula: italic in HTML
	operator             // a relation or binary operator: spaces around it between operands
	function             // log, sin: a word that stands apart from its neighbours
	group                // from here on the content is in kids
	italic
	bold
	code
	super
	sub
	formula // text is its source
)

type node struct {
	kind kind
	text string
	kids []node
}
