// Package unlearn makes a trained model forget examples, as if it had been trained
// without them, by Datamodel Matching (Attribute-to-Delete: Machine Unlearning via
// Datamodel Matching, 2024, arXiv:2410.23232), and measures how well that is done.
//
// Of n training examples, those in F are to go and those in R stay. A datamodel
// (package datamodel) says how the outputs f_x, the logits at x, would change, and
// a few steps of fine-tuning give the model the outputs that it says:
//
//	h(x) = f_x(theta_0) - sum_{i in F} beta_{x,i}                           (1)
//	L(theta) = mean_{x in F and a random part of R} |f_x(theta) - h(x)|^2   (2)
//
// [DMM] is both; [Match] is the second with outputs h of any origin, the paper's
// Oracle Matching. The outputs are the model's own plus a change, so that each of
// many unlearned models keeps what its seed gave it. At the solution of a convex
// problem the loss (2) is zero for every x: steps on batches of it have no noise
// there and come closer by a constant factor each, with a constant rate, which
// steps on the training loss of R do not.
//
// The rivals need no datamodel: [FineTune] goes on training on R; [Ascend] climbs
// the loss on F; [DescendAscend] does both at once; [SCRUB] (Kurmanji and others,
// 2023, arXiv:2302.09880) stays near the old model on R and goes away from it on F.
//
// How well: with margins m = z_c - log sum_{j != c} e^{z_j} for the true class c
// ([Margins]), the distribution of m over unlearned models is compared with that
// over models that were trained without F:
//
//	KLoM(x) = KL(P || Q), histograms of m_x over unlearned and over retrained models   (3)
//
// No bound on what is left of F follows from any of this: it is no proof of
// privacy.
//
// Differences from the paper: the numbers of steps and the rate are chosen here;
// DescendAscend is added as the simplest of its kind.
package unlearn

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/offprint/offprint/methods/attrib/datamodel"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
)

// Model is a classifier that can be trained further, by an optimiser of its own.
type Model interface {
	// Logits returns the outputs [rows x classes] for x [rows x inputs].
	Logits(x []float32) ([]float32, error)

	// Step makes one step at the rate lr. It calls gradient with the logits for x,
	// in which gradient writes the derivatives of its loss by them.
	Step(x []float32, lr float64, gradient func(logits []float32)) error
}

// Examples are what a model was trained on.
type Examples struct {
	X      []float32 // [n x Dim]
	Dim    int
	Labels []int // [n], classes from 0; Match and DMM need none
}

// Len is the number of examples.
func (e Examples) Len() int { return len(e.X) / e.Dim }

// Split returns the indices of the rows whose id is one of gone, and those of all
// others. A row's id says whose it is: a reader, for instance, has several.
func Split[ID comparable](ids []ID, gone ...ID) (forget, retain []int) {
	is := map[ID]bool{}
	for _, id := range gone {
		is[id] = true
	}
	for i, id := range ids {
		if is[id] {
			forget = append(forget, i)
		} else {
			retain = append(retain, i)
		}
	}
	return forget, retain
}

// Options are how long and how fast a model is changed. Zero values stand for the
// defaults.
type Options struct {
	Steps  int     // 100
	Rate   float64 // .01 for Match and DMM, .1 otherwise
	Batch  int     // examples of R in a step, 44
	Falls  bool    // the rate falls linearly towards 0
	Ascent float64 // weight of the loss on F for DescendAscend, .01
	Seed   uint64  // of the batches
}

func (o Options) or(rate float64) Options {
	if o.Steps == 0 {
		o.Steps = 100
	}
	if o.Rate == 0 {
		o.Rate = rate
	}
	if o.Batch == 0 {
		o.Batch = 44
	}
	if o.Ascent == 0 {
		o.Ascent = .01
	}
	return o
}

// DMM makes a model forget the examples with the indices forget, by equations 1
// and 2. The datamodel's first n x classes outputs are the logits of the n
// examples, row by row; further ones do not matter.
func DMM(ctx context.Context, m Model, e Examples, d *datamodel.Datamodel, forget []int, o Options) error {
	target, err := Targets(m, e, d, forget)
	if err != nil {
		return err
	}
	return Match(ctx, m, e, target, forget, o)
}

