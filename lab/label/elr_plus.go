package label

import (
	"context"
	"slices"

	"github.com/offprint/offprint/methods/label/elr"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
)

// plusNet is one of the two networks of ELR+.
type plusNet struct {
	net, averaged *noisyNet
	loss          *elr.Loss
	step          int
}

// trainPlus trains two networks, the first of which is given, each with targets
// from the averaged weights of the other. Both averages classify together.
func trainPlus(ctx context.Context, seed uint64, bed *noisyBed, noisy []int, first *noisyNet, c *measured) error {
	rng := random.New(seed, 472)
	second, err := newNoisyNet(bed.dim, bed.classes, rng)
	if err != nil {
		return err
	}
	var nets [2]*plusNet
	for i, net := range []*noisyNet{first, second} {
		p := &plusNet{net: net}
		if p.averaged, err = newNoisyNet(bed.dim, bed.classes, rng); err != nil {
			return err
		}
		for k, w := range net.weights() {
			copy(p.averaged.weights()[k], w)
		}
		if p.loss, err = elr.New(len(bed.y), bed.classes, 3, .7); err != nil {
			return err
		}
		nets[i] = p
	}
	both := func(x []float32) []int {
		z := slices.Clone(nets[0].averaged.logits(x))
		for i, v := range nets[1].averaged.logits(x) {
			z[i] += v
		}
		return classify(z, bed.classes)
	}
	var x []float32
	grad, labels := make([]float32, elrBatch*bed.classes), make([]int, elrBatch)
	return c.loop(rng, both).Run(ctx, func(rows []int) (float64, error) {
		x = train.Gather(x, bed.train, bed.dim, rows)
		for i, row := range rows {
			labels[i] = noisy[row]
		}
		total := 0.
		for i, p := range nets {
			if err := p.loss.Update(rows, nets[1-i].averaged.logits(x)); err != nil {
				return 0, err
			}
			mix := elr.NewMix(rng, len(rows))
			mixed, err := mix.Inputs(x, bed.dim)
			if err != nil {
				return 0, err
			}
			loss, err := p.loss.Mixed(rows, mix, p.net.logits(mixed), labels, grad)
			if err != nil {
				return 0, err
			}
			p.net.step(mixed, grad)
			p.step++
			for k, w := range p.net.weights() {
				elr.Average(p.averaged.weights()[k], w, p.step, .997)
			}
			total += loss
		}
		return total, nil
	})
}

// papers has the primary categories of papers as labels, a part of them made
// wrong. Its seeds are three.
func (r *elrRun) papers(ctx context.Context) error {
	categories := []string{"cs.CV", "cs.CL", "cs.LG", "cs.RO", "cs.CR", "cs.SE", "cs.IR", "cs.SD", "cs.HC"}
	t, err := loadPaperTexts(ctx, "", "", categories, 600, 64)
	if err != nil {
		return err
	}
	var x []float32
	var y []int
	for _, i := range random.New(0, 474).Perm(len(t.y)) {
		y = append(y, t.y[i])
		for _, v := range t.x.RawRowView(i) {
			x = append(x, float32(4*v)) // as long as a digit
		}
	}
	cut := len(y) * 3 / 4
	bed := &noisyBed{train: x[:cut*64], y: y[:cut], test: x[cut*64:], truth: y[cut:], dim: 64, classes: len(categories)}
	for _, seed := range r.Seeds(3) {
		for _, v := range []string{elrCE, elrGCE, elrMethod, elrLong} {
			if err := r.measure(ctx, seed, bed, elrPapers, v); err != nil {
				return err
			}
		}
	}
	return nil
}
