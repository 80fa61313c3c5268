package geometry

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/eval"
	"github.com/offprint/offprint/methods/geometry/loki"
	"github.com/offprint/offprint/methods/logistic"
)

// space is a metric between the categories.
type space struct {
	name string
	self bool // derived from what the classifier works on, and no outside knowledge
	*loki.Metric
}

const (
	spaceGraph = "cross-list graph"
	spaceTree  = "cross-list tree"
	spaceNames = "names"
)

// categorySpaces are distances between the categories: shortest paths over
// cross-lists, hops in the minimum spanning tree of these, and the distances of
// the vectors of their names.
func categorySpaces(bed *categories) ([]space, error) {
	n := len(bed.Names)
	var edges []loki.Edge
	for a := range n {
		for b := range a {
			if both := bed.Both[a][b]; both > 0 {
				edges = append(edges, loki.Edge{A: a, B: b, Length: -math.Log(both / math.Sqrt(bed.Carry[a]*bed.Carry[b]))})
			}
		}
	}
	graph, err := loki.FromGraph(n, edges)
	if err != nil {
		return nil, err
	}
	tree, err := loki.FromTree(spanningTree(n, edges), nil)
	if err != nil {
		return nil, err
	}
	names, err := loki.FromVectors(unitRows(bed.Texts))
	if err != nil {
		return nil, err
	}
	return []space{{spaceGraph, false, graph}, {spaceTree, false, tree}, {spaceNames, true, names}}, nil
}

// spanningTree returns the parents in the minimum spanning tree of a graph whose
// nodes are all joined, with node 0 as the root (Prim).
func spanningTree(n int, edges []loki.Edge) []int {
	parent := make([]int, n)
	in := make([]bool, n)
	parent[0], in[0] = -1, true
	for range n - 1 {
		best, child, length := -1, -1, math.Inf(1)
		for _, e := range edges {
			if in[e.A] == in[e.B] || e.Length >= length {
				continue
			}
			best, child, length = e.A, e.B, e.Length
			if in[child] {
				best, child = child, best
			}
		}
		parent[child], in[child] = best, true
	}
	return parent
}

func distanceOf(space string, k int) string {
	return fmt.Sprintf("%s, %d classes: mean squared distance", space, k)
}

func accuracyOf(space string, k int) string {
	return fmt.Sprintf("%s, %d classes: accuracy", space, k)
}

func unseenOf(space string, k int) string {
	return fmt.Sprintf("%s, %d classes: unseen ones predicted", space, k)
}

func locusOf(space string, k int) string {
	return fmt.Sprintf("%s, %d classes: predictable", space, k)
}

