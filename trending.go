package offprint

import (
	"math"
	"time"
)

// HalfLife is the time in which a vote loses half of its weight.
const HalfLife = 3 * 24 * time.Hour

// Heat is the order of "trending". A vote cast at time v weighs
//
//	w(t) = 2^(-(t - v)/H)
//
// at time t, with H the [HalfLife]. A source's own signal of s (its upvotes,
// say) weighs as much as log2(1+s) votes cast at noon UTC of the day on which the paper
// is listed. A paper's trending score is the sum of the weights.
//
// Every weight shrinks by the same factor as time passes, so the order of two
// papers changes only when somebody votes. What is stored is therefore the
// score's base-2 logarithm without the common factor,
//
//	heat = log2( Σ_votes 2^(v/H) + Σ_signals log2(1+s)·2^(l/H) )
//
// with v and l in units of H since 1970-01-01, and the score at time t is
// 2^(heat - t/H). A paper without votes and signals has no heat (ok is false)
// and comes after those that have, newest first.
func Heat(votes []time.Time, signals []int, listed Date) (heat float64, ok bool) {
	var exps []float64 // heat = log2 Σ 2^exps, summed around the largest
	for _, v := range votes {
		exps = append(exps, halfLives(v))
	}
	for _, s := range signals {
		if s > 0 {
			exps = append(exps, math.Log2(math.Log2(1+float64(s)))+halfLives(listed.Time().Add(12*time.Hour)))
		}
	}
	if len(exps) == 0 {
		return 0, false
	}
	top := exps[0]
	for _, e := range exps {
		top = max(top, e)
	}
	sum := 0.0
	for _, e := range exps {
		sum += math.Exp2(e - top)
	}
	return top + math.Log2(sum), true
}

// TrendingScore is the score of a paper with the given heat at time t: the
// number of votes cast at t that would weigh as much.
func TrendingScore(heat float64, t time.Time) float64 {
	return math.Exp2(heat - halfLives(t))
}

func halfLives(t time.Time) float64 {
	return float64(t.Unix()) / HalfLife.Seconds()
}
