package label

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/offprint/offprint/methods/label/activelearn"
)

// asker has the strategies that look at the posterior of a prior over instances.
type asker struct {
	problem activelearn.Problem
	prior   []float64
	rng     *rand.Rand // for ties
}

func (a asker) posterior(h activelearn.History) []float64 {
	post := a.problem.Likelihood(h)
	sum := 0.
	for i := range post {
		post[i] *= a.prior[i]
		sum += post[i]
	}
	for i := range post {
		post[i] /= sum
	}
	return post
}

// byAnswer sums a distribution over instances by their right answers.
func (a asker) byAnswer(w []float64) []float64 {
	mass := make([]float64, a.problem.Answers())
	for i, v := range w {
		mass[a.problem.Truth[i]] += v
	}
	return mass
}

// likeliest is the answer with the largest posterior.
func (a asker) likeliest(h activelearn.History) int {
	mass := a.byAnswer(a.posterior(h))
	return least(a.rng, len(mass), func(z int) float64 { return -mass[z] })
}

// split returns how likely a yes to question q is, and the distributions over the
// answers after a no and after a yes.
func (a asker) split(post []float64, q int) (yes float64, after [2][]float64) {
	w := [2][]float64{make([]float64, len(post)), make([]float64, len(post))}
	for i, v := range post {
		p := a.problem.P[i][q]
		yes += v * p
		w[0][i], w[1][i] = v*(1-p), v*p
	}
	for k := range w {
		after[k] = a.byAnswer(w[k])
		sum := 0.
		for _, v := range after[k] {
			sum += v
		}
		for z := range after[k] {
			if sum > 0 {
				after[k][z] /= sum
			}
		}
	}
	return yes, after
}

// mostUncertain is uncertainty sampling: the question whose answer is the most
// open.
func (a asker) mostUncertain(h activelearn.History) int {
	post := a.posterior(h)
	return least(a.rng, a.problem.Questions(), func(q int) float64 {
		yes, _ := a.split(post, q)
		return math.Abs(yes - .5)
	})
}

// mostGain is the question that is expected to say most about the right answer.
func (a asker) mostGain(h activelearn.History) int {
	post := a.posterior(h)
	return least(a.rng, a.problem.Questions(), func(q int) float64 {
		yes, after := a.split(post, q)
		return (1-yes)*entropy(after[0]) + yes*entropy(after[1])
	})
}

func entropy(p []float64) float64 {
	e := 0.
	for _, v := range p {
		if v > 0 {
			e -= v * math.Log(v)
		}
	}
	return e
}

// inTurn asks the questions round and round.
func (a asker) inTurn(h activelearn.History) int {
	return least(a.rng, len(h.No), func(q int) float64 { return float64(h.Asked(q)) })
}

// least is one of 0..n-1 with the least value, by chance among equals.
func least(rng *rand.Rand, n int, value func(i int) float64) int {
	best, at, ties := math.Inf(1), 0, 0
	for i := range n {
		switch v := value(i); {
		case v < best-1e-9:
			best, at, ties = v, i, 1
		case v <= best+1e-9:
			if ties++; rng.IntN(ties) == 0 {
				at = i
			}
		}
	}
	return at
}

// eliminator is successive elimination: of the answers that are left, those that
// agree with too few of the replies are dropped, and the questions that the others
// disagree on are asked in turn.
type eliminator struct {
	problem activelearn.Problem
	// says[z][q] is the reply to question q that is the likelier one where z is
	// right.
	says  [][]bool
	width float64 // an answer goes when it is behind by more than width sqrt(replies)
	rng   *rand.Rand
}

// newEliminator takes what an answer says from the mean of its instances.
func newEliminator(p activelearn.Problem, width float64, rng *rand.Rand) eliminator {
	says := make([][]bool, p.Answers())
	for z := range says {
		says[z] = make([]bool, p.Questions())
		for q := range says[z] {
			lean := 0.
			for i, row := range p.P {
				if p.Truth[i] == z {
					lean += row[q] - .5
				}
			}
			says[z][q] = lean > 0
		}
	}
	return eliminator{p, says, width, rng}
}

// agreements is with how many replies each answer agrees.
func (e eliminator) agreements(h activelearn.History) []float64 {
	n := make([]float64, len(e.says))
	for z, says := range e.says {
		for q, yes := range says {
			if yes {
				n[z] += float64(h.Yes[q])
			} else {
				n[z] += float64(h.No[q])
			}
		}
	}
	return n
}

func (e eliminator) ask(h activelearn.History) int {
	agree := e.agreements(h)
	asked := 0
	for q := range h.No {
		asked += h.Asked(q)
	}
	floor := slices.Max(agree) - e.width*math.Sqrt(float64(asked))
	return least(e.rng, e.problem.Questions(), func(q int) float64 {
		yes, no := false, false
		for z, says := range e.says {
			if agree[z] >= floor {
				yes, no = yes || says[q], no || !says[q]
			}
		}
		turn := float64(h.Asked(q))
		if !yes || !no {
			turn += 1e6 // they agree: no use
		}
		return turn
	})
}

func (e eliminator) answer(h activelearn.History) int {
	agree := e.agreements(h)
	return least(e.rng, len(agree), func(z int) float64 { return -agree[z] })
}
