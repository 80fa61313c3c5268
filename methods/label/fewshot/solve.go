package fewshot

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/sparse"
)

// When a round's steps, and the rounds, count as standing still: the authors'
// values, relative to the objective.
const (
	innerTolerance = 1e-7
	outerTolerance = 1e-4
)

// Problem is what [Solve] clusters.
type Problem struct {
	X      *mat.Dense // points [N x D]
	Labels []int      // [N], 0..K-1 where a point's class is known, else Unlabelled
	K      int        // classes
	Start  *mat.Dense // prototypes [K x D] to start from; nil: the means of the labelled points
}

func (p Problem) check() error {
	if p.X == nil || p.X.IsEmpty() || p.K < 1 {
		return fmt.Errorf("fewshot: no points, or %d classes", p.K)
	}
	n, d := p.X.Dims()
	if len(p.Labels) != n {
		return fmt.Errorf("fewshot: %d labels of %d points", len(p.Labels), n)
	}
	for i, y := range p.Labels {
		if y < Unlabelled || y >= p.K {
			return fmt.Errorf("fewshot: point %d has the label %d of %d classes", i, y, p.K)
		}
		for _, v := range p.X.RawRowView(i) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("fewshot: point %d has a coordinate %v", i, v)
			}
		}
	}
	if p.Start != nil {
		if k, sd := p.Start.Dims(); k != p.K || sd != d {
			return fmt.Errorf("fewshot: a start of %d x %d for %d classes of %d numbers", k, sd, p.K, d)
		}
	}
	return nil
}

// start returns the first prototypes.
func (p Problem) start() (*mat.Dense, error) {
	if p.Start != nil {
		return mat.DenseCopyOf(p.Start), nil
	}
	if k := missing(p.Labels, p.K); k >= 0 {
		return nil, fmt.Errorf("fewshot: no example of class %d", k)
	}
	return weightedMeans(p.X, oneHot(p.Labels, p.K), nil), nil
}

// affinity returns W, nil if it has no part.
func (p Problem) affinity(o Options) (*sparse.Matrix, error) {
	n, w := len(p.Labels), o.Affinity
	switch {
	case o.Lambda == 0:
		return nil, nil
	case w == nil:
		return KNNAffinity(p.X, o.Neighbours)
	case w.Rows != n || w.Cols != n:
		return nil, fmt.Errorf("fewshot: affinities %d x %d of %d points", w.Rows, w.Cols, n)
	}
	for _, v := range w.Val {
		if !(v >= 0) {
			return nil, fmt.Errorf("fewshot: an affinity of %v", v)
		}
	}
	return w, nil
}

// Solve minimises the objective (1): rounds of prototypes for the labels, then
// steps (4) from the softmax of -a. Without Lambda a label is that of the nearest
// prototype, which is K-means, or K-modes. The search ends when E
// changes by less than 1e-4 of itself; a round that leaves a class without points
// is taken back, and ends it too. The problem is not changed.
func Solve(ctx context.Context, p Problem, o Options) (*Result, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	s := &solver{Problem: p, Options: o}
	if s.m, err = p.start(); err != nil {
		return nil, err
	}
	if s.Affinity, err = p.affinity(o); err != nil {
		return nil, err
	}
	if o.Mode == Modes && o.Sigma == 0 {
		if s.Sigma, err = Bandwidth(p.X); err != nil {
			return nil, err
		}
	}
	if o.Monotone && s.Affinity != nil {
		s.delta = largestRow(s.Affinity)
	}
	r := &Result{First: s.m}
	s.begin()
	for round := range o.MaxOuter {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		before := *s
		s.prototypes()
		relaxed := s.round()
		if !o.Monotone && missing(s.labels, p.K) >= 0 {
			s = &before
			break
		}
		r.Relaxed = append(r.Relaxed, relaxed)
		r.Energy = append(r.Energy, s.energy())
		if o.fixed || round > 0 && r.still(o.Monotone) {
			break
		}
	}
	r.Labels, r.Soft, r.Prototypes = s.labels, s.soft, s.m
	return r, nil
}

// still reports whether the last round changed what the search lowers.
func (r *Result) still(relaxed bool) bool {
	n := len(r.Energy)
	if !relaxed {
		return still(r.Energy[n-2], r.Energy[n-1], outerTolerance)
	}
	before, after := r.Relaxed[n-2], r.Relaxed[n-1]
	return still(before[len(before)-1], after[len(after)-1], outerTolerance)
}

// still reports whether a step from one value to the next is below a share of it.
func still(before, after, share float64) bool {
	return math.Abs(after-before) <= share*math.Abs(before)
}

