package label

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/digits"
	"github.com/offprint/offprint/methods/label/elr"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
)

// ELR reproduces paper 47 with digits whose labels are partly wrong, and with the
// linear model of its theory.
var ELR = lab.Reproduction{
	Slug: "elr",
	Claim: "A network learns right labels first and memorises wrong ones later; pulled towards the running average of its own predictions it does not, " +
		"and ends more accurate than with cross-entropy, stopped at its best epoch or not, or with a robust loss.",
	State:    lab.Reproduced,
	Method:   elrMethod,
	Package:  "methods/label/elr",
	Time:     15 * time.Second,
	FullTime: 2 * time.Minute,
	DataSets: []string{"digits"}, // in full, papers as well
	Run:      runELR,
	Broken: []lab.BrokenVariant{
		{Name: "targets-by-position", What: "Targets belong to places in the batch, not to training examples."},
		{Name: "no-gradient", What: "The output is cut off from the gradient of the second term, as the targets are."},
		{Name: "no-ensembling", What: "Targets are the last prediction alone: beta is 0."},
	},
}

// The variants.
const (
	elrCE     = "cross-entropy"
	elrOracle = "cross-entropy, best epoch in hindsight"
	elrSmooth = "label smoothing"
	elrGCE    = "generalised cross-entropy"
	elrMethod = "ELR"
	elrLong   = "ELR, lambda 7, beta .9"
	elrLast   = "ELR, beta 0"
	elrWeak   = "ELR, lambda 1"
	elrPlus   = "ELR+"
)

// elrNoise is a kind of wrong labels.
type elrNoise struct {
	name       string
	asymmetric bool
	rate       float64
}

var (
	elrSym40  = elrNoise{"symmetric 40%", false, .4}
	elrSym60  = elrNoise{"symmetric 60%", false, .6}
	elrAsym40 = elrNoise{"asymmetric 40%", true, .4}

	elrUsual   = []elrNoise{elrSym40, elrSym60, elrAsym40}
	elrFurther = []elrNoise{{"symmetric 20%", false, .2}, {"symmetric 80%", false, .8}, {"asymmetric 20%", true, .2}}
	elrPapers  = elrNoise{"papers, symmetric 40%", false, .4}
)

// The metrics, of a kind of noise.
func (n elrNoise) accuracy() string  { return n.name }
func (n elrNoise) memorised() string { return n.name + ", wrong labels memorised" }
func (n elrNoise) corrected() string { return n.name + ", wrong labels corrected" }

func (n elrNoise) apply(rng *rand.Rand, labels []int, classes int) (noisy []int, wrong []bool, err error) {
	if n.asymmetric {
		return elr.AsymmetricNoise(rng, labels, classes, n.rate)
	}
	return elr.SymmetricNoise(rng, labels, classes, n.rate)
}

// noisyBed is a classification task with clean labels.
type noisyBed struct {
	train, test  []float32 // [n x dim]
	y, truth     []int     // of train, and of test
	dim, classes int
}

const (
	elrBatch  = 64
	elrEpochs = 80
	elrEvery  = 2 // epochs from one measurement to the next
)

const (
	metricPrecision = "suspects that are wrong"
	metricRecall    = "wrong labels that are suspects"
)

// elrRun is a run of [ELR].
type elrRun struct {
	*lab.Run
	mu     sync.Mutex
	curves map[string]*elrCurve // by noise and variant, the sum over seeds
	peak   []float64            // the best of ELR's epochs at 60%, of each seed
}

// elrCurve is what is measured along the epochs.
type elrCurve struct {
	accuracy             []float64 // of the test
	memorised, corrected []float64 // shares of the wrong labels
}

func runELR(ctx context.Context, r *lab.Run) error {
	run := &elrRun{Run: r, curves: map[string]*elrCurve{}}
	seeds := 3
	if r.Full {
		seeds = 5
	}
	err := r.EachSeed(ctx, seeds, func(ctx context.Context, seed uint64, progress func(float64, string)) error {
		bed, err := noisyDigits(seed)
		if err != nil {
			return err
		}
		todo := run.todo()
		for i, t := range todo {
			progress(float64(i)/float64(len(todo)+1), t.noise.name+", "+t.variant)
			if err := run.measure(ctx, seed, bed, t.noise, t.variant); err != nil {
				return fmt.Errorf("%s, %s: %w", t.noise.name, t.variant, err)
			}
		}
		if r.Broken != "" {
			return nil
		}
		progress(float64(len(todo))/float64(len(todo)+1), "linear model")
		return run.linear(ctx, seed)
	})
	if err != nil {
		return err
	}
	if r.Full {
		if err := run.papers(ctx); err != nil {
			return err
		}
	}
	run.check()
	if r.Broken == "" {
		run.plots()
	}
	return nil
}

