package plot

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

func samples() map[string]Plot {
	nan := math.NaN()
	return map[string]Plot{
		"lines": {Name: "l", Title: "MRR by size", X: Axis{Label: "dimensions", Log: true, Ticks: []float64{8, 16, 32}}, Y: Axis{Label: "MRR"},
			Lines: []Series{{Name: "MRL", X: []float64{8, 16, 32}, Y: []float64{.17, .39, .58}, Low: []float64{.16, .38, .57}, High: []float64{.18, .4, .59}, Method: true},
				{Name: "PCA", X: []float64{8, 16, 32}, Y: []float64{.11, nan, .52}}},
			Rules: []Rule{{"tf-idf", .9}}},
		"points": {Name: "p", X: Axis{Label: "bytes", Log: true}, Points: []Series{{Name: "a", X: []float64{0, 1, 10}, Y: []float64{1, 1, 1}}}},
		"bars":   {Name: "b", X: Axis{Labels: []string{"new", "tail"}}, Bars: []Bar{{Name: "a", Y: []float64{1, 2}}, {Name: "b", Y: []float64{2, 3}, Method: true}}},
		"heat":   {Name: "h", Heat: &Heat{Rows: []string{"0", "1"}, Cols: []string{"0", "1"}, Values: [][]Value{{.5, Value(nan)}, {.2, .9}}}},
		"one":    {Name: "o", Lines: []Series{{Name: "a", X: []float64{1}, Y: []float64{1}}}},
		"<&>":    {Name: "x", Title: `a < b & "c"`, Lines: []Series{{Name: "<script>", X: []float64{1, 2}, Y: []float64{1, 2}}}},
	}
}

func TestSVGIsWellFormed(t *testing.T) {
	for name, p := range samples() {
		t.Run(name, func(t *testing.T) {
			svg, err := p.SVG()
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(svg, []byte(" style=")) || bytes.Contains(svg, []byte("#-")) {
				t.Error("an inline style, or a colour that is none")
			}
			dec := xml.NewDecoder(bytes.NewReader(svg))
			for {
				tok, err := dec.Token()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if e, ok := tok.(xml.StartElement); ok && e.Name.Local == "script" {
					t.Error("a name became an element")
				}
			}
		})
	}
}

func TestNothingToDraw(t *testing.T) {
	for name, p := range map[string]Plot{
		"empty":    {},
		"nan":      {Lines: []Series{{X: []float64{1}, Y: []float64{math.NaN()}}}},
		"unequal":  {Lines: []Series{{X: []float64{1, 2}, Y: []float64{1}}}},
		"bad heat": {Heat: &Heat{Rows: []string{"a"}, Cols: []string{"b"}, Values: [][]Value{{1, 2}}}},
	} {
		if _, err := p.SVG(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestHeatJSON(t *testing.T) {
	b, err := json.Marshal(samples()["heat"])
	if err != nil {
		t.Fatal(err)
	}
	var p Plot
	if err := json.Unmarshal(b, &p); err != nil || !math.IsNaN(float64(p.Heat.Values[0][1])) || p.Heat.Values[1][1] != .9 {
		t.Errorf("%s became %+v, %v", b, p.Heat, err)
	}
}

func TestTickLabels(t *testing.T) {
	series := []Series{{Name: "a", X: []float64{1, 2}, Y: []float64{-.09, 1}}, {Name: "b", X: []float64{1, 2}, Y: []float64{1e-7, 1e-1}}}
	for i, log := range []bool{false, true} {
		svg, err := Plot{Name: "p", Lines: series[i : i+1], Y: Axis{Log: log}}.SVG()
		if err != nil {
			t.Fatal(err)
		}
		if s := string(svg); strings.Contains(s, ">-0<") || strings.Contains(s, "99999") {
			t.Errorf("log %v: a label is -0 or has a rounding error", log)
		}
	}
}
