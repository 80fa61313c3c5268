package solve

import (
	"github.com/offprint/offprint/lab/plot"
)

func (a *altRun) plots() {
	p := plot.Plot{
		Name: "error-by-work", Title: "Rank 32: the error of the whole matrix against the work",
		X: plot.Axis{Label: "multiply-adds", Log: true}, Y: plot.Axis{Label: "relative error", Log: true},
	}
	for _, name := range []string{cgls3, cgls2, alsExact, sketchedFree} {
		t := a.traces[name]
		p.Lines = append(p.Lines, plot.Series{Name: name, X: t.macs, Y: t.off, Method: name == cgls3})
	}
	a.Plot(p)

	work := plot.Plot{
		Name: "work-by-rank", Title: "What a round costs for each entry",
		X: plot.Axis{Label: "rank k", Log: true}, Y: plot.Axis{Label: "multiply-adds of a round and entry", Log: true},
	}
	var ks []float64
	var names []string
	for _, c := range workCases {
		ks, names = append(ks, float64(c.rank)), append(names, workAt(c.rank))
	}
	work.X.Ticks = ks
	for _, name := range []string{cgls3, cgls2, alsExact, sketchedFree} {
		work.Lines = append(work.Lines, a.Series(name, ks, names))
	}
	a.Plot(work)

	rows := plot.Plot{
		Name: "work-by-rows", Title: "One problem of rank 64: when a sketch pays",
		X: plot.Axis{Label: "rows", Log: true}, Y: plot.Axis{Label: "multiply-adds a row", Log: true},
	}
	var ns []float64
	names = nil
	for _, n := range regressionRows {
		ns, names = append(ns, float64(n)), append(names, problemWork(n))
	}
	rows.X.Ticks = ns
	for _, name := range []string{cgls3, alsExact, sketchedFree} {
		rows.Lines = append(rows.Lines, a.Series(name, ns, names))
	}
	a.Plot(rows)

	floor := plot.Plot{
		Name: "floor", Title: "Updates that are off: where the subspaces stop",
		X: plot.Axis{Label: "error of each update, of its length", Log: true}, Y: plot.Axis{Label: "distance of subspaces", Log: true},
	}
	names = nil
	for _, nu := range noises {
		names = append(names, floorAt(nu))
	}
	seen := a.Series(alsExact, noises, names)
	seen.Name, seen.Method = "seen", true
	floor.Lines = []plot.Series{seen, {Name: "the error itself", X: noises, Y: noises}}
	a.Plot(floor)

	samples := plot.Plot{
		Name: "samples", Title: "How many entries are enough, rank 8",
		X: plot.Axis{Label: "share of the entries"}, Y: plot.Axis{Label: "relative error", Log: true, Ticks: []float64{1e-15, 1e-10, 1e-5, 1}},
	}
	names = nil
	for _, s := range shares {
		names = append(names, sampleAt(s))
	}
	samples.Lines = []plot.Series{a.Series(cgls3, shares, names), a.Series(alsExact, shares, names)}
	a.Plot(samples)
}
