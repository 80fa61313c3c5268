// Package plot describes the plots of a reproduction and draws them as SVG, the
// same for a page, a mail and a file.
package plot

import (
	"encoding/json"
	"math"
)

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
	Rows   []string  `json:"rows"`
	Cols   []string  `json:"cols"`
	Values [][]Value `json:"values"`
}

// Value is a number that JSON holds as null when it is not finite.
type Value float64

// MarshalJSON implements [json.Marshaler].
func (v Value) MarshalJSON() ([]byte, error) {
	if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(v))
}

// UnmarshalJSON implements [json.Unmarshaler].
func (v *Value) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*v = Value(math.NaN())
		return nil
	}
	return json.Unmarshal(b, (*float64)(v))
}

// Finite returns the plot without the points that are not finite, which JSON
// cannot hold; a bar that is not finite has no height.
func (p Plot) Finite() Plot {
	ok := func(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
	series := func(in []Series) []Series {
		out := make([]Series, len(in))
		for i, s := range in {
			o := Series{Name: s.Name, Method: s.Method}
			spread := len(s.Low) == len(s.X) && len(s.High) == len(s.X)
			for k := range min(len(s.X), len(s.Y)) {
				if !ok(s.X[k]) || !ok(s.Y[k]) || spread && (!ok(s.Low[k]) || !ok(s.High[k])) {
					continue
				}
				o.X, o.Y = append(o.X, s.X[k]), append(o.Y, s.Y[k])
				if spread {
					o.Low, o.High = append(o.Low, s.Low[k]), append(o.High, s.High[k])
				}
			}
			out[i] = o
		}
		return out
	}
	p.Lines, p.Points = series(p.Lines), series(p.Points)
	bars := make([]Bar, len(p.Bars))
	for i, b := range p.Bars {
		bars[i] = Bar{Name: b.Name, Method: b.Method, Y: make([]float64, len(b.Y))}
		for k, v := range b.Y {
			if ok(v) {
				bars[i].Y[k] = v
			}
		}
	}
	p.Bars = bars
	return p
}