type elrTask struct {
	noise   elrNoise
	variant string
}

func (r *elrRun) todo() (todo []elrTask) {
	if r.Broken != "" {
		return []elrTask{{elrSym60, elrCE}, {elrSym60, elrMethod}}
	}
	noises := elrUsual
	variants := []string{elrCE, elrGCE, elrMethod}
	if r.Full {
		noises = slices.Concat(elrUsual, elrFurther)
		variants = append(variants, elrSmooth, elrLong, elrPlus)
	}
	for _, n := range noises {
		for _, v := range variants {
			todo = append(todo, elrTask{n, v})
		}
		if n == elrSym60 {
			todo = append(todo, elrTask{n, elrLast}, elrTask{n, elrWeak})
			if !r.Full {
				todo = append(todo, elrTask{n, elrPlus})
			}
		}
	}
	return todo
}

func noisyDigits(seed uint64) (*noisyBed, error) {
	fit, test, err := digits.Split(seed, 47)
	if err != nil {
		return nil, err
	}
	mean := fit.Mean()
	return &noisyBed{
		train: fit.Centred(mean).Float32(), y: fit.Y, test: test.Centred(mean).Float32(), truth: test.Y,
		dim: digits.Pixels, classes: digits.Classes,
	}, nil
}

// noisyLoss is a loss of logits, and its gradient.
type noisyLoss func(rows []int, logits []float32, labels []int, grad []float32) (float64, error)

// measure trains with a variant's loss on noisy labels and reports how it ends.
func (r *elrRun) measure(ctx context.Context, seed uint64, bed *noisyBed, noise elrNoise, variant string) error {
	noisy, wrong, err := noise.apply(random.New(seed, 470), bed.y, bed.classes)
	if err != nil {
		return err
	}
	// The same start and the same batches for all.
	rng := random.New(seed, 471)
	net, err := newNoisyNet(bed.dim, bed.classes, rng)
	if err != nil {
		return err
	}
	loss, targets, err := r.loss(len(bed.y), bed.classes, variant)
	if err != nil {
		return err
	}
	c := newMeasured(bed, noisy, wrong)
	if variant == elrPlus {
		if err := trainPlus(ctx, seed, bed, noisy, net, c); err != nil {
			return err
		}
	} else if err := trainNoisy(ctx, rng, bed, noisy, net, loss, c); err != nil {
		return err
	}
	last := len(c.accuracy) - 1
	r.Metric(noise.accuracy(), variant, seed, c.accuracy[last], "")
	r.Metric(noise.memorised(), variant, seed, c.memorised[last], "")
	r.Metric(noise.corrected(), variant, seed, c.corrected[last], "")
	if variant == elrCE {
		r.Metric(noise.accuracy(), elrOracle, seed, slices.Max(c.accuracy), "")
	}
	if variant == elrMethod && noise != elrSym60 {
		suspects, err := targets.Suspects(noisy, 0)
		if err != nil {
			return err
		}
		hit, all := 0., 0.
		for _, s := range suspects {
			if wrong[s.Example] {
				hit++
			}
		}
		for _, w := range wrong {
			if w {
				all++
			}
		}
		if len(suspects) > 0 {
			r.Metric(noise.name+", "+metricPrecision, variant, seed, hit/float64(len(suspects)), "")
		}
		r.Metric(noise.name+", "+metricRecall, variant, seed, hit/all, "")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if variant == elrMethod && noise == elrSym60 {
		r.peak = append(r.peak, slices.Max(c.accuracy))
	}
	key := noise.name + variant
	if r.curves[key] == nil {
		r.curves[key] = &elrCurve{make([]float64, last+1), make([]float64, last+1), make([]float64, last+1)}
	}
	for i := range c.accuracy {
		r.curves[key].accuracy[i] += c.accuracy[i]
		r.curves[key].memorised[i] += c.memorised[i]
		r.curves[key].corrected[i] += c.corrected[i]
	}
	return nil
}

// loss returns a variant's loss, and ELR's targets if it has some.
func (r *elrRun) loss(n, classes int, variant string) (noisyLoss, *elr.Loss, error) {
	lambda, beta := 3., .7
	switch variant {
	case elrCE:
		lambda = 0
	case elrGCE:
		return generalised(classes, .7), nil, nil
	case elrSmooth:
		return smoothed(classes, .5), nil, nil
	case elrLong:
		lambda, beta = 7, .9
	case elrLast:
		beta = 0
	case elrWeak:
		lambda = 1
	case elrPlus: // has losses of its own
		return nil, nil, nil
	}
	if variant == elrMethod && r.Is("no-ensembling") {
		beta = 0
	}
	l, err := elr.New(n, classes, lambda, beta)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case variant == elrMethod && r.Is("targets-by-position"):
		place := make([]int, elrBatch)
		for i := range place {
			place[i] = i
		}
		return func(_ []int, logits []float32, labels []int, grad []float32) (float64, error) {
			return l.Batch(place, logits, labels, grad)
		}, l, nil
	case variant == elrMethod && r.Is("no-gradient"):
		l.Lambda = 0
	}
	return l.Batch, l, nil
}

