// Package walk embeds the nodes of a graph by skip-gram over random walks: what
// other node embeddings are compared with. DeepWalk is "DeepWalk: Online
// Learning of Social Representations" (Perozzi, Al-Rfou and Skiena, 2014), with
// negative sampling in place of the hierarchical softmax, as is usual; node2vec
// is "node2vec: Scalable Feature Learning for Networks" (Grover and Leskovec,
// 2016).
//
// From each node start some walks. A node v within the window of u in a walk is
// a pair, and with negatives n drawn by degree^0.75 the vectors x and contexts y
// climb
//
//	log sigma(x_u . y_v) + sum_n log sigma(-x_u . y_n)
//
// by stochastic gradients with a falling step, as in word2vec (Mikolov and
// others, 2013): the window shrinks at random, which weighs near pairs more. A
// walk of node2vec that came from t to v goes on to x with odds 1/P if x = t, 1 if
// x is a neighbour of t, and 1/Q otherwise, times the edge's weight.
package walk

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sort"

	"github.com/offprint/offprint/methods/graph"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/vector"
)

// Config has the settings. The zero value has the defaults: DeepWalk as
// published, in 128 dimensions.
type Config struct {
	Dim       int     // default 128
	Walks     int     // from each node; default 80
	Length    int     // nodes of a walk; default 40
	Window    int     // the largest distance of a pair; default 10
	Negatives int     // for each pair; default 5
	LR        float64 // first step, which falls to 0; default 0.025
	P, Q      float64 // of node2vec; default 1, which is DeepWalk
}

func (c Config) filled() (Config, error) {
	for _, v := range []struct {
		at      *int
		initial int
		name    string
	}{{&c.Dim, 128, "dimensions"}, {&c.Walks, 80, "walks"}, {&c.Length, 40, "nodes a walk"}, {&c.Window, 10, "nodes in the window"}, {&c.Negatives, 5, "negatives"}} {
		if *v.at == 0 {
			*v.at = v.initial
		}
		if *v.at < 0 {
			return c, fmt.Errorf("walk: %d %s", *v.at, v.name)
		}
	}
	for _, v := range []struct {
		at      *float64
		initial float64
		name    string
	}{{&c.LR, .025, "LR"}, {&c.P, 1, "P"}, {&c.Q, 1, "Q"}} {
		if *v.at == 0 {
			*v.at = v.initial
		}
		if !(*v.at > 0) || math.IsInf(*v.at, 1) {
			return c, fmt.Errorf("walk: %s is %v", v.name, *v.at)
		}
	}
	return c, nil
}

// Pairs is the expected number of pairs that training meets in a graph of n
// nodes, none of them isolated; each costs 3 (1 + Negatives) Dim multiply-adds.
func (c Config) Pairs(n int) float64 {
	c, err := c.filled()
	if err != nil {
		return 0
	}
	// A window of w with probability 1/Window, and ends that cut it.
	pairs := 0.0
	for w := 1; w <= c.Window; w++ {
		for d := 1; d <= min(w, c.Length-1); d++ {
			pairs += 2 * float64(c.Length-d) / float64(c.Window)
		}
	}
	return float64(n) * float64(c.Walks) * pairs
}

// Embed returns the vectors of the nodes [g.Len() x Dim], row by row. It works on
// the calling goroutine.
func Embed(ctx context.Context, g *graph.Graph, c Config, rng *rand.Rand) ([]float32, error) {
	c, err := c.filled()
	if err != nil {
		return nil, err
	}
	n := g.Len()
	if n == 0 {
		return nil, fmt.Errorf("walk: the graph has no nodes")
	}
	odds := make([]float64, n)
	for i := range odds {
		odds[i] = math.Pow(g.Degree(i), .75)
	}
	if g.Edges() == 0 {
		odds[0] = 1 // no pair will ask
	}
	s := &skipGram{
		Config: c, rng: rng, draw: random.NewAlias(odds),
		x: make([]float32, n*c.Dim), y: make([]float32, n*c.Dim), step: make([]float32, c.Dim),
	}
	random.Uniform(rng, s.x, -.5/float64(c.Dim), .5/float64(c.Dim))
	walker := newWalker(g, c.P, c.Q)
	walk := make([]int32, c.Length)
	for pass := range c.Walks {
		for k, start := range rng.Perm(n) {
			if k%256 == 0 {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
			}
			done := (float64(pass) + float64(k)/float64(n)) / float64(c.Walks)
			s.train(walker.walk(walk, int32(start), rng), float32(c.LR*max(1-done, 1e-4)))
		}
	}
	return s.x, nil
}

