package activelearn

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// maxLikelihoods is how many likelihoods a [Game] may hold, at 8 bytes each.
const maxLikelihoods = 1 << 25

// Game is a [Problem] with its states laid out, to be solved exactly. A state is
// how often each question was answered with no and with yes: there are
// binom(T+2n, 2n) for n questions, and the likelihoods of those at the end are
// held for all instances, as many numbers as [NewGame] says in its error.
type Game struct {
	problem Problem
	// next[t][s][2q+a] is the state at depth t+1 after the answer a (1 for yes) to
	// question q in state s at depth t.
	next [][]int32
	size []int // states at each depth

	order []int     // instances by answer
	from  []int     // where each answer's begin in order, and the end
	like  []float64 // [states at the end][instances in order]
}

// NewGame lays out a problem. It is an error if that takes more than 2^25 numbers:
// fewer questions, or a smaller budget, take much less.
func NewGame(p Problem) (*Game, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	n := p.Questions()
	ends := 1. // binom(T+2n-1, T)
	for t := range p.Budget {
		ends *= float64(2*n+t) / float64(t+1)
	}
	if ends*float64(len(p.P)) > maxLikelihoods {
		return nil, fmt.Errorf("activelearn: %d questions with a budget of %d end in %.0f states, for %d instances: more than %d numbers", n, p.Budget, ends, len(p.P), maxLikelihoods)
	}
	g := &Game{problem: p, from: make([]int, p.Answers()+1)}
	for i, z := range p.Truth {
		g.order = append(g.order, i)
		g.from[z+1]++
	}
	slices.SortStableFunc(g.order, func(a, b int) int { return p.Truth[a] - p.Truth[b] })
	for z := range p.Answers() {
		g.from[z+1] += g.from[z]
	}
	// Depth by depth: each state as its counts, numbered as they are met.
	states := []string{string(make([]byte, 2*n))}
	g.size = []int{1}
	g.like = make([]float64, len(p.P))
	for i := range g.like {
		g.like[i] = 1
	}
	for range p.Budget {
		number := map[string]int32{}
		var reached []string
		var like []float64
		next := make([]int32, len(states)*2*n)
		for s, counts := range states {
			for move := range 2 * n {
				c := []byte(counts)
				c[move]++
				to, ok := number[string(c)]
				if !ok {
					to = int32(len(reached))
					number[string(c)] = to
					reached = append(reached, string(c))
					for k, i := range g.order {
						yes := p.P[i][move/2]
						if move%2 == 0 {
							yes = 1 - yes
						}
						like = append(like, g.like[s*len(g.order)+k]*yes)
					}
				}
				next[s*2*n+move] = to
			}
		}
		g.next = append(g.next, next)
		g.size = append(g.size, len(reached))
		states, g.like = reached, like
	}
	return g, nil
}

// States is the number of states, those before the last question included.
func (g *Game) States() int {
	n := 0
	for _, s := range g.size {
		n += s
	}
	return n
}

// Bayes returns the policy with the least loss on average over the instances with
// the weights w [instances], at least 0, and that loss with the weights scaled to
// sum 1. Of equally good questions and answers it takes the first.
func (g *Game) Bayes(w []float64) (*Policy, float64, error) {
	if len(w) != len(g.order) {
		return nil, 0, fmt.Errorf("activelearn: %d weights of %d instances", len(w), len(g.order))
	}
	sum := 0.
	for i, v := range w {
		if !(v >= 0) || math.IsInf(v, 1) {
			return nil, 0, fmt.Errorf("activelearn: weight %v of instance %d", v, i)
		}
		sum += v
	}
	if sum == 0 {
		return nil, 0, fmt.Errorf("activelearn: all weights are 0")
	}
	weights := make([]float64, len(w))
	for k, i := range g.order {
		weights[k] = w[i] / sum
	}
	p, loss := g.bestResponse(weights)
	return p, loss, nil
}