// generalised is the loss (1 - p_y^q) / q (Zhang and Sabuncu, 2018,
// arXiv:1805.07836), between cross-entropy and the absolute error.
func generalised(classes int, q float64) noisyLoss {
	return overProbabilities(classes, func(p []float64, y int) float64 {
		scale := math.Pow(p[y], q)
		p[y]--
		for c := range p {
			p[c] *= scale
		}
		return (1 - scale) / q
	})
}

// smoothed is cross-entropy with a share of the label's weight spread over all
// classes.
func smoothed(classes int, share float64) noisyLoss {
	return overProbabilities(classes, func(p []float64, y int) float64 {
		loss := 0.
		for c, v := range p {
			t := share / float64(classes)
			if c == y {
				t += 1 - share
			}
			loss -= t * math.Log(v)
			p[c] -= t
		}
		return loss
	})
}

// overProbabilities is the mean of a loss that turns an example's probabilities
// into its gradient in the logits.
func overProbabilities(classes int, f func(p []float64, y int) float64) noisyLoss {
	p := make([]float64, classes)
	return func(_ []int, logits []float32, labels []int, grad []float32) (float64, error) {
		loss := 0.
		for i, y := range labels {
			z, g := logits[i*classes:(i+1)*classes], grad[i*classes:(i+1)*classes]
			top, sum := z[argmax(z)], 0.
			for c, v := range z {
				p[c] = math.Exp(float64(v - top))
				sum += p[c]
			}
			for c := range p {
				p[c] /= sum
			}
			loss += f(p, y) / float64(len(labels))
			for c, v := range p {
				g[c] = float32(v / float64(len(labels)))
			}
		}
		return loss, nil
	}
}

// trainNoisy trains a network on noisy labels.
func trainNoisy(ctx context.Context, rng *rand.Rand, bed *noisyBed, noisy []int, net *noisyNet, loss noisyLoss, c *measured) error {
	var x []float32
	grad, labels := make([]float32, elrBatch*bed.classes), make([]int, elrBatch)
	return c.loop(rng, net.classify).Run(ctx, func(rows []int) (float64, error) {
		x = train.Gather(x, bed.train, bed.dim, rows)
		for i, row := range rows {
			labels[i] = noisy[row]
		}
		l, err := loss(rows, net.logits(x), labels, grad)
		if err != nil {
			return 0, err
		}
		net.step(x, grad)
		return l, nil
	})
}

// measured measures a network along its training.
type measured struct {
	elrCurve
	bed   *noisyBed
	x     []float32 // the training examples with a wrong label
	given []int     // their labels
	truth []int
	epoch int
}

func newMeasured(bed *noisyBed, noisy []int, wrong []bool) *measured {
	m := &measured{bed: bed}
	for i, w := range wrong {
		if w {
			m.x = append(m.x, bed.train[i*bed.dim:(i+1)*bed.dim]...)
			m.given, m.truth = append(m.given, noisy[i]), append(m.truth, bed.y[i])
		}
	}
	return m
}

// loop is a training loop that measures as it goes.
func (m *measured) loop(rng *rand.Rand, classify func(x []float32) []int) train.Loop {
	return train.Loop{
		Examples: len(m.bed.y), Batch: elrBatch, Epochs: elrEpochs, Rand: rng, Patience: elrEpochs,
		Validate: func() (float64, error) {
			if m.epoch++; m.epoch%elrEvery == 0 {
				m.accuracy = append(m.accuracy, agreement(classify(m.bed.test), m.bed.truth))
				found := classify(m.x)
				m.memorised = append(m.memorised, agreement(found, m.given))
				m.corrected = append(m.corrected, agreement(found, m.truth))
			}
			return 0, nil
		},
	}
}

// agreement is the share of places that are the same.
func agreement(a, b []int) float64 {
	n := 0.
	for i := range a {
		if a[i] == b[i] {
			n++
		}
	}
	return n / float64(len(a))
}