// solver is a search under way. Its matrices and labels are replaced, not
// changed, so that a copy is a place to return to.
type solver struct {
	Problem
	Options
	delta  float64
	m, a   *mat.Dense // prototypes, and the costs (2) [N x K]
	soft   *mat.Dense // S
	labels []int
}

// begin labels by the first prototypes.
func (s *solver) begin() {
	s.a = s.costs()
	s.soft = s.softmax(nil)
	s.labels = s.nearest()
}

// prototypes moves M to the labels, or to the soft assignment.
func (s *solver) prototypes() {
	if s.fixed {
		return
	}
	weights := s.soft
	if !s.Monotone {
		weights = oneHot(s.labels, s.K)
	}
	if s.Mode == Modes {
		s.m = shifted(s.X, weights, s.m, s.Sigma)
	} else {
		s.m = weightedMeans(s.X, weights, s.m)
	}
	s.a = s.costs()
}

// round makes the steps (4) with the prototypes as they are, sets the labels and
// returns F before the first step and after each.
func (s *solver) round() []float64 {
	if !s.Monotone {
		s.soft = s.softmax(nil)
	}
	ws := s.smooth()
	relaxed := []float64{s.relaxed(ws)}
	if s.Lambda == 0 && !s.Monotone { // the first step would be the last, too
		s.labels = s.nearest()
		return relaxed
	}
	for range s.MaxInner {
		s.soft = s.softmax(ws)
		ws = s.smooth()
		relaxed = append(relaxed, s.relaxed(ws))
		if n := len(relaxed); still(relaxed[n-2], relaxed[n-1], innerTolerance) {
			break
		}
	}
	s.labels = make([]int, len(s.Labels))
	for i := range s.labels {
		s.labels[i] = floats.MaxIdx(s.soft.RawRowView(i))
	}
	return relaxed
}

// softmax returns the right side of (4) for (W + delta I) S; nil stands for 0.
// Labelled points keep their label.
func (s *solver) softmax(ws *mat.Dense) *mat.Dense {
	out := mat.NewDense(len(s.Labels), s.K, nil)
	for i, y := range s.Labels {
		row := out.RawRowView(i)
		if y >= 0 {
			row[y] = 1
			continue
		}
		floats.SubTo(row, row, s.a.RawRowView(i))
		if ws != nil {
			floats.AddScaled(row, s.Lambda, ws.RawRowView(i))
		}
		top, sum := floats.Max(row), 0.
		for k, v := range row {
			row[k] = math.Exp(v - top)
			sum += row[k]
		}
		floats.Scale(1/sum, row)
	}
	return out
}

// smooth returns (W + delta I) S.
func (s *solver) smooth() *mat.Dense {
	ws := mat.NewDense(len(s.Labels), s.K, nil)
	if s.Affinity == nil {
		return ws
	}
	for i := range s.Affinity.Rows {
		row := ws.RawRowView(i)
		cols, vals := s.Affinity.Row(i)
		for j, c := range cols {
			floats.AddScaled(row, float64(vals[j]), s.soft.RawRowView(int(c)))
		}
		floats.AddScaled(row, s.delta, s.soft.RawRowView(i))
	}
	return ws
}

// relaxed is F, with W + delta I, for their product with S.
func (s *solver) relaxed(ws *mat.Dense) float64 {
	f := 0.
	for i := range s.Labels {
		row, w := s.soft.RawRowView(i), ws.RawRowView(i)
		for k, a := range s.a.RawRowView(i) {
			if v := row[k]; v > 0 { // 0 log 0 = 0
				f += v * (math.Log(v) + a - s.Lambda/2*w[k])
			}
		}
	}
	return f
}

// energy is E of the labels.
func (s *solver) energy() float64 {
	e := 0.
	for i, y := range s.labels {
		e += s.a.At(i, y)
		if s.Affinity == nil {
			continue
		}
		cols, vals := s.Affinity.Row(i)
		for j, c := range cols {
			if s.labels[c] == y {
				e -= s.Lambda / 2 * float64(vals[j])
			}
		}
	}
	return e
}

// costs are the a_pk of (2).
func (s *solver) costs() *mat.Dense {
	a := distances(s.X, s.m)
	if s.Mode == Modes {
		for i, d := range a.RawMatrix().Data {
			a.RawMatrix().Data[i] = -math.Exp(-d / (2 * s.Sigma * s.Sigma))
		}
	}
	return a
}

// nearest labels each point that has no label by its lowest cost.
func (s *solver) nearest() []int {
	labels := lowest(s.a)
	for i, y := range s.Labels {
		if y >= 0 {
			labels[i] = y
		}
	}
	return labels
}
