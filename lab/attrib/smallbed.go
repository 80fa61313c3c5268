package attrib

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/lab/digits"
	"github.com/offprint/offprint/methods/attrib/unlearn"
	"github.com/offprint/offprint/methods/random"
)

const classes = digits.Classes

// smallBed is bed L6: 300 digits to train small networks on, and 300 for tests.
type smallBed struct {
	fit, test digits.Images
	examples  unlearn.Examples // of fit
	all       []float32        // both, fit first
	labels    []int            // of all
}

func newSmallBed(seed uint64) (*smallBed, error) {
	const n = 300
	im, _, err := digits.Split(seed, 59)
	if err != nil {
		return nil, err
	}
	im = im.Slice(0, 2*n).Scaled(2, -.6)
	b := &smallBed{fit: im.Slice(0, n), test: im.Slice(n, 2*n), all: im.Float32(), labels: im.Y}
	b.examples = unlearn.Examples{X: b.all[:n*digits.Pixels], Dim: digits.Pixels, Labels: b.fit.Y}
	return b, nil
}

// train is a datamodel.Trainer; its outputs are the logits of all images.
func (b *smallBed) train(_ context.Context, subset []int, seed uint64) ([]float64, error) {
	n, err := trainSmall(b.examples, subset, seed)
	if err != nil {
		return nil, err
	}
	n.forward(b.all)
	out := make([]float64, len(n.logits))
	for i, v := range n.logits {
		out[i] = float64(v)
	}
	return out, nil
}

// models trains 100 networks on the images with the indices rows.
func (b *smallBed) models(ctx context.Context, rows []int, seed uint64) ([]*smallNet, error) {
	const models = 100
	out := make([]*smallNet, models)
	return out, each(ctx, models, func(i int) error {
		var err error
		out[i], err = trainSmall(b.examples, rows, random.Mix(uint64(i), seed))
		return err
	})
}

// outputs returns the logits of all images by each network.
func (b *smallBed) outputs(nets []*smallNet) ([][]float32, error) {
	out := make([][]float32, len(nets))
	for i, n := range nets {
		var err error
		if out[i], err = n.Logits(b.all); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// margins returns the margins [networks x images] of networks' logits.
func (b *smallBed) margins(logits [][]float32) (*mat.Dense, error) {
	out := mat.NewDense(len(logits), len(b.labels), nil)
	for i, z := range logits {
		m, err := unlearn.Margins(z, b.labels)
		if err != nil {
			return nil, err
		}
		out.SetRow(i, m)
	}
	return out, nil
}

// forget returns the images of a group and all others. A group of a class is its
// first image and the five of the class that are nearest to it.
func (b *smallBed) forget(group string) (forget, retain []int, err error) {
	if group == groupRandom {
		forget, retain = unlearn.Split(b.ids(), random.New(0, 5904).Perm(b.fit.Len())[:10]...)
		return forget, retain, nil
	}
	class, size := group, 6
	if group == groupMost {
		class, size = "8", 20
	}
	var of []int
	for i, y := range b.fit.Y {
		if strconv.Itoa(y) == class {
			of = append(of, i)
		}
	}
	if len(of) <= size {
		return nil, nil, fmt.Errorf("%d images of the class %s", len(of), class)
	}
	distance := func(i int) float64 { return floats.Distance(b.fit.Row(i), b.fit.Row(of[0]), 2) }
	near := slices.Clone(of)
	slices.SortStableFunc(near, func(i, j int) int { return cmp.Compare(distance(i), distance(j)) })
	forget, retain = unlearn.Split(b.ids(), near[:size]...)
	return forget, retain, nil
}

// ids are those of the images: their indices.
func (b *smallBed) ids() []int {
	ids := make([]int, b.fit.Len())
	for i := range ids {
		ids[i] = i
	}
	return ids
}

// each calls f for 0..n-1, as many at a time as there are cores.
func each(ctx context.Context, n int, f func(i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range n {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return f(i)
		})
	}
	return g.Wait()
}
