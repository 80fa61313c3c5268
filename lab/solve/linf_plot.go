package solve

import (
	"fmt"
	"math"
	"slices"

	"github.com/offprint/offprint/lab/plot"
)

func (l *linfRun) plots() {
	p := plot.Plot{
		Name: "coordinates", Title: "Residual on 8 rows: the worst trial's error, coordinate by coordinate",
		X:     plot.Axis{Label: "coordinates, largest error first", Log: true},
		Y:     plot.Axis{Label: "error times √d, of |r| |A+|", Log: true},
		Rules: []plot.Rule{{Name: "√(2 d ln(2d) / m)", Y: math.Sqrt(2 * bedColumns * math.Log(2*bedColumns) / bedSketch)}},
	}
	for _, name := range []string{srht, gaussian, countSketch, osnap(2), osnap(4), osnap(8)} {
		s := plot.Series{Name: name, Method: name == srht}
		for i, e := range l.sorted[name] {
			if e > 1e-3 { // the many others of a sparse sketch are right
				s.X, s.Y = append(s.X, float64(i+1)), append(s.Y, e)
			}
		}
		p.Lines = append(p.Lines, s)
	}
	l.Plot(p)

	miss := plot.Plot{
		Name: "rows", Title: fmt.Sprintf("How often a coordinate is off by more than eps = %g, d = %d", rowsEps, rowsColumns),
		X: plot.Axis{Label: "rows of the sketch", Log: true}, Y: plot.Axis{Label: "share of trials"},
	}
	var ms []float64
	var names []string
	for _, f := range rowsFactors {
		ms, names = append(ms, float64(rowsAt(f))), append(names, missAt(f))
	}
	miss.X.Ticks = ms
	for _, v := range []string{srht, countSketch} {
		miss.Lines = append(miss.Lines, l.Series(v, ms, names))
	}
	l.Plot(miss)

	lost := plot.Plot{
		Name: "collapse", Title: fmt.Sprintf("%d neighbouring axes: sketches that lose the rank", collapseColumns),
		X: plot.Axis{Label: "rows of the sketch, over d"}, Y: plot.Axis{Label: "share of trials"},
	}
	var fs, limit []float64
	names = nil
	for _, f := range collapseFactors {
		fs, names, limit = append(fs, float64(f)), append(names, collapseAt(f)), append(limit, collected(f))
	}
	lost.Lines = append(lost.Lines, l.Series(srht, fs, names), l.Series(gaussian, fs, names))
	lost.Points = []plot.Series{{Name: "a collector of d rows", X: fs, Y: limit}}
	l.Plot(lost)

	sizes := plot.Plot{
		Name: "sizes", Title: "m = 16 d: a dense sketch's error thins out over the coordinates",
		X: plot.Axis{Label: "columns d", Log: true}, Y: plot.Axis{Label: "largest error of a coordinate, of |r| |A+|", Log: true},
	}
	var ds []float64
	names = nil
	for _, d := range sizesColumns {
		ds, names = append(ds, float64(d)), append(names, sizeError(d))
	}
	sizes.X.Ticks = ds
	for _, v := range []string{srht, countSketch} {
		sizes.Lines = append(sizes.Lines, l.Series(v, ds, names))
	}
	l.Plot(sizes)

	beta := plot.Plot{
		Name: "beta", Title: "Two axes through a sketch: the largest product seen, times √m",
		X: plot.Axis{Label: "rows of the sketch", Log: true}, Y: plot.Axis{Label: "beta", Log: true},
	}
	ms, names = nil, nil
	for _, m := range embeddingRows {
		ms, names = append(ms, float64(m)), append(names, betaAt(m))
	}
	beta.X.Ticks = slices.Clone(ms)
	for _, v := range []string{srht, countSketch, osnap(4)} {
		beta.Lines = append(beta.Lines, l.Series(v, ms, names))
	}
	l.Plot(beta)
}
