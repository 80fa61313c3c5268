package ngcf

import (
	"math"
	"math/rand/v2"

	"github.com/offprint/offprint/methods/vector"
)

// triple is a user, an item that it chose and one that it did not, as nodes.
type triple struct{ u, i, j int }

// step sets the gradients of a batch's loss, and returns the loss.
func (n *net) step(batch []triple, rng *rand.Rand) float64 {
	n.forward(rng)
	clear(n.g)
	clear(n.dfinal)
	share := 1 / float64(len(batch))
	reg := n.Reg * share
	// What the regulariser is on, and its gradient.
	z, dz, width := n.final, n.dfinal, n.width
	if n.Variant == LightGCN {
		z, dz, width = n.w, n.g, n.Dim
	}
	loss := 0.0
	row := func(m []float32, v int) []float32 { return m[v*n.width : (v+1)*n.width] }
	for _, t := range batch {
		u, i, j := row(n.final, t.u), row(n.final, t.i), row(n.final, t.j)
		du, di, dj := row(n.dfinal, t.u), row(n.dfinal, t.i), row(n.dfinal, t.j)
		diff := float64(vector.Dot(u, i) - vector.Dot(u, j))
		loss += share * softplus(-diff)
		s := float32(-share * sigmoid(-diff)) // of diff
		vector.AddScaled(du, s, i)
		vector.AddScaled(du, -s, j)
		vector.AddScaled(di, s, u)
		vector.AddScaled(dj, -s, u)
		for _, v := range []int{t.u, t.i, t.j} {
			e := z[v*width : (v+1)*width]
			loss += reg / 2 * float64(vector.Dot(e, e))
			vector.AddScaled(dz[v*width:(v+1)*width], float32(reg), e)
		}
	}
	n.backward()
	return loss
}

// softplus is ln(1 + e^x), without overflow.
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
