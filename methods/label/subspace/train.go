package subspace

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/assign"
	"github.com/offprint/offprint/methods/cluster"
	"github.com/offprint/offprint/methods/eval"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
	"github.com/offprint/offprint/methods/vector"
)

// Options say how to train. The zero value has the defaults.
type Options struct {
	Dim    int // of the embedding; 0 for 32
	Epochs int // 0 for 60
	Fine   int // of these, at the end, on the whole embedding; 0 for a quarter
	Batch  int // 0 for 80

	Patience  int // epochs without a better clustering before a split; 0 for 5
	Recluster int // epochs between clusterings of the examples; 0 for 2
	Splittable,
	MinLearner int // coordinates that a learner to be split has more than, and that each half has at least; 0 for 8 and 4

	Margin Margin
	Rate   float64 // Adam's; 0 for .001
	Decay  float64 // of the weights; 0 for 1e-4
	Seed   uint64
}

func (o Options) withDefaults() Options {
	set := func(v *int, to int) {
		if *v == 0 {
			*v = to
		}
	}
	set(&o.Dim, 32)
	set(&o.Epochs, 60)
	set(&o.Fine, o.Epochs/4)
	set(&o.Batch, 80)
	set(&o.Patience, 5)
	set(&o.Recluster, 2)
	set(&o.Splittable, 8)
	set(&o.MinLearner, 4)
	if o.Rate == 0 {
		o.Rate = .001
	}
	if o.Decay == 0 {
		o.Decay = 1e-4
	}
	return o
}

// Model is an embedding made of learners.
type Model struct {
	Epochs   []Epoch // how training went
	backbone Backbone
	head     *head
}

// Epoch is what training looked like after one.
type Epoch struct {
	Loss    float64 // mean of the batches
	Quality float64 // NMI of a k-means clustering of the training set with its classes
	Owner   []int   // of each coordinate, its learner
}

// Train trains a backbone in place and an embedding on top of it, and adds learners
// as it goes: inputs x row by row, as long as the backbone wants them, and their
// classes. The result is the same for a seed.
func Train(ctx context.Context, backbone Backbone, x []float32, labels []int, o Options) (*Model, error) {
	t, err := newTrainer(backbone, x, labels, o)
	if err != nil {
		return nil, err
	}
	t.dynamic = true
	return t.run(ctx)
}

// TrainFixed is [Train] with k learners from the first epoch to the last, equal
// shares of the coordinates: what the method is compared with. With k = 1 it is
// plain metric learning.
func TrainFixed(ctx context.Context, backbone Backbone, x []float32, labels []int, k int, o Options) (*Model, error) {
	t, err := newTrainer(backbone, x, labels, o)
	if err != nil {
		return nil, err
	}
	if k < 1 || k > t.Dim {
		return nil, fmt.Errorf("subspace: %d learners of %d coordinates", k, t.Dim)
	}
	t.head.divide(k)
	return t.run(ctx)
}

type trainer struct {
	Options
	*Model
	x       []float32
	in      int
	labels  []int
	classes int
	rng     *rand.Rand
	dynamic bool

	group []int     // cluster of each example, which is its learner's
	score []float64 // of the coordinates in this epoch, summed
	count []int     // samples in score
}

