package activelearn

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// Class is what is known of the instances up to a complexity.
type Class struct {
	Complexity float64  // r
	Value      Bounds   // of V(r), the least loss that a strategy made for them can promise
	Own        *Mixture // that strategy
	Worst      float64  // loss of the robust strategy on the hardest of them
}

// Certificate says how good a robust strategy is, with bounds that need no trust.
type Certificate struct {
	Classes []Class
	// Gap is the largest of Worst - V over the classes, with V's lower bounds for V:
	// Upper is what the strategy has at most, Lower what no strategy gets below.
	Gap Bounds
}

// Robust returns a strategy that is, for every class of instances up to one of the
// given complexities, nearly as good as the best that is made for that class alone,
// equation (5). Complexities ascend; instances beyond the last do not count. Rounds
// are those of [Game.Minimax], for each class and twice for the robust strategy.
func Robust(ctx context.Context, p Problem, complexities []float64, rounds int) (*Mixture, *Certificate, error) {
	g, err := NewGame(p)
	if err != nil {
		return nil, nil, err
	}
	return g.Robust(ctx, complexities, rounds)
}

// Robust is the function of the same name for a problem that is laid out.
func (g *Game) Robust(ctx context.Context, complexities []float64, rounds int) (*Mixture, *Certificate, error) {
	p := g.problem
	if len(complexities) == 0 || !slices.IsSorted(complexities) || len(p.Complexity) != len(p.P) {
		return nil, nil, fmt.Errorf("activelearn: complexities %v must ascend, and each of %d instances have one: %d do", complexities, len(p.P), len(p.Complexity))
	}
	cert := &Certificate{}
	offset := make([]float64, len(p.P))
	include := make([]bool, len(p.P))
	for _, r := range complexities {
		before := slices.Clone(include)
		for i, c := range p.Complexity {
			include[i] = c <= r
		}
		own, value, err := g.Minimax(ctx, include, nil, rounds)
		if err != nil {
			return nil, nil, fmt.Errorf("complexity %v: %w", r, err)
		}
		cert.Classes = append(cert.Classes, Class{Complexity: r, Value: value, Own: own})
		for i := range offset {
			// That of the smallest class will do, since V grows with the class. Its
			// lower bound makes the gap an honest one.
			if include[i] && !before[i] {
				offset[i] = value.Lower
			}
		}
	}
	m, gap, err := g.Minimax(ctx, include, offset, 2*rounds)
	if err != nil {
		return nil, nil, err
	}
	cert.Gap = gap
	loss, err := m.Loss(p)
	if err != nil {
		return nil, nil, err
	}
	for k, c := range cert.Classes {
		worst := math.Inf(-1)
		for i, l := range loss {
			if p.Complexity[i] <= c.Complexity {
				worst = max(worst, l)
			}
		}
		cert.Classes[k].Worst = worst
	}
	return m, cert, nil
}
