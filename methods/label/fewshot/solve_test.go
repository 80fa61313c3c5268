package fewshot

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/sparse"
)

// blobs are n points around each of k centres in d dimensions, one after the
// other, with the first shots of each labelled.
func blobs(rng *rand.Rand, k, n, d, shots int, spread float64) (p Problem, truth []int) {
	p = Problem{X: mat.NewDense(k*n, d, nil), Labels: make([]int, k*n), K: k}
	for c := range k {
		centre := make([]float64, d)
		for j := range centre {
			centre[j] = rng.NormFloat64()
		}
		for i := range n {
			row := p.X.RawRowView(c*n + i)
			for j := range row {
				row[j] = centre[j] + spread*rng.NormFloat64()
			}
			p.Labels[c*n+i] = Unlabelled
			if i < shots {
				p.Labels[c*n+i] = c
			}
			truth = append(truth, c)
		}
	}
	return p, truth
}

// lloyd is a step of K-means, written down anew.
func lloyd(x *mat.Dense, m [][]float64) (labels []int, next [][]float64) {
	n, d := x.Dims()
	next = make([][]float64, len(m))
	count := make([]float64, len(m))
	for i := range n {
		best, at := math.Inf(1), 0
		for k := range m {
			s := 0.
			for j := range d {
				s += (x.At(i, j) - m[k][j]) * (x.At(i, j) - m[k][j])
			}
			if s < best {
				best, at = s, k
			}
		}
		labels = append(labels, at)
		if next[at] == nil {
			next[at] = make([]float64, d)
		}
		for j := range d {
			next[at][j] += x.At(i, j)
		}
		count[at]++
	}
	for k := range next {
		for j := range next[k] {
			next[k][j] /= count[k]
		}
	}
	return labels, next
}

func TestWithoutNeighboursItIsLloyd(t *testing.T) {
	rng := random.New(1, 0)
	p, _ := blobs(rng, 4, 30, 3, 0, .8)
	p.Start = mat.NewDense(4, 3, nil)
	m := make([][]float64, 4)
	for k := range m {
		m[k] = slices.Clone(p.X.RawRowView(k * 30))
		p.Start.SetRow(k, m[k])
	}
	_, m = lloyd(p.X, m)
	for rounds := 1; rounds <= 6; rounds++ {
		labels, _ := lloyd(p.X, m)
		r, err := Solve(t.Context(), p, Options{MaxOuter: rounds})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Energy) < rounds {
			break // it stands still
		}
		if !slices.Equal(r.Labels, labels) {
			t.Fatalf("round %d: labels differ", rounds)
		}
		for k := range m {
			for j, v := range m[k] {
				if math.Abs(r.Prototypes.At(k, j)-v) > 1e-12 {
					t.Fatalf("round %d: prototype %d is %v, want %v", rounds, k, r.Prototypes.RawRowView(k), m[k])
				}
			}
		}
		_, m = lloyd(p.X, m)
	}
}

func TestFixedPoint(t *testing.T) {
	rng := random.New(2, 0)
	for _, mode := range []Mode{Means, Modes} {
		p, _ := blobs(rng, 3, 20, 4, 2, .7)
		o, err := Options{Lambda: .6, Mode: mode, Sigma: 1}.withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		s := &solver{Problem: p, Options: o}
		if s.Affinity, err = p.affinity(o); err != nil {
			t.Fatal(err)
		}
		if s.m, err = p.start(); err != nil {
			t.Fatal(err)
		}
		s.begin()
		for range 2000 {
			s.soft = s.softmax(s.smooth())
		}
		for i, y := range p.Labels {
			row := s.soft.RawRowView(i)
			if y >= 0 {
				if row[y] != 1 {
					t.Fatalf("labelled point %d: %v", i, row)
				}
				continue
			}
			// s_p = softmax(-a_p + lambda (W S)_p), from the definitions.
			want := make([]float64, p.K)
			sum := 0.
			for k := range want {
				d := 0.
				for j := range 4 {
					d += (p.X.At(i, j) - s.m.At(k, j)) * (p.X.At(i, j) - s.m.At(k, j))
				}
				if mode == Modes {
					d = -math.Exp(-d / 2)
				}
				cols, vals := s.Affinity.Row(i)
				for q, c := range cols {
					d -= .6 * float64(vals[q]) * s.soft.At(int(c), k)
				}
				want[k] = math.Exp(-d)
				sum += want[k]
			}
			for k := range want {
				if math.Abs(row[k]-want[k]/sum) > 1e-6 {
					t.Fatalf("mode %d, point %d: %v, want %v / %v", mode, i, row, want, sum)
				}
			}
		}
	}
}