func newTrainer(backbone Backbone, x []float32, labels []int, o Options) (*trainer, error) {
	o = o.withDefaults()
	in, width := backbone.Shape()
	if len(labels) < 2 || len(x) != len(labels)*in {
		return nil, fmt.Errorf("subspace: %d values are not %d rows of %d", len(x), len(labels), in)
	}
	for _, v := range []int{o.Dim, o.Epochs, o.Batch, o.Patience, o.Recluster, o.Splittable, o.MinLearner} {
		if v < 1 {
			return nil, fmt.Errorf("subspace: negative options: %+v", o)
		}
	}
	if o.Fine < 0 || o.Fine > o.Epochs || !(o.Rate > 0) || !(o.Decay >= 0) {
		return nil, fmt.Errorf("subspace: %d of %d epochs fine, rate %v, decay %v", o.Fine, o.Epochs, o.Rate, o.Decay)
	}
	for i, v := range x {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return nil, fmt.Errorf("subspace: value %d of row %d is %v", i%in, i/in, v)
		}
	}
	classes := map[int]bool{}
	for _, y := range labels {
		classes[y] = true
	}
	rng := random.New(o.Seed, 56)
	h, err := newHead(width, o.Dim, rng)
	if err != nil {
		return nil, err
	}
	h.rows.LR, h.rows.Decay = o.Rate, float32(o.Decay)
	return &trainer{
		Options: o, Model: &Model{backbone: backbone, head: h},
		x: x, in: in, labels: labels, classes: len(classes), rng: rng,
		group: make([]int, len(labels)), score: make([]float64, o.Dim), count: make([]int, o.Dim),
	}, nil
}

func (t *trainer) run(ctx context.Context) (*Model, error) {
	best, at, may := 0., 0, false
	for epoch := range t.Options.Epochs {
		fine := epoch >= t.Options.Epochs-t.Fine
		if fine {
			clear(t.group)
		} else if len(t.head.learners) > 1 && epoch%t.Recluster == 0 {
			if err := t.recluster(ctx); err != nil {
				return nil, err
			}
		}
		loss, err := t.epoch(ctx, fine)
		if err != nil {
			return nil, err
		}
		quality, err := t.quality(ctx)
		if err != nil {
			return nil, err
		}
		if quality > best {
			best, at, may = quality, epoch, true
		}
		t.Model.Epochs = append(t.Model.Epochs, Epoch{loss, quality, t.owners()})
		if t.dynamic && may && !fine && epoch >= at+t.Patience {
			split, err := t.split()
			if err != nil {
				return nil, err
			}
			may = !split
		}
	}
	return t.Model, nil
}

// epoch goes through the examples in batches of one cluster each, in random order.
func (t *trainer) epoch(ctx context.Context, fine bool) (float64, error) {
	type batch struct {
		learner  int
		examples []int
	}
	members := make([][]int, len(t.head.learners))
	for _, i := range t.rng.Perm(len(t.labels)) {
		members[t.group[i]] = append(members[t.group[i]], i)
	}
	var batches []batch
	for k, m := range members {
		for part := range slices.Chunk(m, t.Batch) {
			batches = append(batches, batch{k, part})
		}
	}
	t.rng.Shuffle(len(batches), func(i, j int) { batches[i], batches[j] = batches[j], batches[i] })
	clear(t.score)
	clear(t.count)
	sum := 0.
	for _, b := range batches {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		learners := t.head.learners
		if !fine {
			learners = learners[b.learner : b.learner+1]
		}
		loss, err := t.step(b.examples, learners)
		if err != nil {
			return 0, err
		}
		sum += loss
	}
	return sum / float64(len(batches)), nil
}

// step trains on a batch: the backbone, and the coordinates of some learners.
func (t *trainer) step(examples []int, learners [][]int) (float64, error) {
	x := train.Gather(nil, t.x, t.in, examples)
	labels := train.Gather(nil, t.labels, 1, examples)
	v, err := t.backbone.Features(x)
	if err != nil {
		return 0, err
	}
	// The learners' unit vectors side by side have the length sqrt(k).
	k, n := len(learners), len(examples)
	units, lengths := make([][]float64, k), make([][]float64, k)
	dim := 0
	for i, l := range learners {
		units[i], lengths[i] = t.head.forward(v, l)
		dim += len(l)
	}
	scale := 1 / math.Sqrt(float64(k))
	e, grad := make([]float64, 0, n*dim), make([]float64, n*dim)
	for row := range n {
		for i, l := range learners {
			for _, u := range units[i][row*len(l) : (row+1)*len(l)] {
				e = append(e, u*scale)
			}
		}
	}
	loss, err := t.Margin.Loss(e, dim, labels, grad)
	if err != nil {
		return 0, err
	}
	dv := make([]float32, len(v))
	from := 0
	for i, l := range learners {
		du := make([]float64, 0, n*len(l))
		for row := range n {
			for c := range l {
				du = append(du, grad[row*dim+from+c]*scale)
			}
		}
		from += len(l)
		t.rate(l, units[i], du)
		t.head.backward(v, l, units[i], lengths[i], du, dv)
	}
	if err := t.backbone.Step(x, dv, t.Rate, t.Decay); err != nil {
		return 0, err
	}
	t.head.rows.Step()
	return loss, nil
}

