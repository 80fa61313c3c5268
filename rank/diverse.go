package rank

import "github.com/offprint/offprint/methods/vector"

// Choice is a paper that may be shown: its vector, of length 1, and its score.
type Choice struct {
	ID     int64
	Vector []float32
	Score  Score
}

const (
	// same is the cosine from which two papers are one: a new version under
	// another number, a paper and its translation.
	same = .985
	// turn is after how many papers for each interest one that has had none
	// gets a place.
	turn = 5
)

// Diverse takes n of the choices, which come best first, one after the other:
// each time the one whose score, less lambda times its greatest cosine with
// what was taken, is greatest (maximal marginal relevance, Carbonell and
// Goldstein 1998). An interest that has had none of the last five papers for
// each interest comes next with its best. With lambda 0 the order stays. Papers
// that are all but the same as one before them are left out.
func Diverse(choices []Choice, n int, lambda float32) []Choice {
	used := make([]bool, len(choices))
	near := make([]float32, len(choices)) // greatest cosine with what was taken, or 0
	last := make(map[int]int)             // place after the latest of each interest
	for _, c := range choices {
		last[c.Score.Interest] = 0
	}
	wait := turn * len(last)
	var out []Choice
	for len(out) < n {
		at, best, due := -1, float32(0), false
		for i, c := range choices {
			if used[i] {
				continue
			}
			value, waited := c.Score.Value-lambda*near[i], lambda > 0 && len(last) > 1 && len(out)-last[c.Score.Interest] >= wait
			if at < 0 || waited && !due || waited == due && value > best {
				at, best, due = i, value, waited
			}
		}
		if at < 0 {
			break
		}
		used[at] = true
		out = append(out, choices[at])
		last[choices[at].Score.Interest] = len(out)
		for i, c := range choices {
			if used[i] {
				continue
			}
			cosine := vector.Dot(c.Vector, choices[at].Vector)
			used[i] = cosine >= same || c.ID == choices[at].ID
			near[i] = max(near[i], cosine)
		}
	}
	return out
}
