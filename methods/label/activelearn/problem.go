package activelearn

import (
	"fmt"
	"math"
)

// MaxBudget is the largest number of questions: a policy holds an answer for each
// of the 2^T courses of a session.
const MaxBudget = 16

// Problem is what may come, as a finite grid of instances, and how many questions
// there are to find out. Questions and answers are numbered from 0, for ids that
// the caller keeps.
type Problem struct {
	Budget int         // T, questions in a session, 0..MaxBudget; each may be asked again
	P      [][]float64 // [instance][question], the probability of a yes
	Truth  []int       // [instance], the right answer; answers are 0..max
	// Complexity [instance] says how hard each is, in any unit: classes are sets of
	// instances up to a complexity. It should come from what must be told apart
	// alone; see [Problem.LowerBound]. Only [Robust] needs it.
	Complexity []float64
}

// Questions is the number of questions.
func (p Problem) Questions() int {
	if len(p.P) == 0 {
		return 0
	}
	return len(p.P[0])
}

// Answers is one more than the largest answer.
func (p Problem) Answers() int {
	n := 0
	for _, z := range p.Truth {
		n = max(n, z+1)
	}
	return n
}

// Check returns an error if that is no problem.
func (p Problem) Check() error {
	n := p.Questions()
	switch {
	case len(p.P) == 0 || len(p.P) != len(p.Truth):
		return fmt.Errorf("activelearn: %d instances with %d right answers", len(p.P), len(p.Truth))
	case n < 1 || n > math.MaxUint8:
		return fmt.Errorf("activelearn: %d questions", n)
	case p.Budget < 0 || p.Budget > MaxBudget:
		return fmt.Errorf("activelearn: a budget of %d is not within 0..%d", p.Budget, MaxBudget)
	}
	for i, row := range p.P {
		if len(row) != n {
			return fmt.Errorf("activelearn: instance %d has %d probabilities for %d questions", i, len(row), n)
		}
		for q, v := range row {
			if !(v >= 0 && v <= 1) {
				return fmt.Errorf("activelearn: instance %d, question %d: %v is not a probability", i, q, v)
			}
		}
		if z := p.Truth[i]; z < 0 || z >= math.MaxUint8 {
			return fmt.Errorf("activelearn: instance %d has the right answer %d", i, z)
		}
	}
	return nil
}

// History is what a session has brought, as counts by question: their order says
// nothing.
type History struct{ No, Yes []int }

// Asked is how often question q was asked.
func (h History) Asked(q int) int { return h.No[q] + h.Yes[q] }

// Likelihood returns the probability of one course with this history for each
// instance, L of equation (1).
func (p Problem) Likelihood(h History) []float64 {
	l := make([]float64, len(p.P))
	for i, row := range p.P {
		l[i] = 1
		for q, v := range row {
			l[i] *= power(v, h.Yes[q]) * power(1-v, h.No[q])
		}
	}
	return l
}

// power has 0^0 = 1 and is exact for a sure answer.
func power(x float64, n int) float64 {
	y := 1.
	for range n {
		y *= x
	}
	return y
}

// LowerBound returns a complexity for each instance, the number of questions that
// any strategy needs at least, up to a factor that grows with the certainty asked
// for:
//
//	1 / max over shares s of min over instances b with another answer of
//	sum_q s_q KL(p_q, b_q),
//
// where KL is that between two coins: the questions must be shared out so that the
// nearest instance with another answer is told apart. Instances that cannot be
// told from one with another answer have +Inf.
func (p Problem) LowerBound() ([]float64, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	c := make([]float64, len(p.P))
	for i := range p.P {
		var gain [][]float64 // [other instance][question]
		for b := range p.P {
			if p.Truth[b] == p.Truth[i] {
				continue
			}
			row := make([]float64, len(p.P[i]))
			for q, v := range p.P[i] {
				row[q] = min(coinKL(v, p.P[b][q]), maxKL)
			}
			gain = append(gain, row)
		}
		c[i] = 1 / bestShare(gain, p.Questions())
	}
	return c, nil
}

// maxKL stands for an infinite divergence: an answer that another instance cannot
// give settles it.
const maxKL = 50

func coinKL(p, q float64) float64 {
	part := func(a, b float64) float64 {
		if a == 0 {
			return 0
		}
		return a * math.Log(a/b)
	}
	return max(0, part(p, q)+part(1-p, 1-q))
}

// bestShare is the value of the game in which one side chooses a question and the
// other a row that gains little from it: multiplicative weights over the rows
// against best responses, whose mean converges.
func bestShare(gain [][]float64, questions int) float64 {
	if len(gain) == 0 {
		return math.Inf(1) // one answer only: nothing to ask
	}
	const rounds = 400
	scale := 0.
	for _, row := range gain {
		for _, v := range row {
			scale = max(scale, v)
		}
	}
	if scale == 0 {
		return 0
	}
	total, weights := make([]float64, len(gain)), make([]float64, len(gain))
	rate := math.Sqrt(8 * math.Log(float64(len(gain))+1) / rounds)
	for range rounds {
		least := math.Inf(1)
		for _, t := range total {
			least = min(least, t)
		}
		for b, t := range total {
			weights[b] = math.Exp(-rate * (t - least) / scale)
		}
		best, at := -1., 0
		for q := range questions {
			v := 0.
			for b, w := range weights {
				v += w * gain[b][q]
			}
			if v > best {
				best, at = v, q
			}
		}
		for b := range total {
			total[b] += gain[b][at]
		}
	}
	least := math.Inf(1)
	for _, t := range total {
		least = min(least, t/rounds)
	}
	return least
}