// categories trains on half of the papers of some observed classes, and predicts
// the class of all papers of the other half.
func (s *lokiSeed) categories(ctx context.Context, bed *categories, spaces []space, sizes []int) error {
	x := unitRows(bed.X)
	order := s.rng.Perm(len(bed.Class))
	train, test := order[:len(order)/2], order[len(order)/2:]
	truth := make([]int, len(test))
	for i, t := range test {
		truth[i] = bed.Class[t]
	}
	testX := rows(x, test)
	for _, k := range sizes {
		observed := s.rng.Perm(len(bed.Names))[:k]
		var fit, labels []int
		for _, t := range train {
			if c := slices.Index(observed, bed.Class[t]); c >= 0 {
				fit, labels = append(fit, t), append(labels, c)
			}
		}
		model, err := logistic.Fit(ctx, rows(x, fit), labels, k, 10)
		if err != nil {
			return err
		}
		p, err := model.Probabilities(testX)
		if err != nil {
			return err
		}
		for _, sp := range spaces {
			if err := s.space(ctx, sp, observed, p, truth); err != nil {
				return err
			}
		}
		if s.Full {
			for _, sp := range spaces[:2] {
				if err := s.variations(sp, observed, p, neighbours(rows(x, fit), labels, k, testX), truth); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// space measures the predictions in one space.
func (s *lokiSeed) space(ctx context.Context, sp space, observed []int, p *mat.Dense, truth []int) error {
	k := len(observed)
	g, err := newGuesser(s.Run, sp.Metric, observed, s.rng)
	if err != nil {
		return err
	}
	pred, err := g.predict(p)
	if err != nil {
		return err
	}
	argmax := likeliest(observed, p)
	if err := s.distance(sp, k, variantLoki, pred, truth); err != nil {
		return err
	}
	if err := s.distance(sp, k, variantArgmax, argmax, truth); err != nil {
		return err
	}
	if sp.self {
		return nil
	}
	a, err := loki.New(sp.Metric, observed)
	if err != nil {
		return err
	}
	only, err := restricted(a, p)
	if err != nil {
		return err
	}
	if err := s.distance(sp, k, variantRestricted, only, truth); err != nil {
		return err
	}
	s.Metric(distanceOf(sp.name, k), variantConstant, s.seed, bestConstant(sp.Metric, truth), "")
	other, err := shuffled(sp.Metric, s.rng)
	if err != nil {
		return err
	}
	if a, err = loki.New(other, observed); err != nil {
		return err
	}
	wrong, err := a.Predict(p)
	if err != nil {
		return err
	}
	if err := s.distance(sp, k, variantShuffled, wrong, truth); err != nil {
		return err
	}

	unseen := map[int]bool{}
	for _, y := range pred {
		unseen[y] = !slices.Contains(observed, y)
	}
	s.Metric(unseenOf(sp.name, k), variantLoki, s.seed, float64(count(maps.Values(unseen))), "")
	locus, err := sp.Locus(ctx, observed)
	if err != nil {
		return err
	}
	s.Metric(locusOf(sp.name, k), variantLoki, s.seed, float64(count(slices.Values(locus))), "labels")
	s.Metric(accuracyOf(sp.name, k), variantLoki, s.seed, agreement(pred, truth), "")
	s.Metric(accuracyOf(sp.name, k), variantArgmax, s.seed, agreement(argmax, truth), "")
	return nil
}

// variations measures other temperatures and another classifier.
func (s *lokiSeed) variations(sp space, observed []int, p, nearest *mat.Dense, truth []int) error {
	a, err := loki.New(sp.Metric, observed)
	if err != nil {
		return err
	}
	for _, tau := range []float64{.25, .5, 2, 4} {
		tempered, err := loki.Temper(p, tau)
		if err != nil {
			return err
		}
		pred, err := a.Predict(tempered)
		if err != nil {
			return err
		}
		if err := s.distance(sp, len(observed), fmt.Sprintf("Loki, temperature %g", tau), pred, truth); err != nil {
			return err
		}
	}
	pred, err := a.Predict(nearest)
	if err != nil {
		return err
	}
	if err := s.distance(sp, len(observed), "Loki, 5 nearest neighbours", pred, truth); err != nil {
		return err
	}
	return s.distance(sp, len(observed), "argmax, 5 nearest neighbours", likeliest(observed, nearest), truth)
}

// distance reports the mean squared distance of predictions.
func (s *lokiSeed) distance(sp space, k int, variant string, pred, truth []int) error {
	d, err := loki.MeanSquaredDistance(sp.Metric, pred, truth)
	s.Metric(distanceOf(sp.name, k), variant, s.seed, d, "")
	return err
}

// likeliest are the most probable of the observed labels.
func likeliest(observed []int, p *mat.Dense) []int {
	n, _ := p.Dims()
	out := make([]int, n)
	for i := range out {
		out[i] = observed[floats.MaxIdx(p.RawRowView(i))]
	}
	return out
}

// neighbours are the shares of the classes among the 5 nearest training rows.
func neighbours(x *mat.Dense, labels []int, classes int, test *mat.Dense) *mat.Dense {
	similar := new(mat.Dense)
	similar.Mul(test, x.T()) // rows have length 1
	n, _ := test.Dims()
	p := mat.NewDense(n, classes, nil)
	for i := range n {
		for _, j := range eval.Top(similar.RawRowView(i), 5, nil) {
			p.Set(i, labels[j], p.At(i, labels[j])+.2)
		}
	}
	return p
}

// bestConstant is the mean squared distance of the one label that is nearest to
// all the true ones.
func bestConstant(m *loki.Metric, truth []int) float64 {
	best := math.Inf(1)
	for y := range m.Len() {
		sum := 0.0
		for _, t := range truth {
			sum += m.At(y, t) * m.At(y, t)
		}
		best = min(best, sum/float64(len(truth)))
	}
	return best
}

// agreement is the share of equal values.
func agreement(a, b []int) float64 {
	same := 0
	for i, v := range a {
		if v == b[i] {
			same++
		}
	}
	return float64(same) / float64(len(a))
}

func count(in iter.Seq[bool]) int {
	n := 0
	for b := range in {
		if b {
			n++
		}
	}
	return n
}
