package geometry

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"github.com/offprint/offprint/dataset"
	"github.com/offprint/offprint/methods/geometry/loki"
	"github.com/offprint/offprint/methods/logistic"
)

// bins are the patients of the set diabetes with the progression of their
// disease in bins of equal numbers of them: labels on a line.
type bins struct {
	x   *mat.Dense
	bin []int
}

const binCount = 20

// binSets are the bins that are observed.
var binSets = [][]int{{0, 19}, {0, 10, 19}, {0, 6, 13, 19}}

func binsOf(observed []int) string { return fmt.Sprintf("bins %v: mean squared distance", observed) }

const metricRounded = "bins: predictions that are the rounded mean"

func loadBins() (*bins, error) {
	table, err := dataset.ReadTable("diabetes")
	if err != nil {
		return nil, err
	}
	n := len(table.Y)
	b := &bins{x: mat.NewDense(n, len(table.X[0]), nil), bin: make([]int, n)}
	order := make([]int, n)
	for i := range order {
		order[i] = i
		b.x.SetRow(i, table.X[i])
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(table.Y[i], table.Y[j]) })
	for rank, i := range order {
		b.bin[i] = rank * binCount / n
		if rank > 0 && table.Y[i] == table.Y[order[rank-1]] {
			b.bin[i] = b.bin[order[rank-1]]
		}
	}
	return b, nil
}

// bins trains on patients of the observed bins, and predicts the bins of others.
func (s *lokiSeed) bins(ctx context.Context, b *bins) error {
	parent := make([]int, binCount)
	for i := range parent {
		parent[i] = i - 1
	}
	line, err := loki.FromTree(parent, nil)
	if err != nil {
		return err
	}
	order := s.rng.Perm(len(b.bin))
	cut := len(order) * 6 / 10
	train, test := order[:cut], order[cut:]
	trainX, testX := standardise(rows(b.x, train), rows(b.x, test))
	truth := make([]int, len(test))
	for i, t := range test {
		truth[i] = b.bin[t]
	}
	rounded, all := 0, 0
	for _, observed := range binSets {
		var at, labels []int
		var target []float64
		for i, t := range train {
			if c := slices.Index(observed, b.bin[t]); c >= 0 {
				at, labels, target = append(at, i), append(labels, c), append(target, float64(b.bin[t]))
			}
		}
		x := rows(trainX, at)
		c := .1
		if len(observed) == 2 {
			c /= 2 // the penalty of both classes' weights is half that of their difference
		}
		model, err := logistic.Fit(ctx, x, labels, len(observed), c)
		if err != nil {
			return err
		}
		p, err := model.Probabilities(testX)
		if err != nil {
			return err
		}
		g, err := newGuesser(s.Run, line, observed, s.rng)
		if err != nil {
			return err
		}
		pred, err := g.predict(p)
		if err != nil {
			return err
		}
		linear, err := ridge(x, target, testX, 10)
		if err != nil {
			return err
		}
		argmax, regressed, middle := make([]int, len(test)), make([]int, len(test)), make([]int, len(test))
		for i := range test {
			row, mean := p.RawRowView(i), 0.0
			for c, l := range observed {
				mean += row[c] * float64(l)
			}
			all++
			if math.Abs(float64(pred[i])-mean) <= .5+1e-9 {
				rounded++
			}
			argmax[i] = observed[floats.MaxIdx(row)]
			regressed[i] = int(math.Round(min(binCount-1, max(0, linear[i]))))
			middle[i] = binCount / 2
		}
		for _, v := range []struct {
			name string
			pred []int
		}{{variantLoki, pred}, {variantArgmax, argmax}, {variantRidge, regressed}, {variantMiddle, middle}} {
			d, err := loki.MeanSquaredDistance(line, v.pred, truth)
			if err != nil {
				return err
			}
			s.Metric(binsOf(observed), v.name, s.seed, d, "")
		}
	}
	s.Metric(metricRounded, variantLoki, s.seed, float64(rounded)/float64(all), "")
	return nil
}

// standardise returns both with the columns' means and standard deviations in
// the first taken out.
func standardise(train, test *mat.Dense) (*mat.Dense, *mat.Dense) {
	train, test = mat.DenseCopyOf(train), mat.DenseCopyOf(test)
	_, d := train.Dims()
	for j := range d {
		mean, sd := stat.PopMeanStdDev(mat.Col(nil, j, train), nil)
		if sd == 0 {
			sd = 1
		}
		for _, x := range []*mat.Dense{train, test} {
			n, _ := x.Dims()
			for i := range n {
				x.Set(i, j, (x.At(i, j)-mean)/sd)
			}
		}
	}
	return train, test
}

// ridge is the prediction for test of a linear regression with an intercept and
// a penalty on the weights.
func ridge(x *mat.Dense, y []float64, test *mat.Dense, penalty float64) ([]float64, error) {
	n, d := x.Dims()
	means := make([]float64, d)
	for j := range means {
		means[j] = stat.Mean(mat.Col(nil, j, x), nil)
	}
	mean := stat.Mean(y, nil)
	centred, target := mat.DenseCopyOf(x), mat.NewVecDense(n, nil)
	for i := range n {
		floats.Sub(centred.RawRowView(i), means)
		target.SetVec(i, y[i]-mean)
	}
	gram := mat.NewSymDense(d, nil)
	gram.SymOuterK(1, centred.T())
	for j := range d {
		gram.SetSym(j, j, gram.At(j, j)+penalty)
	}
	var chol mat.Cholesky
	if !chol.Factorize(gram) {
		return nil, fmt.Errorf("ridge regression: a singular matrix")
	}
	var right, w mat.VecDense
	right.MulVec(centred.T(), target)
	if err := chol.SolveVecTo(&w, &right); err != nil {
		return nil, err
	}
	rows, _ := test.Dims()
	out := make([]float64, rows)
	for i := range out {
		row := append([]float64(nil), test.RawRowView(i)...)
		floats.Sub(row, means)
		out[i] = mean + floats.Dot(row, w.RawVector().Data)
	}
	return out, nil
}
