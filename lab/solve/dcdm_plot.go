package solve

import (
	"fmt"

	"github.com/offprint/offprint/lab/plot"
)

// size is the metric of the box with noise at a number of cells a side.
func size(n int) string { return iterations(systemName(n, wholeBox, white)) }

func (d *dcdmRun) notes() {
	ns := d.sides()
	var sides, net, plain []float64
	for _, n := range ns {
		sides, net, plain = append(sides, float64(n)), append(net, d.Mean(size(n), dcdmName)), append(plain, d.Mean(size(n), plainCG))
	}
	d.Note("Iterations grow with the grid's side to the power %.2f (CG %.2f): %.0f at %d, %.0f at %d. The paper's are nearly independent of it, with networks trained at the size that they solve.",
		exponent(sides, net), exponent(sides, plain), net[0], ns[0], net[len(net)-1], ns[len(ns)-1])
	s := systemName(64, wholeBox, white)
	d.Note("Multigrid as preconditioner takes %.0f iterations on 64 x 64 cells where DCDM takes %.0f, and time is another matter: %.1f ms by CG, %.1f by incomplete Cholesky, %.1f by multigrid, %.0f by DCDM. On a CPU a pass of the network costs as much as hundreds of products with a matrix of five diagonals.",
		d.Mean(iterations(s), mgName), d.Mean(iterations(s), dcdmName), d.Mean(duration(s), plainCG), d.Mean(duration(s), icName), d.Mean(duration(s), mgName), d.Mean(duration(s), dcdmName))
	d.Note("One kept direction does nearly as well as two on 64 x 64 cells: %.1f iterations against %.1f.", d.Mean(iterations(s), oneKept), d.Mean(iterations(s), dcdmName))
}

func (d *dcdmRun) plots() {
	for _, c := range []struct {
		name, title string
		system      string
	}{
		{"residuals-64", "64 x 64 cells, twice the side of the training", systemName(64, wholeBox, white)},
		{"residuals-disc", "64 x 64 cells without a disc: a domain that was not in the training", systemName(64, discOut, white)},
	} {
		p := plot.Plot{
			Name: c.name, Title: c.title,
			X: plot.Axis{Label: "iteration"}, Y: plot.Axis{Label: "residual, of the first", Log: true},
		}
		for _, name := range []string{dcdmName, noOrth, plainCG, icName, mgName} {
			y := d.traces[c.system][name]
			if y == nil {
				continue
			}
			x := make([]float64, len(y))
			for i := range x {
				x[i] = float64(i)
			}
			p.Lines = append(p.Lines, plot.Series{Name: name, X: x, Y: y, Method: name == dcdmName})
		}
		d.Plot(p)
	}
	sizes := plot.Plot{
		Name: "sizes", Title: "Iterations against the size of the grid",
		X: plot.Axis{Label: "cells a side", Log: true}, Y: plot.Axis{Label: "iterations", Log: true},
	}
	var x []float64
	var names []string
	for _, n := range d.sides() {
		x, names = append(x, float64(n)), append(names, size(n))
	}
	sizes.X.Ticks = x
	variants := []string{dcdmName, noOrth, plainCG, icName, mgName}
	if d.Full {
		variants = append(variants, deeperName, reluName, ritzName)
	}
	for _, name := range variants {
		sizes.Lines = append(sizes.Lines, d.Series(name, x, names))
	}
	d.Plot(sizes)

	var bars []plot.Bar
	domains := []domain{wholeBox, discOut, cornerL, winding}
	labels := make([]string, len(domains))
	for i, dom := range domains {
		labels[i] = dom.name
	}
	for _, name := range []string{dcdmName, plainCG, icName, mgName} {
		b := plot.Bar{Name: name, Method: name == dcdmName}
		for _, dom := range domains {
			b.Y = append(b.Y, d.Mean(iterations(systemName(64, dom, white)), name))
		}
		bars = append(bars, b)
	}
	d.Plot(plot.Plot{
		Name: "domains", Title: fmt.Sprintf("Iterations on %d x %d cells", 64, 64),
		X: plot.Axis{Labels: labels}, Y: plot.Axis{Label: "iterations"}, Bars: bars,
	})
}