// bestResponse is the backward induction of equation (2), for weights in the
// game's order.
func (g *Game) bestResponse(w []float64) (*Policy, float64) {
	end := g.size[len(g.size)-1]
	loss, answer := make([]float64, end), make([]uint8, end)
	for s := range loss {
		like := g.like[s*len(w) : (s+1)*len(w)]
		total, best := 0., -1.
		for z := range len(g.from) - 1 {
			mass := floats.Dot(w[g.from[z]:g.from[z+1]], like[g.from[z]:g.from[z+1]])
			total += mass
			if mass > best {
				best, answer[s] = mass, uint8(z)
			}
		}
		loss[s] = total - best
	}
	n := g.problem.Questions()
	choice := make([][]uint8, len(g.next))
	for t := len(g.next) - 1; t >= 0; t-- {
		now := make([]float64, g.size[t])
		choice[t] = make([]uint8, g.size[t])
		for s := range now {
			now[s] = math.Inf(1)
			for q := range n {
				no, yes := g.next[t][(s*n+q)*2], g.next[t][(s*n+q)*2+1]
				if v := loss[no] + loss[yes]; v < now[s] {
					now[s], choice[t][s] = v, uint8(q)
				}
			}
		}
		loss = now
	}
	p := newPolicy(g.problem.Budget)
	var grow func(node, depth, state int)
	grow = func(node, depth, state int) {
		if depth == len(g.next) {
			p.Answer[node-len(p.Query)] = answer[state]
			return
		}
		q := choice[depth][state]
		p.Query[node] = q
		to := g.next[depth][(state*n+int(q))*2:]
		grow(2*node+1, depth+1, int(to[0]))
		grow(2*node+2, depth+1, int(to[1]))
	}
	grow(0, 0, 0)
	return p, max(0, loss[0])
}

// Bounds are two numbers between which a game's value lies: Lower is what an
// adversary forces on any strategy, Upper what the strategy found here allows.
type Bounds struct{ Lower, Upper float64 }

// Minimax looks for the strategy whose largest loss less offset is least, over the
// instances that are included. A nil include takes all, a nil offset is 0. It plays
// rounds of best responses, see equation (4); 100 leave a gap of a few thousandths
// on small problems. The strategy is the mixture of them all: a single one of them
// is worth nothing.
func (g *Game) Minimax(ctx context.Context, include []bool, offset []float64, rounds int) (*Mixture, Bounds, error) {
	n := len(g.order)
	if include != nil && len(include) != n || offset != nil && len(offset) != n || rounds < 1 {
		return nil, Bounds{}, fmt.Errorf("activelearn: %d rounds, %d marks and %d offsets for %d instances", rounds, len(include), len(offset), n)
	}
	in := func(i int) bool { return include == nil || include[i] }
	off := func(i int) float64 {
		if offset == nil {
			return 0
		}
		return offset[i]
	}
	some := false
	logs, w, total := make([]float64, n), make([]float64, n), make([]float64, n)
	for k, i := range g.order {
		logs[k] = math.Inf(-1)
		if in(i) {
			logs[k], some = 0, true
		}
		if math.IsNaN(off(i)) || math.IsInf(off(i), 0) {
			return nil, Bounds{}, fmt.Errorf("activelearn: offset %v of instance %d", off(i), i)
		}
	}
	if !some {
		return nil, Bounds{}, fmt.Errorf("activelearn: no instance is included")
	}
	m, b := &Mixture{}, Bounds{Lower: math.Inf(-1), Upper: math.Inf(-1)}
	for round := range rounds {
		if err := ctx.Err(); err != nil {
			return nil, Bounds{}, err
		}
		lse := floats.LogSumExp(logs)
		mean := 0. // offset
		for k, l := range logs {
			w[k] = math.Exp(l - lse)
			if w[k] > 0 {
				mean += w[k] * off(g.order[k])
			}
		}
		p, loss := g.bestResponse(w)
		b.Lower = max(b.Lower, loss-mean)
		rate := 4 / math.Sqrt(1+float64(round)/20)
		for k, i := range g.order {
			l := p.loss(0, g.problem.P[i], uint8(g.problem.Truth[i]))
			total[k] += l
			logs[k] += rate * (l - off(i))
		}
		m.Policies = append(m.Policies, p)
	}
	for k, i := range g.order {
		if in(i) {
			b.Upper = max(b.Upper, total[k]/float64(rounds)-off(i))
		}
	}
	return m, b, nil
}