// Targets are the outputs h [n x classes] of equation 1: what the datamodel makes
// of the model's own.
func Targets(m Model, e Examples, d *datamodel.Datamodel, forget []int) ([]float32, error) {
	target, err := m.Logits(e.X)
	if err != nil {
		return nil, err
	}
	removed, err := d.Removed(forget)
	if err != nil {
		return nil, err
	}
	if len(removed) < len(target) {
		return nil, fmt.Errorf("unlearn: a datamodel of %d outputs for %d logits", len(removed), len(target))
	}
	for i := range target {
		target[i] -= float32(removed[i])
	}
	return target, nil
}

// Match gives a model the outputs target [n x classes] on its examples, by steps
// on equation 2: each has all of forget, which may be empty, and a random part of
// the others.
func Match(ctx context.Context, m Model, e Examples, target []float32, forget []int, o Options) error {
	s, err := newSteps(m, e, forget, o.or(.01))
	if err != nil {
		return err
	}
	classes, rest := len(target)/e.Len(), len(target)%e.Len()
	if classes == 0 || rest != 0 {
		return fmt.Errorf("unlearn: %d target outputs for %d examples", len(target), e.Len())
	}
	var want []float32
	return s.run(ctx, func(int) error {
		rows := append(s.batch(), forget...)
		want = train.Gather(want, target, classes, rows)
		return s.step(rows, func(z []float32) {
			for i := range z {
				z[i] = 2 * (z[i] - want[i]) / float32(len(rows))
			}
		})
	})
}

// steps are the steps of one model: what all the methods share.
type steps struct {
	Options
	m      Model
	e      Examples
	retain []int
	rng    *rand.Rand
	rate   float64 // of this step
	x      []float32
}

func newSteps(m Model, e Examples, forget []int, o Options) (*steps, error) {
	if e.Dim < 1 || len(e.X) == 0 || len(e.X)%e.Dim != 0 {
		return nil, fmt.Errorf("unlearn: %d numbers are no examples of %d", len(e.X), e.Dim)
	}
	if o.Steps < 0 || o.Batch < 0 || !(o.Rate > 0) {
		return nil, fmt.Errorf("unlearn: %d steps of %d examples at the rate %v", o.Steps, o.Batch, o.Rate)
	}
	is := make([]bool, e.Len())
	for _, i := range forget {
		if i < 0 || i >= e.Len() {
			return nil, fmt.Errorf("unlearn: example %d of %d", i, e.Len())
		}
		is[i] = true
	}
	s := &steps{Options: o, m: m, e: e, rng: random.New(o.Seed, 59)}
	for i, gone := range is {
		if !gone {
			s.retain = append(s.retain, i)
		}
	}
	return s, nil
}

// labelled is newSteps for methods that need the classes.
func labelled(m Model, e Examples, forget []int, o Options) (*steps, error) {
	s, err := newSteps(m, e, forget, o)
	if err != nil {
		return nil, err
	}
	if len(e.Labels) != e.Len() {
		return nil, fmt.Errorf("unlearn: %d labels of %d examples", len(e.Labels), e.Len())
	}
	z, err := m.Logits(e.X[:e.Dim])
	if err != nil {
		return nil, err
	}
	for i, c := range e.Labels {
		if c < 0 || c >= len(z) {
			return nil, fmt.Errorf("unlearn: example %d has the label %d of %d classes", i, c, len(z))
		}
	}
	return s, nil
}

// run calls step for each step, with its number.
func (s *steps) run(ctx context.Context, step func(t int) error) error {
	for t := range s.Steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.rate = s.Rate
		if s.Falls {
			s.rate *= 1 - float64(t)/float64(s.Steps)
		}
		if err := step(t); err != nil {
			return err
		}
	}
	return nil
}

// batch is a random part of R.
func (s *steps) batch() []int {
	n := min(s.Batch, len(s.retain))
	for i := range n { // the first of a shuffle
		j := i + s.rng.IntN(len(s.retain)-i)
		s.retain[i], s.retain[j] = s.retain[j], s.retain[i]
	}
	return append([]int(nil), s.retain[:n]...)
}

func (s *steps) step(rows []int, gradient func(logits []float32)) error {
	s.x = train.Gather(s.x, s.e.X, s.e.Dim, rows)
	return s.m.Step(s.x, s.rate, gradient)
}
