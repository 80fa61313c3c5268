package semid

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/offprint/offprint/methods/adam"
	"github.com/offprint/offprint/methods/mlp"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
	"github.com/offprint/offprint/methods/vector"
)

// Config is how an RQ-VAE is made. Zero fields take the defaults in brackets,
// which suit a few thousand items.
type Config struct {
	Levels, Codes  int     // of the IDs [4, 64]
	Latent, Hidden int     // sizes of z and of the hidden layers [32, 96]
	Beta           float64 // weight of the commitment term [0.25]
	WarmUp, Epochs int     // of the plain autoencoder, then of all of it [2, 28]
	Batch          int     // [256], or all items if these are fewer
	LR             float64 // Adam's [0.001]
	Seed           uint64
}

func (c Config) withDefaults(items int) Config {
	for _, f := range []struct {
		field *int
		value int
	}{{&c.Levels, 4}, {&c.Codes, 64}, {&c.Latent, 32}, {&c.Hidden, 96}, {&c.WarmUp, 2}, {&c.Epochs, 28}, {&c.Batch, 256}} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	if c.Beta == 0 {
		c.Beta = .25
	}
	if c.LR == 0 {
		c.LR = 1e-3
	}
	c.Batch = min(c.Batch, items)
	return c
}

// settled is how many epochs at the end go without new codewords, so that all
// have time to learn.
const settled = 5

// RQVAE is a residual-quantised autoencoder, trained and frozen. It is for one
// goroutine at a time while it learns, and for any number afterwards.
type RQVAE struct {
	RQ               // of the latents z
	encoder, decoder [2]*mlp.Layer
}

// Train fits an RQ-VAE to the rows of x [n x dim], which should have entries of
// about 1. It needs at least as many rows as codes.
func Train(ctx context.Context, x []float32, dim int, c Config) (*RQVAE, error) {
	if dim < 1 || len(x)%dim != 0 || len(x) == 0 {
		return nil, fmt.Errorf("semid: %d numbers are not rows of %d", len(x), dim)
	}
	c = c.withDefaults(len(x) / dim)
	if min(c.Levels, c.Codes, c.Latent, c.Hidden, c.WarmUp, c.Epochs, c.Batch) < 1 || c.Codes > math.MaxUint16+1 || c.Beta < 0 || c.LR < 0 {
		return nil, fmt.Errorf("semid: invalid configuration %+v", c)
	}
	rng := random.New(c.Seed, 0)
	q := &RQVAE{RQ: RQ{Levels: c.Levels, Codes: c.Codes, Dim: c.Latent}}
	for _, l := range []struct {
		to      **mlp.Layer
		in, out int
	}{{&q.encoder[0], dim, c.Hidden}, {&q.encoder[1], c.Hidden, c.Latent}, {&q.decoder[0], c.Latent, c.Hidden}, {&q.decoder[1], c.Hidden, dim}} {
		var err error
		if *l.to, err = mlp.NewLayer(l.in, l.out, rng); err != nil {
			return nil, err
		}
	}
	if err := q.epochs(ctx, x, c, c.WarmUp, rng, nil); err != nil {
		return nil, err
	}
	start, err := ResidualKMeans(ctx, q.latents(x), c.Latent, c.Levels, c.Codes, c.Seed)
	if err != nil {
		return nil, err
	}
	q.Codewords = start.Codewords
	return q, q.epochs(ctx, x, c, c.Epochs, rng, func(epoch int) error {
		if epoch >= c.Epochs-settled {
			return nil
		}
		return q.revive(x, rng)
	})
}

// epochs trains all that there is so far, which is the autoencoder alone before
// there are codewords; after, if set, is called after each epoch.
func (q *RQVAE) epochs(ctx context.Context, x []float32, c Config, epochs int, rng *rand.Rand, after func(epoch int) error) error {
	dim := q.encoder[0].In
	codewords := adam.New(len(q.Codewords), c.LR)
	var (
		s     step
		batch []float32
	)
	for epoch := range epochs {
		loop := train.Loop{Examples: len(x) / dim, Batch: c.Batch, Epochs: 1, Rand: rng}
		err := loop.Run(ctx, func(rows []int) (float64, error) {
			batch = train.Gather(batch, x, dim, rows)
			loss, err := q.gradients(&s, batch, c.Beta)
			for _, l := range q.layers() {
				l.Step(c.LR, 0)
			}
			codewords.Step(q.Codewords, s.dc)
			return loss, err
		})
		if err != nil {
			return fmt.Errorf("semid: epoch %d: %w", epoch+1, err)
		}
		if after != nil {
			if err := after(epoch); err != nil {
				return err
			}
		}
	}
	return nil
}