// rate adds to the scores of coordinates, equation (3). The gradient is that of the
// unit vector, along the sphere.
func (t *trainer) rate(coords []int, unit, du []float64) {
	along := make([]float64, len(coords))
	for lo := 0; lo < len(unit); lo += len(coords) {
		u := unit[lo : lo+len(coords)]
		tangent(along, u, du[lo:lo+len(coords)])
		for k, j := range coords {
			t.score[j] += u[k] * along[k]
			t.count[j]++
		}
	}
}

// split divides the last learner, if it can be.
func (t *trainer) split() (bool, error) {
	last := t.head.learners[len(t.head.learners)-1]
	if len(last) <= t.Splittable {
		return false, nil
	}
	score := make([]float64, len(last))
	for k, j := range last {
		score[k] = t.score[j] / float64(max(1, t.count[j]))
	}
	seal, rest, err := SplitByTaylor(score, last)
	if err != nil || len(seal) < t.MinLearner || len(rest) < t.MinLearner {
		return false, err
	}
	t.head.split(seal, rest, t.rng)
	return true, nil
}

// recluster shares the examples out among the learners, by k-means of the features'
// directions. Clusters keep their numbers as far as their members stay.
func (t *trainer) recluster(ctx context.Context) error {
	k := len(t.head.learners)
	v, err := t.backbone.Features(t.x)
	if err != nil {
		return err
	}
	_, width := t.backbone.Shape()
	v = slices.Clone(v)
	vector.NormalizeRows(v, width)
	m, err := kMeans(ctx, v, width, k, t.rng)
	if err != nil {
		return err
	}
	overlap := mat.NewDense(k, k, nil)
	for i, c := range m.Assign {
		overlap.Set(int(c), t.group[i], overlap.At(int(c), t.group[i])+1)
	}
	number, _, err := assign.Max(overlap)
	if err != nil {
		return err
	}
	for i, c := range m.Assign {
		t.group[i] = number[c]
	}
	return nil
}

// quality is the NMI of the training set's classes with a clustering into as many.
func (t *trainer) quality(ctx context.Context) (float64, error) {
	e, err := t.Embed(t.x)
	if err != nil {
		return 0, err
	}
	m, err := kMeans(ctx, e, t.Dim, t.classes, t.rng)
	if err != nil {
		return 0, err
	}
	groups := make([]int, len(m.Assign))
	for i, c := range m.Assign {
		groups[i] = int(c)
	}
	return eval.NMI(groups, t.labels), nil
}

// kMeans is the best clustering of some starts.
func kMeans(ctx context.Context, x []float32, dim, k int, rng *rand.Rand) (*cluster.KMeans, error) {
	const starts = 5
	var best *cluster.KMeans
	for range starts {
		m, err := cluster.Fit(ctx, x, dim, k, 100, rng)
		if err != nil {
			return nil, err
		}
		if best == nil || m.Inertia < best.Inertia {
			best = m
		}
	}
	return best, nil
}

func (t *trainer) owners() []int {
	owner := make([]int, t.Dim)
	for k, l := range t.head.learners {
		for _, j := range l {
			owner[j] = k
		}
	}
	return owner
}
