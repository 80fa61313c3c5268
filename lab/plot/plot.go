// Package plot describes the plots of a reproduction and draws them as SVG, the
// same for a page, a mail and a file.
package plot

// Plot is a chart with two axes, or a grid of cells when Heat is set.
type Plot struct {
	Name  string `json:"name"`  // short, for its file: "mrr-by-size"
	Title string `json:"title"` // one line, says what is seen
	X     Axis   `json:"x"`
	Y     Axis   `json:"y"`

	Lines  []Series `json:"lines,omitempty"`  // joined points
	Points []Series `json:"points,omitempty"` // points alone
	Rules  []Rule   `json:"rules,omitempty"`  // horizontal lines: a baseline, a bound
	Bars   []Bar    `json:"bars,omitempty"`   // one a category, with X.Labels
	Heat   *Heat    `json:"heat,omitempty"`
}

// Axis is one axis.
type Axis struct {
	Label  string    `json:"label"`
	Log    bool      `json:"log,omitempty"`    // logarithmic, base 10; all values must be positive
	Labels []string  `json:"labels,omitempty"` // names of 0, 1, 2, ... in place of numbers
	Ticks  []float64 `json:"ticks,omitempty"`  // where to put numbers; chosen if empty
}

// Series is a named set of points. Low and High, if given, are the ends of each
// point's spread.
type Series struct {
	Name   string    `json:"name"`
	X      []float64 `json:"x"`
	Y      []float64 `json:"y"`
	Low    []float64 `json:"low,omitempty"`
	High   []float64 `json:"high,omitempty"`
	Method bool      `json:"method,omitempty"` // drawn to stand out
}

// Rule is a horizontal line.
type Rule struct {
	Name string  `json:"name"`
	Y    float64 `json:"y"`
}

// Bar is a group of bars: one value for each of X.Labels.
type Bar struct {
	Name   string    `json:"name"`
	Y      []float64 `json:"y"`
	Method bool      `json:"method,omitempty"`
}

// Heat is a grid of values, row by row from the top; NaN leaves a cell empty.
type Heat struct {
	Rows, Cols []string
	Values     [][]float64
}