func (q *RQVAE) layers() []*mlp.Layer {
	return []*mlp.Layer{q.encoder[0], q.encoder[1], q.decoder[0], q.decoder[1]}
}

// step is the room for a training step: activations, their gradients, and those
// of the codewords.
type step struct {
	h, z, top, g, y      []float32
	dh, dz, dtop, dg, dy []float32
	dc                   []float32
}

// gradients sets the layers' gradients and s.dc for a batch x, and returns its
// loss, a mean over the rows. It is the graph of the package comment, backwards:
// through the decoder; straight through the sum of codewords to z, where the
// commitment terms add 2 beta (r_l - c_l); and on through the encoder. Codeword
// c_l itself gets 2 (c_l - r_l).
func (q *RQVAE) gradients(s *step, x []float32, beta float64) (float64, error) {
	for _, l := range q.layers() {
		l.ZeroGradient()
	}
	s.h = mlp.ReLU(q.encoder[0].Forward(s.h, x))
	s.z = q.encoder[1].Forward(s.z, s.h)
	n := len(s.z) / q.Dim
	s.dc = append(s.dc[:0], make([]float32, len(q.Codewords))...)
	s.dz = append(s.dz[:0], make([]float32, len(s.z))...)
	s.top = append(s.top[:0], s.z...)
	loss := 0.0
	if q.Codewords != nil {
		ids, residual, err := q.encode(s.z)
		if err != nil {
			return 0, err
		}
		r := make([]float32, q.Dim)
		for i, id := range ids {
			z, dz := s.z[i*q.Dim:(i+1)*q.Dim], s.dz[i*q.Dim:(i+1)*q.Dim]
			copy(r, z)
			for l, c := range id {
				vector.AddScaled(r, -1, q.codeword(l, c)) // r_l - c_l
				loss += (1 + beta) * float64(vector.Dot(r, r)) / float64(n)
				vector.AddScaled(dz, float32(2*beta)/float32(n), r)
				k := (l*q.Codes + int(c)) * q.Dim
				vector.AddScaled(s.dc[k:k+q.Dim], -2/float32(n), r)
			}
		}
		vector.AddScaled(s.top, -1, residual) // z^
	}
	s.g = mlp.ReLU(q.decoder[0].Forward(s.g, s.top))
	s.y = q.decoder[1].Forward(s.y, s.g)
	s.dy = append(s.dy[:0], s.y...)
	vector.AddScaled(s.dy, -1, x)
	loss += float64(vector.Dot(s.dy, s.dy)) / float64(n)
	for i := range s.dy {
		s.dy[i] *= 2 / float32(n)
	}
	s.dg = mlp.BackReLU(q.decoder[1].Backward(s.dg, s.g, s.dy), s.g)
	s.dtop = q.decoder[0].Backward(s.dtop, s.top, s.dg)
	vector.AddScaled(s.dz, 1, s.dtop)
	s.dh = mlp.BackReLU(q.encoder[1].Backward(s.dh, s.h, s.dz), s.h)
	q.encoder[0].Backward(s.y, x, s.dh)
	return loss, nil
}

// revive moves codewords that no row has to residuals of random rows.
func (q *RQVAE) revive(x []float32, rng *rand.Rand) error {
	z := q.latents(x)
	ids, _, err := q.encode(z)
	if err != nil {
		return err
	}
	used := make([]bool, q.Levels*q.Codes)
	for _, id := range ids {
		for l, c := range id {
			used[l*q.Codes+int(c)] = true
		}
	}
	for u, ok := range used {
		if ok {
			continue
		}
		l, c := u/q.Codes, uint16(u%q.Codes)
		i := rng.IntN(len(ids))
		word := q.codeword(l, c)
		copy(word, z[i*q.Dim:(i+1)*q.Dim])
		for m, before := range ids[i][:l] {
			vector.AddScaled(word, -1, q.codeword(m, before))
		}
	}
	return nil
}

// latents is z of the rows of x.
func (q *RQVAE) latents(x []float32) []float32 {
	return q.encoder[1].Forward(nil, mlp.ReLU(q.encoder[0].Forward(nil, x)))
}

// Encode returns the semantic IDs, coarse to fine, of the rows of x [n x dim].
func (q *RQVAE) Encode(x []float32) ([][]uint16, error) {
	if dim := q.encoder[0].In; len(x)%dim != 0 {
		return nil, fmt.Errorf("semid: %d numbers are not rows of %d", len(x), dim)
	}
	return q.RQ.Encode(q.latents(x))
}

// Decode returns the content x^ of an ID.
func (q *RQVAE) Decode(id []uint16) ([]float32, error) {
	z, err := q.RQ.Decode(id)
	if err != nil {
		return nil, err
	}
	return q.decoder[1].Forward(nil, mlp.ReLU(q.decoder[0].Forward(nil, z))), nil
}
