package embed

import (
	"math/rand/v2"

	"github.com/offprint/offprint/methods/embed/vecstore"
	"github.com/offprint/offprint/methods/eval"
	"github.com/offprint/offprint/methods/mlp"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
)

// clickTask is a [vecstore.Task]: the click model, and a tenth of its training
// impressions for validation.
type clickTask struct {
	bed   *clicks
	model clickModel
	net   *mlp.Net
	rng   *rand.Rand

	frozen bool // hand no gradient back

	parts [2][]int // training and validation impressions
	next  [2]int
	ids   []int32
	y     []float32
}

func newClickTask(c *clicks, m clickModel) (*clickTask, error) {
	t := &clickTask{bed: c, model: m, rng: random.New(m.seed, 17)}
	order := t.rng.Perm(len(c.train.liked))
	t.parts = [2][]int{order[len(order)/10:], order[:len(order)/10]}
	t.next = [2]int{len(order), len(order)} // shuffled on first use
	return t, t.Restart()
}

// steps is the number of batches in the model's epochs.
func (t *clickTask) steps() int { return t.model.epochs * (len(t.parts[0]) / clickBatch) }

func (t *clickTask) Restart() (err error) {
	t.net, err = mlp.New(t.model.inputs, t.model.hidden, clickRate, clickDecay, t.rng)
	return err
}

func (t *clickTask) Batch(validation bool) []int32 {
	k := 0
	if validation {
		k = 1
	}
	part := t.parts[k]
	if t.next[k]+clickBatch > len(part) {
		t.rng.Shuffle(len(part), func(i, j int) { part[i], part[j] = part[j], part[i] })
		t.next[k] = 0
	}
	batch := part[t.next[k] : t.next[k]+clickBatch]
	t.next[k] += clickBatch
	t.ids = train.Gather(t.ids, t.bed.train.ids, len(t.bed.fields), batch)
	t.y = train.Gather(t.y, t.bed.train.liked, 1, batch)
	return t.ids
}

func (t *clickTask) Gradient(x, grad []float32, learn bool) (err error) {
	if learn {
		_, err = t.net.Step(x, t.y, grad)
	} else {
		_, err = t.net.Gradient(x, t.y, grad)
	}
	if t.frozen {
		clear(grad)
	}
	return err
}

// Score is the AUC on the validation impressions.
func (t *clickTask) Score(lookup func(ids []int32, out []float32) error) (float64, error) {
	ids := train.Gather(nil, t.bed.train.ids, len(t.bed.fields), t.parts[1])
	liked := train.Gather(nil, t.bed.train.liked, 1, t.parts[1])
	return t.auc(ids, liked, lookup)
}

// test is the AUC on the test impressions.
func (t *clickTask) test(s *vecstore.Store) (float64, error) {
	return t.auc(t.bed.test.ids, t.bed.test.liked, s.Lookup)
}

func (t *clickTask) auc(ids []int32, liked []float32, lookup func(ids []int32, out []float32) error) (float64, error) {
	x := make([]float32, len(liked)*t.net.In)
	if err := lookup(ids, x); err != nil {
		return 0, err
	}
	z, err := t.net.Logits(x)
	if err != nil {
		return 0, err
	}
	positive := make([]bool, len(liked))
	for i, y := range liked {
		positive[i] = y == 1
	}
	return eval.AUC(z, positive), nil
}
