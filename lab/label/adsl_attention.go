package label

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/digits"
	"github.com/offprint/offprint/methods/label/subspace"
	"github.com/offprint/offprint/methods/mlp"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
	"github.com/offprint/offprint/methods/vector"
)

// In full there are also images with a digit somewhere among strokes, and a
// convolutional backbone: does attention help to tell the digits apart, and does
// its map show where they are?
const (
	sceneSize  = 16
	sceneEdge  = 8 // of a digit
	sceneFound = "scenes, recall@1"
	sceneDice  = "scenes, Dice with the digit's box"

	sceneAttention = "attention"
	scenePlain     = "without attention"
	sceneCAM       = "class activation"
	sceneMagnitude = "features' magnitude"
)

// scenes are images with a digit each.
type scenes struct {
	x   []float32 // [n x sceneSize x sceneSize]
	y   []int
	box []bool // [n x sceneSize x sceneSize], where the digit is
}

// newScenes makes n of them, each with one of the images in turn.
func newScenes(im digits.Images, n int, rng *rand.Rand) *scenes {
	const pixels = sceneSize * sceneSize
	s := &scenes{}
	for k := range n {
		i := k % im.Len()
		s.y = append(s.y, im.Y[i])
		x, box := make([]float32, pixels), make([]bool, pixels)
		for range 6 {
			r, c, down := rng.IntN(sceneSize-2), rng.IntN(sceneSize-2), rng.IntN(2)
			for k := range 3 {
				x[(r+down*k)*sceneSize+c+(1-down)*k] = .5 + .5*rng.Float32()
			}
		}
		top, left := rng.IntN(sceneSize-sceneEdge+1), rng.IntN(sceneSize-sceneEdge+1)
		for r := range sceneEdge {
			for c := range sceneEdge {
				at := (top+r)*sceneSize + left + c
				x[at] = max(x[at], float32(im.Row(i)[r*sceneEdge+c]))
				box[at] = true
			}
		}
		for _, v := range x {
			s.x = append(s.x, 2*v-.3)
		}
		s.box = append(s.box, box...)
	}
	return s
}

// attention trains on scenes, first by cross-entropy, since the metric alone does
// not get going from nothing, then by the metric.
func attention(ctx context.Context, r *lab.Run, seed uint64, progress func(float64, string)) error {
	const warm, epochs, rate, decay = 25, 25, .001, 1e-4
	images, test, err := digits.Split(seed, 56)
	if err != nil {
		return err
	}
	rng := random.New(seed, 5610)
	fit, held := newScenes(images, 2000, rng), newScenes(test, test.Len(), rng)
	for i, attended := range []bool{true, false} {
		name := scenePlain
		if attended {
			name = sceneAttention
		}
		progress(float64(i)/2, "scenes, "+name)
		b, err := subspace.NewConvolutional(sceneSize, attended, random.New(seed, 5611))
		if err != nil {
			return err
		}
		c, err := newClassifier(b, random.New(seed, 5612))
		if err != nil {
			return err
		}
		if err := c.train(ctx, fit.x, fit.y, warm, random.New(seed, 5613)); err != nil {
			return err
		}
		if !attended {
			// What the classifier looks at, and what it does when trained as long.
			if err := c.train(ctx, fit.x, fit.y, epochs, random.New(seed, 5614)); err != nil {
				return err
			}
			if err := sceneRecall(r, adslClasses, seed, held, c.embed); err != nil {
				return err
			}
			if err := c.explain(r, seed, held); err != nil {
				return err
			}
			if b, err = subspace.NewConvolutional(sceneSize, attended, random.New(seed, 5611)); err != nil {
				return err
			}
			if c, err = newClassifier(b, random.New(seed, 5612)); err != nil {
				return err
			}
			if err := c.train(ctx, fit.x, fit.y, warm, random.New(seed, 5613)); err != nil {
				return err
			}
		}
		m, err := subspace.Train(ctx, b, fit.x, fit.y, subspace.Options{Epochs: epochs, Seed: seed, Rate: rate, Decay: decay})
		if err != nil {
			return err
		}
		if err := sceneRecall(r, name, seed, held, m.Embed); err != nil {
			return err
		}
		if attended {
			maps, _, err := b.Maps(held.x)
			if err != nil {
				return err
			}
			r.Metric(sceneDice, name, seed, held.dice(maps), "")
		}
	}
	return nil
}

