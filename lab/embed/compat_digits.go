package embed

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/offprint/offprint/methods/adam"
	"github.com/offprint/offprint/methods/embed/compat"
	"github.com/offprint/offprint/methods/embed/contrast"
	"github.com/offprint/offprint/methods/mlp"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
	"github.com/offprint/offprint/methods/vector"
)

// The first half of the reproduction of Compat is a stream of classes: digits of
// which a model has seen 4, then 5, up to all 10. It is trained on from task to
// task, and three times replaced by one that was trained elsewhere, from nothing.
const (
	streamTasks   = 7
	streamFirst   = 4 // classes of the first task
	streamCorners = 16
	streamDim     = streamCorners - 1
)

// replacements are the tasks at which the model is replaced.
var replacements = []int{0, 2, 4}

// streamRow is a way to train the models.
type streamRow struct {
	name        string
	learned     bool // classifier
	hoc         bool
	excludeSame bool
}

const (
	streamER      = "learned classifier"
	streamERHOC   = "learned classifier + HOC"
	streamSimplex = "simplex"
	streamMethod  = "simplex + HOC"
	streamMasked  = "simplex + HOC, same class as 0"
)

var streamRows = []streamRow{
	{name: streamER, learned: true},
	{name: streamERHOC, learned: true, hoc: true, excludeSame: true},
	{name: streamSimplex},
	{name: streamMethod, hoc: true, excludeSame: true},
	{name: streamMasked, hoc: true},
}

// stream is the digits in the order of a seed. Labels are places in the order of
// classes: a task has those below its number of classes.
type stream struct {
	fit, gallery, query split
	seed                uint64
	shuffle             bool // broken: classes get new corners with each model
}

func newStream(seed uint64, shuffle bool) (*stream, error) {
	fit, held, test, err := splitDigits(seed)
	if err != nil {
		return nil, err
	}
	const more = 100 // of the test images join the gallery: 400, with 397 queries
	s := &stream{fit: fit, seed: seed, shuffle: shuffle}
	s.gallery = split{append(held.x, test.x[:more*64]...), append(held.y, test.y[:more]...)}
	s.query = split{test.x[more*64:], test.y[more:]}
	order := random.New(seed, 15).Perm(10)
	place := compat.Vertices[int]{K: streamCorners}
	for _, class := range order {
		if _, err := place.Of(class); err != nil {
			return nil, err
		}
	}
	for _, part := range []split{s.fit, s.gallery, s.query} {
		for i, class := range part.y {
			v, err := place.Of(int(class))
			if err != nil {
				return nil, err
			}
			part.y[i] = int32(v)
		}
	}
	return s, nil
}

// digitEncoder is a perceptron from 64 pixels to features.
type digitEncoder struct {
	layers  [3]*mlp.Layer
	w       []float32 // learned classifier [streamCorners x streamDim]; nil for the simplex
	corners []int     // of the classes

	h [3][]float32 // of a batch
	d [3][]float32 // gradients
}

func newDigitEncoder(learned bool, rng *rand.Rand) (*digitEncoder, error) {
	e := &digitEncoder{}
	for i, out := range []int{64, 64, streamDim} {
		var err error
		if e.layers[i], err = mlp.NewLayer(64, out, rng); err != nil {
			return nil, err
		}
	}
	if learned {
		e.w = make([]float32, streamCorners*streamDim)
		bound := 1 / math.Sqrt(streamDim)
		random.Uniform(rng, e.w, -bound, bound)
	}
	return e, nil
}

// clone returns a copy to be trained further, by a fresh optimiser.
func (e *digitEncoder) clone() (*digitEncoder, error) {
	c, err := newDigitEncoder(e.w != nil, random.New(0, 0))
	if err != nil {
		return nil, err
	}
	for i, l := range e.layers {
		copy(c.layers[i].W, l.W)
		copy(c.layers[i].B, l.B)
	}
	copy(c.w, e.w)
	c.corners = e.corners
	return c, nil
}

// forward returns features [n x streamDim], valid until the next call.
func (e *digitEncoder) forward(x []float32) []float32 {
	for i, l := range e.layers {
		e.h[i] = l.Forward(e.h[i], x)
		if i < 2 {
			mlp.ReLU(e.h[i])
		}
		x = e.h[i]
	}
	return x
}

// step goes against the gradient df of the last features, those of x.
func (e *digitEncoder) step(x, df []float32, lr float64) {
	for i := 2; i >= 0; i-- {
		in := x
		if i > 0 {
			in = e.h[i-1]
		}
		e.layers[i].ZeroGradient()
		e.d[i] = e.layers[i].Backward(e.d[i], in, df)
		if i > 0 {
			df = mlp.BackReLU(e.d[i], in)
		}
	}
	for _, l := range e.layers {
		l.Step(lr, 0)
	}
}

// unit returns the directions of features, in room of their own.
func (e *digitEncoder) unit(x []float32) []float32 {
	f := append([]float32{}, e.forward(x)...)
	vector.NormalizeRows(f, streamDim)
	return f
}

// digitRecipe is how long and on what an encoder is trained.
type digitRecipe struct {
	batch, epochs int
	lr            float64
	classes       int
	rng           *rand.Rand
}

