package activelearn

import (
	"errors"
	"fmt"
	"math/rand/v2"
)

// Policy is a strategy without chance: a binary tree of questions with answers at
// its leaves. It can be stored as JSON, and needs no [Game] to be used.
type Policy struct {
	// Query has the question at each inner node, in heap order: from node i a no
	// leads to 2i+1 and a yes to 2i+2. There are 2^T - 1.
	Query []uint8
	// Answer has what is answered at each of the 2^T leaves, in the same order.
	Answer []uint8
}

// NewPolicy makes a policy of two functions, which are called for every history
// that can be reached within the budget: what to ask next, within 0..questions-1,
// and what to answer at the end.
func NewPolicy(budget, questions int, ask, answer func(h History) int) (*Policy, error) {
	if budget < 0 || budget > MaxBudget || questions < 1 {
		return nil, fmt.Errorf("activelearn: %d questions, a budget of %d is not within 0..%d", questions, budget, MaxBudget)
	}
	p := newPolicy(budget)
	h := History{make([]int, questions), make([]int, questions)}
	var grow func(node, left int) error
	grow = func(node, left int) error {
		if left == 0 {
			z := answer(h)
			if z < 0 || z > 255 {
				return fmt.Errorf("activelearn: the answer %d", z)
			}
			p.Answer[node-len(p.Query)] = uint8(z)
			return nil
		}
		q := ask(h)
		if q < 0 || q >= questions || q > 255 {
			return fmt.Errorf("activelearn: question %d of %d", q, questions)
		}
		p.Query[node] = uint8(q)
		for _, side := range []struct {
			child int
			count []int
		}{{2*node + 1, h.No}, {2*node + 2, h.Yes}} {
			side.count[q]++
			err := grow(side.child, left-1)
			side.count[q]--
			if err != nil {
				return err
			}
		}
		return nil
	}
	if err := grow(0, budget); err != nil {
		return nil, err
	}
	return p, nil
}

func newPolicy(budget int) *Policy {
	return &Policy{make([]uint8, 1<<budget-1), make([]uint8, 1<<budget)}
}

// Loss returns the probability that the policy's answer is wrong, for each
// instance of a problem: exactly, without sampling.
func (p *Policy) Loss(on Problem) ([]float64, error) {
	if err := on.Check(); err != nil {
		return nil, err
	}
	if len(p.Answer) != len(p.Query)+1 {
		return nil, fmt.Errorf("activelearn: a policy of %d questions and %d answers", len(p.Query), len(p.Answer))
	}
	for _, q := range p.Query {
		if int(q) >= on.Questions() {
			return nil, fmt.Errorf("activelearn: the policy asks question %d of %d", q, on.Questions())
		}
	}
	loss := make([]float64, len(on.P))
	for i := range loss {
		loss[i] = p.loss(0, on.P[i], uint8(on.Truth[i]))
	}
	return loss, nil
}

// loss is E of equation (3), below a node.
func (p *Policy) loss(node int, prob []float64, truth uint8) float64 {
	if leaf := node - len(p.Query); leaf >= 0 {
		if p.Answer[leaf] == truth {
			return 0
		}
		return 1
	}
	yes := prob[p.Query[node]]
	return (1-yes)*p.loss(2*node+1, prob, truth) + yes*p.loss(2*node+2, prob, truth)
}

// Mixture is a strategy that draws one of its policies for a session, each with
// the same probability.
type Mixture struct{ Policies []*Policy }

// Loss is the mean of the policies' losses, for each instance of a problem.
func (m *Mixture) Loss(on Problem) ([]float64, error) {
	if len(m.Policies) == 0 {
		return nil, errors.New("activelearn: a mixture of no policies")
	}
	mean := make([]float64, len(on.P))
	for _, p := range m.Policies {
		loss, err := p.Loss(on)
		if err != nil {
			return nil, err
		}
		for i, v := range loss {
			mean[i] += v / float64(len(m.Policies))
		}
	}
	return mean, nil
}

// Start draws a policy and begins a session with it. It panics if there is none.
func (m *Mixture) Start(rng *rand.Rand) *Session {
	return &Session{policy: m.Policies[rng.IntN(len(m.Policies))]}
}

// Start begins a session.
func (p *Policy) Start() *Session { return &Session{policy: p} }

// Session is the questions to one person.
type Session struct {
	policy *Policy
	node   int
}

// Next returns the question to ask now. It is false once the budget is spent.
func (s *Session) Next() (question int, ok bool) {
	if s.node >= len(s.policy.Query) {
		return 0, false
	}
	return int(s.policy.Query[s.node]), true
}

// Answer takes the answer to the question of Next. Beyond the budget it does
// nothing.
func (s *Session) Answer(yes bool) {
	if s.node >= len(s.policy.Query) {
		return
	}
	s.node = 2*s.node + 1
	if yes {
		s.node++
	}
}

// Result returns the answer that the session comes to. It is false until the
// budget is spent.
func (s *Session) Result() (answer int, ok bool) {
	leaf := s.node - len(s.policy.Query)
	if leaf < 0 {
		return 0, false
	}
	return int(s.policy.Answer[leaf]), true
}