func sceneRecall(r *lab.Run, name string, seed uint64, s *scenes, embed func(x []float32) ([]float32, error)) error {
	e, err := embed(s.x)
	if err != nil {
		return err
	}
	recall, err := subspace.RecallAt(e, len(e)/len(s.y), s.y, 1)
	if err != nil {
		return err
	}
	r.Metric(sceneFound, name, seed, recall, "")
	return nil
}

// dice is how well maps of half the size cover the digits' boxes, with the
// threshold between an image's least and greatest value that is best for all.
func (s *scenes) dice(maps []float32) float64 {
	const half = sceneSize / 2
	best := 0.
	for step := range 19 {
		sum := 0.
		for i := range s.y {
			m := maps[i*half*half : (i+1)*half*half]
			low, high := slices.Min(m), slices.Max(m)
			threshold := low + (high-low)*float32(step+1)/20
			both, total := 0., 0.
			for at, in := range s.box[i*sceneSize*sceneSize : (i+1)*sceneSize*sceneSize] {
				marked := m[at/sceneSize/2*half+at%sceneSize/2] > threshold
				if marked {
					total++
				}
				if in {
					total++
				}
				if marked && in {
					both++
				}
			}
			sum += 2 * both / total
		}
		best = max(best, sum/float64(len(s.y)))
	}
	return best
}

// classifier is a backbone with an embedding and a linear layer to the classes.
type classifier struct {
	backbone        subspace.Backbone
	embedding, last *mlp.Layer
}

func newClassifier(b subspace.Backbone, rng *rand.Rand) (*classifier, error) {
	_, width := b.Shape()
	embedding, err := mlp.NewLayer(width, 32, rng)
	if err != nil {
		return nil, err
	}
	last, err := mlp.NewLayer(32, digits.Classes, rng)
	return &classifier{b, embedding, last}, err
}

// train goes by cross-entropy.
func (c *classifier) train(ctx context.Context, x []float32, y []int, epochs int, rng *rand.Rand) error {
	const rate, decay, batch = .001, 1e-4, 80
	in, _ := c.backbone.Shape()
	var z, logits, dz, dv []float32
	for range epochs {
		for part := range slices.Chunk(rng.Perm(len(y)), batch) {
			if err := ctx.Err(); err != nil {
				return err
			}
			xs := train.Gather(nil, x, in, part)
			v, err := c.backbone.Features(xs)
			if err != nil {
				return err
			}
			z = c.embedding.Forward(z, v)
			logits = c.last.Forward(logits, z)
			if _, err := mlp.CrossEntropy(logits, train.Gather(nil, y, 1, part)); err != nil {
				return err
			}
			c.embedding.ZeroGradient()
			c.last.ZeroGradient()
			dz = c.last.Backward(dz, z, logits)
			dv = c.embedding.Backward(dv, v, dz)
			c.embedding.Step(rate, decay)
			c.last.Step(rate, decay)
			if err := c.backbone.Step(xs, dv, rate, decay); err != nil {
				return err
			}
		}
	}
	return nil
}

// embed returns unit vectors of what comes before the last layer.
func (c *classifier) embed(x []float32) ([]float32, error) {
	v, err := c.backbone.Features(x)
	if err != nil {
		return nil, err
	}
	e := c.embedding.Forward(nil, v)
	vector.NormalizeRows(e, c.embedding.Out)
	return e, nil
}

// explain measures the maps that a classifier without attention gives: of the
// class's own activation, and of all features.
func (c *classifier) explain(r *lab.Run, seed uint64, s *scenes) error {
	b, ok := c.backbone.(*subspace.Convolutional)
	if !ok {
		return fmt.Errorf("maps of a %T", c.backbone)
	}
	_, phi, err := b.Maps(s.x)
	if err != nil {
		return err
	}
	_, width := b.Shape()
	var cam, magnitude []float32
	places := len(phi) / width / len(s.y)
	for i, y := range s.y {
		// The logit's gradient by the features.
		w := make([]float32, width)
		for j := range w {
			for k := range c.embedding.Out {
				w[j] += c.embedding.W[j*c.embedding.Out+k] * c.last.W[k*c.last.Out+y]
			}
		}
		for p := range places {
			f := phi[(i*places+p)*width : (i*places+p+1)*width]
			cam = append(cam, max(0, vector.Dot(w, f)))
			sum := float32(0)
			for _, v := range f {
				sum += v
			}
			magnitude = append(magnitude, sum)
		}
	}
	r.Metric(sceneDice, sceneCAM, seed, s.dice(cam), "")
	r.Metric(sceneDice, sceneMagnitude, seed, s.dice(magnitude), "")
	return nil
}