// train trains an encoder in place. With HOC it is tied to what it is at first.
func (s *stream) train(ctx context.Context, e *digitEncoder, row streamRow, r digitRecipe) error {
	var have []int // examples of the classes
	for i, y := range s.fit.y {
		if int(y) < r.classes {
			have = append(have, i)
		}
	}
	var anchors []float32
	if row.hoc {
		anchors = e.unit(s.fit.x)
	}
	wrt := 1
	if row.learned {
		wrt = 2
	}
	loss, err := train.NewLoss(wrt, func(in []*graph.Node) *graph.Node { return streamLoss(row, in) })
	if err != nil {
		return err
	}
	classifier := adam.New(len(e.w), r.lr)
	rows, labels := make([]int, r.batch), make([]int32, r.batch)
	var x, z []float32
	loop := train.Loop{Examples: len(have), Batch: r.batch, Epochs: r.epochs, Rand: r.rng}
	return loop.Run(ctx, func(batch []int) (float64, error) {
		for i, b := range batch {
			rows[i] = have[b]
			labels[i] = int32(e.corners[s.fit.y[have[b]]])
		}
		x = train.Gather(x, s.fit.x, 64, rows)
		in := []*tensors.Tensor{tensors.FromFlatDataAndDimensions(e.forward(x), len(rows), streamDim)}
		if row.learned {
			in = append(in, tensors.FromFlatDataAndDimensions(e.w, streamCorners, streamDim))
		}
		in = append(in, tensors.FromFlatDataAndDimensions(labels, len(rows)))
		if row.hoc {
			z = train.Gather(z, anchors, streamDim, rows)
			in = append(in, tensors.FromFlatDataAndDimensions(z, len(rows), streamDim))
		}
		l, grads, err := loss.Call(in...)
		if err != nil {
			return 0, err
		}
		e.step(x, grads[0], r.lr)
		if row.learned {
			classifier.Step(e.w, grads[1])
		}
		return l, nil
	})
}

// streamLoss has the inputs features, weights (of a learned classifier), labels
// and old directions (with HOC).
func streamLoss(row streamRow, in []*graph.Node) *graph.Node {
	f, rest := in[0], in[1:]
	var logits *graph.Node
	if row.learned {
		logits = graph.Einsum("bd,kd->bk", f, rest[0])
		rest = rest[1:]
	} else {
		logits = compat.SimplexLogits(f)
	}
	task := compat.CrossEntropy(logits, rest[0])
	if !row.hoc {
		return task
	}
	return compat.Combine(task, compat.HOC(rest[1], contrast.Normalize(f), rest[0], compat.Mu, row.excludeSame), compat.Lambda)
}

// downloads are models trained elsewhere, on the classes of the tasks at which
// the model is replaced. All rows with the same kind of classifier take the same.
func (s *stream) downloads(ctx context.Context, learned bool) (map[int]*digitEncoder, error) {
	models := map[int]*digitEncoder{}
	for _, task := range replacements {
		rng := random.New(s.seed, 1500+uint64(task))
		e, err := newDigitEncoder(learned, rng)
		if err != nil {
			return nil, err
		}
		e.corners = random.Sample(rng, streamCorners, streamCorners)
		if !s.shuffle {
			for i := range e.corners {
				e.corners[i] = i
			}
		}
		recipe := digitRecipe{batch: 32, epochs: 30, lr: 3e-3, classes: streamFirst + task, rng: rng}
		if err := s.train(ctx, e, streamRow{learned: learned}, recipe); err != nil {
			return nil, fmt.Errorf("model trained elsewhere, task %d: %w", task, err)
		}
		models[task] = e
	}
	return models, nil
}

// run goes through the tasks and returns the accuracy of searches across the
// models.
func (s *stream) run(ctx context.Context, row streamRow, downloads map[int]*digitEncoder, progress func(done float64)) (compat.Matrix, error) {
	var e *digitEncoder
	var templates [][]float32
	var classes []int
	var m compat.Matrix
	for task := range streamTasks {
		from := e
		if d, ok := downloads[task]; ok {
			from = d
		}
		var err error
		if e, err = from.clone(); err != nil {
			return nil, err
		}
		recipe := digitRecipe{batch: 64, epochs: 20, lr: 1e-3, classes: streamFirst + task, rng: random.New(s.seed, 150+uint64(task))}
		if err := s.train(ctx, e, row, recipe); err != nil {
			return nil, fmt.Errorf("%s, task %d: %w", row.name, task, err)
		}
		t, c, err := compat.Templates(e.unit(s.gallery.x), streamDim, ints(s.gallery.y))
		if err != nil {
			return nil, err
		}
		templates, classes = append(templates, t), c
		queries := e.unit(s.query.x)
		found := make([]float64, task+1)
		for j, t := range templates {
			if found[j], err = compat.Accuracy(queries, streamDim, ints(s.query.y), t, classes); err != nil {
				return nil, err
			}
		}
		m = append(m, found)
		progress(float64(task+1) / streamTasks)
	}
	return m, nil
}

func ints(x []int32) []int {
	out := make([]int, len(x))
	for i, v := range x {
		out[i] = int(v)
	}
	return out
}