// walker walks on a graph.
type walker struct {
	g       *graph.Graph
	cum     []float64 // sums of each node's weights so far; nil without weights
	p, q    float64
	highest float64 // of 1/P, 1, 1/Q
}

func newWalker(g *graph.Graph, p, q float64) *walker {
	w := &walker{g: g, p: p, q: q, highest: max(1/p, 1, 1/q)}
	for i := range g.Len() {
		sum := 0.0
		for _, v := range g.Weights(i) {
			sum += float64(v)
			w.cum = append(w.cum, sum)
		}
	}
	return w
}

// walk fills dst with a walk from start, and returns it; it ends early at an
// isolated node.
func (w *walker) walk(dst []int32, start int32, rng *rand.Rand) []int32 {
	dst[0] = start
	for k := 1; k < len(dst); k++ {
		at := int(dst[k-1])
		if len(w.g.Neighbors(at)) == 0 {
			return dst[:k]
		}
		dst[k] = w.step(at, rng)
		if k == 1 || w.p == 1 && w.q == 1 {
			continue
		}
		// Steps of the first order, kept with the odds of the second.
		from := dst[k-2]
		for {
			odds := 1 / w.q
			switch {
			case dst[k] == from:
				odds = 1 / w.p
			case w.g.Adjacent(int(from), int(dst[k])):
				odds = 1
			}
			if rng.Float64()*w.highest < odds {
				break
			}
			dst[k] = w.step(at, rng)
		}
	}
	return dst
}

func (w *walker) step(at int, rng *rand.Rand) int32 {
	next := w.g.Neighbors(at)
	if w.cum == nil {
		return next[rng.IntN(len(next))]
	}
	cum := w.cum[w.g.Offset(at):w.g.Offset(at+1)]
	u := rng.Float64() * cum[len(cum)-1]
	return next[min(sort.Search(len(cum), func(i int) bool { return cum[i] > u }), len(cum)-1)]
}

// skipGram has the vectors x and contexts y being trained.
type skipGram struct {
	Config
	rng  *rand.Rand
	draw *random.Alias
	x, y []float32
	step []float32 // of one x
}

func (s *skipGram) train(walk []int32, lr float32) {
	d := s.Dim
	for i, u := range walk {
		x := s.x[int(u)*d : (int(u)+1)*d]
		w := 1 + s.rng.IntN(s.Window)
		for j := max(0, i-w); j <= min(len(walk)-1, i+w); j++ {
			if j == i {
				continue
			}
			clear(s.step)
			s.climb(x, walk[j], lr, 1)
			for range s.Negatives {
				if v := int32(s.draw.Draw(s.rng)); v != walk[j] {
					s.climb(x, v, lr, 0)
				}
			}
			vector.AddScaled(x, 1, s.step)
		}
	}
}

// climb moves the context of v, and adds to the step of x.
func (s *skipGram) climb(x []float32, v int32, lr, label float32) {
	y := s.y[int(v)*s.Dim : (int(v)+1)*s.Dim]
	g := lr * (label - sigmoid(vector.Dot(x, y)))
	vector.AddScaled(s.step, g, y)
	vector.AddScaled(y, g, x)
}

// sigmoid looks up 1/(1+e^-z), as word2vec does: 0 or 1 beyond 6.
func sigmoid(z float32) float32 {
	switch {
	case z >= sigmoidMax:
		return 1
	case z <= -sigmoidMax:
		return 0
	}
	return sigmoids[int((z+sigmoidMax)*(sigmoidSteps/(2*sigmoidMax)))]
}

const (
	sigmoidMax   = 6
	sigmoidSteps = 4096
)

var sigmoids = func() (t [sigmoidSteps + 1]float32) {
	for i := range t {
		t[i] = float32(1 / (1 + math.Exp(-(float64(i)+.5)*2*sigmoidMax/sigmoidSteps+sigmoidMax)))
	}
	return t
}()
