package topics

import (
	"cmp"
	"math"
	"slices"

	"github.com/offprint/offprint"
)

// Trend says whether a topic's share of all papers changes.
type Trend struct {
	Rising, Falling bool    // what stands up to the test, given how many topics are tested
	Change          float64 // what the share is multiplied by in a year, on the fitted line
	Z               float64 // standard normal if nothing changes; 0 if there are too few weeks
}

const (
	fewestWeeks    = 8   // to speak of a trend
	falseDiscovery = .05 // expected share of trends that are none
	weeksInYear    = 365.25 / 7
)

// monday is the day with which d's week begins.
func monday(d offprint.Date) offprint.Date {
	return d - (d+3+7_000_000)%7 // 1970-01-01 was a Thursday
}

// countWeeks fills in First and Weekly from the papers' days and topics.
func (m *Model) countWeeks(days []offprint.Date, of []int) {
	var first, last offprint.Date
	for i, d := range days {
		if d != 0 && of[i] >= 0 {
			if first == 0 || d < first {
				first = d
			}
			last = max(last, d)
		}
	}
	weeks := 0
	if first != 0 {
		m.First = max(monday(first), monday(last)-7*(mostWeeks-1))
		weeks = int(monday(last)-m.First)/7 + 1
	}
	m.Weekly = make([]int32, weeks)
	for k := range m.Topics {
		m.Topics[k].Weekly = make([]int32, weeks)
	}
	for i, d := range days {
		if d == 0 || d < m.First || of[i] < 0 {
			continue
		}
		w := (d - m.First) / 7
		m.Weekly[w]++
		m.Topics[of[i]].Weekly[w]++
	}
}

// trends fills in each topic's trend. Of all that are tested, those are said to
// rise or fall that the procedure of Benjamini and Hochberg (1995) keeps.
func (m *Model) trends() {
	order := make([]int, len(m.Topics))
	for k := range m.Topics {
		m.Topics[k].Trend = trendOf(m.Topics[k].Weekly, m.Weekly)
		order[k] = k
	}
	p := func(k int) float64 { return math.Erfc(math.Abs(m.Topics[k].Trend.Z) / math.Sqrt2) }
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p(a), p(b)) })
	found := 0
	for i, k := range order {
		if p(k) <= falseDiscovery*float64(i+1)/float64(len(order)) {
			found = i + 1
		}
	}
	for _, k := range order[:found] {
		t := &m.Topics[k].Trend
		t.Rising, t.Falling = t.Z > 0, t.Z < 0
	}
}

// trendOf fits share_w = logistic(a + b w) to the weeks' papers of a topic, x, of
// all papers, n, by Newton's method. Weeks scatter more than draws do, because
// deadlines and holidays come in weeks: the variance of b is multiplied by the
// mean squared Pearson residual (McCullagh and Nelder, 1989, section 4.5).
func trendOf(x, n []int32) Trend {
	var weeks, total, papers, mean float64
	for w := range n {
		if n[w] > 0 {
			weeks++
			total += float64(n[w])
			papers += float64(x[w])
			mean += float64(w) * float64(n[w])
		}
	}
	if weeks < fewestWeeks || papers == 0 || papers == total {
		return Trend{Change: 1}
	}
	mean /= total
	a, b := math.Log(papers/(total-papers)), 0.0
	var information float64 // of b, a known or not: weeks are counted from their mean
	for range 25 {
		var ga, gb, aa, ab, bb float64
		for w := range n {
			t, nw := float64(w)-mean, float64(n[w])
			q := 1 / (1 + math.Exp(-a-b*t))
			r, v := float64(x[w])-nw*q, nw*q*(1-q)
			ga, gb = ga+r, gb+r*t
			aa, ab, bb = aa+v, ab+v*t, bb+v*t*t
		}
		det := aa*bb - ab*ab
		if det <= 0 {
			return Trend{Change: 1}
		}
		da, db := (bb*ga-ab*gb)/det, (aa*gb-ab*ga)/det
		a, b = a+da, b+db
		information = det / aa
		if math.Abs(da) < 1e-9 && math.Abs(db) < 1e-9 {
			break
		}
	}
	var pearson float64
	for w := range n {
		if nw := float64(n[w]); nw > 0 {
			q := 1 / (1 + math.Exp(-a-b*(float64(w)-mean)))
			r := float64(x[w]) - nw*q
			pearson += r * r / (nw * q * (1 - q))
		}
	}
	scatter := max(1, pearson/(weeks-2))
	share := func(t float64) float64 { return 1 / (1 + math.Exp(-a-b*t)) }
	change := share(weeksInYear/2) / share(-weeksInYear/2)
	z := b * math.Sqrt(information/scatter)
	if math.IsNaN(z) || math.IsInf(z, 0) || math.IsNaN(change) || math.IsInf(change, 0) {
		return Trend{Change: 1}
	}
	return Trend{Change: change, Z: z}
}

// Shares returns a topic's share of the papers of each week, from [Model].First.
func (m *Model) Shares(topic int) []float64 {
	shares := make([]float64, len(m.Weekly))
	for w, n := range m.Weekly {
		if n > 0 {
			shares[w] = float64(m.Topics[topic].Weekly[w]) / float64(n)
		}
	}
	return shares
}