// Without links a point's row is the softmax of -a, and its label the nearest
// prototype's.
func TestNoLinks(t *testing.T) {
	p, _ := blobs(random.New(3, 0), 3, 15, 4, 1, 1)
	empty, err := sparse.New(45, 45, nil)
	if err != nil {
		t.Fatal(err)
	}
	linked, err := Solve(t.Context(), p, Options{Lambda: 3, Affinity: empty})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := Solve(t.Context(), p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(linked.Labels, plain.Labels) || !mat.EqualApprox(linked.Soft, plain.Soft, 1e-12) {
		t.Error("links that do not exist change the result")
	}
}

func TestMonotone(t *testing.T) {
	for seed := range uint64(20) {
		rng := random.New(seed, 4)
		p, _ := blobs(rng, 3, 20, 5, 1, 1.5)
		// A graph that is far from positive semi-definite.
		var links []sparse.Entry
		for range 150 {
			i, j := int32(rng.IntN(60)), int32(rng.IntN(60))
			w := float32(rng.Float64())
			links = append(links, sparse.Entry{Row: i, Col: j, Val: w}, sparse.Entry{Row: j, Col: i, Val: w})
		}
		w, err := sparse.New(60, 60, links)
		if err != nil {
			t.Fatal(err)
		}
		for _, mode := range []Mode{Means, Modes} {
			r, err := Solve(t.Context(), p, Options{Lambda: 2, Mode: mode, Affinity: w, Monotone: true})
			if err != nil {
				t.Fatal(err)
			}
			last := math.Inf(1)
			for _, f := range slices.Concat(r.Relaxed...) {
				if f > last+1e-9*math.Abs(last) {
					t.Fatalf("seed %d, mode %d: the objective rises from %v to %v", seed, mode, last, f)
				}
				last = f
			}
			if len(r.Energy) < 2 || len(r.Energy) == 100 {
				t.Errorf("seed %d, mode %d: %d rounds", seed, mode, len(r.Energy))
			}
		}
	}
}

// The diagonal adds the same to E for all whole labels.
func TestDiagonalChangesNothingForLabels(t *testing.T) {
	rng := random.New(5, 0)
	p, _ := blobs(rng, 3, 10, 2, 0, 1)
	w, err := KNNAffinity(p.X, 3)
	if err != nil {
		t.Fatal(err)
	}
	relaxed := func(delta float64, labels []int) float64 {
		s := &solver{Problem: p, Options: Options{Lambda: .8, Affinity: w}, delta: delta, m: mat.NewDense(3, 2, []float64{0, 0, 1, 0, 0, 1}), labels: labels}
		s.a, s.soft = s.costs(), oneHot(labels, 3)
		if delta == 0 {
			if e, f := s.energy(), s.relaxed(s.smooth()); math.Abs(e-f) > 1e-9 {
				t.Fatalf("E %v, F %v of whole labels", e, f)
			}
		}
		return s.relaxed(s.smooth())
	}
	var first float64
	for i := range 10 {
		labels := make([]int, 30)
		for j := range labels {
			labels[j] = rng.IntN(3)
		}
		d := relaxed(5, labels) - relaxed(0, labels)
		if i == 0 {
			first = d
		}
		if math.Abs(d-first) > 1e-9 || math.Abs(d+.8/2*5*30) > 1e-9 {
			t.Errorf("difference %v, want %v", d, -.8/2*5*30)
		}
	}
}

// Two points that are each other's only neighbours: without the diagonal the
// steps swap their rows for ever; with it they meet, and stay apart from 1/2 if
// lambda > 1.
func TestTwoPoints(t *testing.T) {
	w, err := sparse.New(2, 2, []sparse.Entry{{Row: 0, Col: 1, Val: 1}, {Row: 1, Col: 0, Val: 1}})
	if err != nil {
		t.Fatal(err)
	}
	run := func(lambda, delta float64, steps int) (u [2]float64) {
		s := &solver{
			Problem: Problem{Labels: []int{Unlabelled, Unlabelled}, K: 2}, Options: Options{Lambda: lambda, Affinity: w}, delta: delta,
			a: mat.NewDense(2, 2, nil), soft: mat.NewDense(2, 2, []float64{.6, .4, .5, .5}),
		}
		for range steps {
			s.soft = s.softmax(s.smooth())
		}
		return [2]float64{s.soft.At(0, 0) - s.soft.At(0, 1), s.soft.At(1, 0) - s.soft.At(1, 1)}
	}
	for _, c := range []struct {
		lambda, delta float64
		steps         int
		want          [2]float64
	}{
		{2.5, 0, 500, [2]float64{.7104, 0}},
		{2.5, 0, 501, [2]float64{0, .7104}},
		{1.5, 1, 500, [2]float64{.8586, .8586}},
		{.8, 1, 500, [2]float64{0, 0}},
	} {
		got := run(c.lambda, c.delta, c.steps)
		if math.Abs(got[0]-c.want[0]) > 1e-4 || math.Abs(got[1]-c.want[1]) > 1e-4 {
			t.Errorf("lambda %v, delta %v, %d steps: %v, want %v", c.lambda, c.delta, c.steps, got, c.want)
		}
	}
	if u := run(2.5, 1, 1); u[0] != u[1] {
		t.Errorf("with the diagonal rows differ after a step: %v", u)
	}
}

func TestLostClassIsTakenBack(t *testing.T) {
	// All points are nearest to the first of two starts.
	p := Problem{X: mat.NewDense(3, 1, []float64{0, .1, .2}), Labels: []int{-1, -1, -1}, K: 2, Start: mat.NewDense(2, 1, []float64{.1, 9})}
	r, err := Solve(t.Context(), p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(r.Labels, []int{0, 0, 0}) || r.Prototypes.At(1, 0) != 9 || len(r.Energy) != 0 {
		t.Errorf("labels %v, prototypes %v", r.Labels, r.Prototypes.RawMatrix().Data)
	}
}

func TestSolveStops(t *testing.T) {
	p, _ := blobs(random.New(1, 0), 2, 5, 2, 1, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Solve(ctx, p, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("after cancel: %v", err)
	}
}
