package theory

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/dataset"
	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/plot"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/theory/gendyn"
)

// The nonlinear part of the reproduction of Advani and Saxe: random ReLU
// networks of several widths on few digits, a fifth of whose labels are wrong.
const (
	digitTrain = 200
	digitTest  = 1000
	digitWrong = digitTrain / 5
	classes    = 10
)

var (
	widths     = []int{25, 50, 100, 200, 400, 800, 3200}
	digitTimes = logGrid(-2, 6, 60)
)

const (
	variantFinal  = "ReLU network, trained to the end"
	variantDigits = "ReLU network, best early stop"
)

func digitsError(width int) string    { return fmt.Sprintf("digits, test error, %d units", width) }
func digitsAccuracy(width int) string { return fmt.Sprintf("digits, accuracy, %d units", width) }

// digitNets trains networks of all widths.
func digitNets(ctx context.Context, r *lab.Run, table *dataset.Table, seed uint64, progress func(done float64, what string)) error {
	for i, width := range widths {
		if err := ctx.Err(); err != nil {
			return err
		}
		progress(float64(i)/float64(len(widths)), fmt.Sprintf("digits, %d units", width))
		if err := digitNet(r, table, seed, width); err != nil {
			return err
		}
	}
	return nil
}

// digitNet trains the readout of a network of a width, all classes at once.
func digitNet(r *lab.Run, table *dataset.Table, seed uint64, width int) error {
	rng := random.New(seed, 1850)
	rows := rng.Perm(len(table.X))[:digitTrain+digitTest]
	x := standardised(table, rows, digitTrain)
	labels := make([]int, len(rows))
	for i, row := range rows {
		labels[i] = int(table.Y[row])
	}
	for i := range digitWrong { // rows are in random order
		labels[i] = rng.IntN(classes)
	}
	layer, err := gendyn.NewReLU(64, width, rng)
	if err != nil {
		return err
	}
	features, err := layer.Apply(x)
	if err != nil {
		return err
	}
	train := mat.DenseCopyOf(features.Slice(0, width, 0, digitTrain))
	flow, err := gendyn.NewFlow(train)
	if err != nil {
		return err
	}
	var test mat.Dense // the test features in the modes [digitTest x rank]
	test.Mul(features.Slice(0, width, digitTrain, len(rows)).T(), flow.U)
	paths := make([]*gendyn.Path, classes)
	for c := range paths {
		y := make([]float64, digitTrain)
		for i := range y {
			y[i] = oneHot(labels[i], c)
		}
		if paths[c], err = flow.Path(y, nil); err != nil {
			return err
		}
	}
	modes := mat.NewDense(len(flow.Lam), classes, nil)
	errs, right := make([]float64, len(digitTimes)), make([]float64, len(digitTimes))
	var out mat.Dense
	for k, t := range digitTimes {
		for c, p := range paths {
			modes.SetCol(c, p.Modes(t))
		}
		out.Mul(&test, modes)
		for i := range digitTest {
			row, label := out.RawRowView(i), labels[digitTrain+i]
			best := 0
			for c, v := range row {
				e := v - oneHot(label, c)
				errs[k] += e * e / digitTest
				if v > row[best] {
					best = c
				}
			}
			if best == label {
				right[k] += 1. / digitTest
			}
		}
	}
	last := len(digitTimes) - 1
	stop := slices.Index(errs, slices.Min(errs))
	r.Metric(digitsError(width), variantFinal, seed, errs[last], "")
	r.Metric(digitsError(width), variantDigits, seed, errs[stop], "")
	r.Metric(digitsAccuracy(width), variantFinal, seed, right[last], "")
	r.Metric(digitsAccuracy(width), variantDigits, seed, right[stop], "")
	return nil
}

func oneHot(label, class int) float64 {
	if label == class {
		return .9
	}
	return -.1
}

// standardised returns rows of a table, centred and scaled by the first n.
func standardised(table *dataset.Table, rows []int, n int) *mat.Dense {
	d := len(table.X[0])
	x := mat.NewDense(len(rows), d, nil)
	for i, row := range rows {
		x.SetRow(i, table.X[row])
	}
	for j := range d {
		mean, sd := 0., 0.
		for i := range n {
			mean += x.At(i, j) / float64(n)
		}
		for i := range n {
			sd += (x.At(i, j) - mean) * (x.At(i, j) - mean) / float64(n)
		}
		sd = math.Sqrt(sd)
		for i := range rows {
			v := 0.
			if sd > 0 { // a pixel that is always white says nothing
				v = (x.At(i, j) - mean) / sd
			}
			x.Set(i, j, v)
		}
	}
	return x
}

func checkDigitNets(r *lab.Run) {
	last := func(width int) float64 { return r.Mean(digitsError(width), variantFinal) }
	r.AtLeast("digits: final error at 200 units = samples, over that at 50 and 3200", last(digitTrain)/max(last(50), last(3200)), 10)
	worst := 0.
	for i := range widths[1:] {
		worst = max(worst, r.Mean(digitsError(widths[i+1]), variantDigits)/r.Mean(digitsError(widths[i]), variantDigits))
	}
	r.AtMost("digits: early-stopped error of a width, of that of the width below, largest", worst, 1)
	r.AtLeast("digits: accuracy by stopping at 400 units", r.Mean(digitsAccuracy(400), variantDigits)-r.Mean(digitsAccuracy(400), variantFinal), .05)
}

func plotDigitNets(r *lab.Run) {
	x, names := make([]float64, len(widths)), make([]string, len(widths))
	for i, w := range widths {
		x[i], names[i] = float64(w), digitsError(w)
	}
	best := r.Series(variantDigits, x, names)
	best.Method = true
	r.Plot(plot.Plot{
		Name: "digits-by-width", Title: "Digits: 200 samples, a fifth mislabelled, random ReLU networks",
		X:     plot.Axis{Label: "units (200 = samples)", Log: true, Ticks: x},
		Y:     plot.Axis{Label: "squared test error", Log: true},
		Lines: []plot.Series{r.Series(variantFinal, x, names), best},
	})
}
