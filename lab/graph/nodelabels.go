package graph

import (
	"cmp"
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/dataset"
	"github.com/offprint/offprint/methods/graph"
	"github.com/offprint/offprint/methods/logistic"
	"github.com/offprint/offprint/methods/random"
)

// labelledGraph is a graph whose nodes have labels, one or several, to be
// predicted from vectors of the nodes.
type labelledGraph struct {
	*graph.Graph
	labels  [][]int // none for some nodes
	classes int
}

// readLabelled reads a graph of package dataset.
func readLabelled(name string) (*labelledGraph, error) {
	d, err := dataset.ReadGraph(name)
	if err != nil {
		return nil, err
	}
	g, err := graph.New(d.Nodes, d.Edges)
	if err != nil {
		return nil, err
	}
	return &labelledGraph{g, d.Labels, d.Classes()}, nil
}

// split deals the nodes that have labels: a share to train on, and the rest.
func (g *labelledGraph) split(share float64, seed uint64) (train, test []int) {
	var nodes []int
	for _, i := range random.New(seed, 2701).Perm(g.Len()) {
		if len(g.labels[i]) > 0 {
			nodes = append(nodes, i)
		}
	}
	cut := int(share*float64(len(nodes)) + .5)
	return nodes[:cut], nodes[cut:]
}

// quality is how well the labels are predicted. With one label a node micro F1
// is the accuracy.
type quality struct{ micro, macro float64 }

// classify trains a logistic regression for each label on the vectors x
// [nodes, dim] of a share of the labelled nodes, and measures it on the others.
// For each of them as many labels are predicted as it has, the convention of the
// papers on node embeddings.
func (g *labelledGraph) classify(ctx context.Context, x *mat.Dense, share, c float64, seed uint64) (quality, error) {
	train, test := g.split(share, seed)
	m, err := logistic.FitOneVsRest(ctx, rowsOf(x, train), pick(g.labels, train), g.classes, c)
	if err != nil {
		return quality{}, err
	}
	scores, err := m.Scores(rowsOf(x, test))
	if err != nil {
		return quality{}, err
	}
	predicted := make([][]int, len(test))
	for k, i := range test {
		row := scores.RawRowView(k)
		order := make([]int, g.classes)
		for l := range order {
			order[l] = l
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(row[b], row[a]) })
		predicted[k] = order[:len(g.labels[i])]
	}
	return f1(predicted, pick(g.labels, test), g.classes), nil
}

// f1 is the F1 of all predictions together (micro) and the mean of the labels'
// own (macro), 0 for a label that is neither there nor predicted.
func f1(predicted, truth [][]int, classes int) quality {
	hit, said, is := make([]float64, classes), make([]float64, classes), make([]float64, classes)
	for i := range truth {
		for _, l := range truth[i] {
			is[l]++
		}
		for _, l := range predicted[i] {
			said[l]++
			if slices.Contains(truth[i], l) {
				hit[l]++
			}
		}
	}
	var q quality
	hits, all := 0.0, 0.0
	for l := range classes {
		hits, all = hits+hit[l], all+said[l]+is[l]
		if hit[l] > 0 {
			q.macro += 2 * hit[l] / (said[l] + is[l]) / float64(classes)
		}
	}
	q.micro = 2 * hits / max(all, 1)
	return q
}

// majority is the quality of always predicting the most frequent labels.
func (g *labelledGraph) majority(ctx context.Context, share float64, seed uint64) (quality, error) {
	return g.classify(ctx, mat.NewDense(g.Len(), 1, nil), share, 1, seed)
}

// bestOf returns the qualities, one for each seed, of the choice that has the best
// mean of micro F1. It is picked on the test nodes: a comparison must do so for all
// alike, or for the baselines alone.
func bestOf[T any](choices []T, with func(T) ([]quality, error)) ([]quality, error) {
	var best []quality
	most := -1.0
	for _, c := range choices {
		qs, err := with(c)
		if err != nil {
			return nil, err
		}
		sum := 0.0
		for _, q := range qs {
			sum += q.micro
		}
		if sum > most {
			best, most = qs, sum
		}
	}
	return best, nil
}

func rowsOf(x *mat.Dense, rows []int) *mat.Dense {
	_, d := x.Dims()
	out := mat.NewDense(len(rows), d, nil)
	for k, i := range rows {
		out.SetRow(k, x.RawRowView(i))
	}
	return out
}

func pick[T any](all []T, index []int) []T {
	out := make([]T, len(index))
	for k, i := range index {
		out[k] = all[i]
	}
	return out
}

// dense is an embedding of float32 rows as a matrix.
func dense(x []float32, dim int) *mat.Dense {
	m := mat.NewDense(len(x)/dim, dim, nil)
	for i, v := range x {
		m.RawMatrix().Data[i] = float64(v)
	}
	return m
}

// unitColumns brings the columns to mean 0 and standard deviation 1, in place.
func unitColumns(x *mat.Dense) *mat.Dense {
	n, d := x.Dims()
	for j := range d {
		mean, square := 0.0, 0.0
		for i := range n {
			mean += x.At(i, j) / float64(n)
		}
		for i := range n {
			square += (x.At(i, j) - mean) * (x.At(i, j) - mean) / float64(n)
		}
		for i := range n {
			x.Set(i, j, (x.At(i, j)-mean)/max(math.Sqrt(square), 1e-300))
		}
	}
	return x
}

// evenRows brings the rows to the length sqrt(dim), in place; rows of zeros stay.
func evenRows(x *mat.Dense) *mat.Dense {
	n, d := x.Dims()
	for i := range n {
		row := x.RawRowView(i)
		square := 0.0
		for _, v := range row {
			square += v * v
		}
		if square == 0 {
			continue
		}
		f := math.Sqrt(float64(d) / square)
		for j := range row {
			row[j] *= f
		}
	}
	return x
}
