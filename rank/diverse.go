package rank

import "github.com/offprint/offprint/methods/vector"

// Choice is a paper that may be shown: its vector, of length 1, and its score.
type Choice struct {
	ID     int64
	Vector []float32
	Score  Score
}

// Diverse takes n of the choices, which come best first, one after the other:
// each time the one whose score, less lambda times its greatest cosine with
// what was taken of the same interest, is greatest (maximal marginal relevance,
// Carbonell and Goldstein 1998). With lambda 0 the order stays. Papers that are
// all but the same as one before them are left out.
func Diverse(choices []Choice, n int, lambda float32) []Choice {
	type state struct {
		near float32 // greatest cosine with what was taken
		used bool
	}
	states := make([]state, len(choices))
	var out []Choice
	for len(out) < n {
		at, best := -1, float32(0)
		for i, c := range choices {
			if states[i].used {
				continue
			}
			if v := c.Score.Value - lambda*max(0, states[i].near); at < 0 || v > best {
				at, best = i, v
			}
		}
		if at < 0 {
			break
		}
		states[at].used = true
		out = append(out, choices[at])
		for i, c := range choices {
			if states[i].used {
				continue
			}
			near := vector.Dot(c.Vector, choices[at].Vector)
			if near >= same || c.ID == choices[at].ID {
				states[i].used = true
				continue
			}
			states[i].near = max(states[i].near, near)
		}
	}
	return out
}

// same is the cosine from which two papers are one: a new version under another
// number, a paper and its translation.
const same = .985
