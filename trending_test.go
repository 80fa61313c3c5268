package offprint

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(a), math.Abs(b)) }

// A vote counts 1 when it is cast, half after a half-life, and so on.
func TestVoteWeight(t *testing.T) {
	for _, cast := range []time.Time{
		time.Unix(0, 0),
		time.Date(2026, time.March, 5, 8, 30, 0, 0, time.UTC),
		time.Date(1965, time.March, 5, 0, 0, 0, 0, time.UTC),
		time.Date(2199, time.December, 31, 23, 59, 59, 0, time.UTC),
	} {
		heat, ok := Heat([]time.Time{cast}, nil, 0)
		if !ok {
			t.Fatal("a vote gives no heat")
		}
		for n := range 10 {
			at := cast.Add(time.Duration(n) * HalfLife)
			if got, want := TrendingScore(heat, at), math.Exp2(-float64(n)); !near(got, want) {
				t.Errorf("%d half-lives after %v: %v, want %v", n, cast, got, want)
			}
		}
	}
}

// A signal counts log2(1+s) at noon of the day on which the paper is listed.
func TestSignalWeight(t *testing.T) {
	listed := NewDate(2026, time.March, 5)
	noon := listed.Time().Add(12 * time.Hour)
	for _, tc := range []struct {
		signals []int
		want    float64
	}{
		{[]int{1}, 1},
		{[]int{3}, 2},
		{[]int{1023}, 10},
		{[]int{1, 3}, 3},
		{[]int{0, 7, -5}, 3},
		{[]int{math.MaxInt}, 63},
	} {
		heat, ok := Heat(nil, tc.signals, listed)
		if got := TrendingScore(heat, noon); !ok || !near(got, tc.want) {
			t.Errorf("signals %v: %v, want %v", tc.signals, got, tc.want)
		}
	}
	heat, _ := Heat([]time.Time{noon, noon}, []int{3}, listed)
	if got := TrendingScore(heat, noon); !near(got, 4) {
		t.Errorf("two votes and a signal of 3: %v, want 4", got)
	}
}

func TestHeatLimits(t *testing.T) {
	for name, signals := range map[string][]int{"nothing": nil, "signals of 0": {0, 0}, "negative signals": {-1, math.MinInt}} {
		if heat, ok := Heat(nil, signals, 20000); ok || heat != 0 {
			t.Errorf("%s: %v, %v", name, heat, ok)
		}
	}
	day := time.Date(2026, time.March, 5, 0, 0, 0, 0, time.UTC)
	many := make([]time.Time, 100_000)
	for i := range many {
		many[i] = day
	}
	heat, _ := Heat(many, nil, 0)
	if got := TrendingScore(heat, day); !near(got, 100_000) {
		t.Errorf("100,000 votes count %v", got)
	}
	// Two thousand years apart: 2^(t/H) itself would overflow.
	heat, _ = Heat([]time.Time{{}, day}, nil, 0)
	if got := TrendingScore(heat, day); !near(got, 1) {
		t.Errorf("a vote and one of the year 1 count %v", got)
	}
	if got := TrendingScore(heat, day.AddDate(200, 0, 0)); got != 0 && !(got > 0 && got < 1e-300) {
		t.Errorf("after 200 years a vote counts %v", got)
	}
}

// What is stored gives at each time the sum of the formula, and so the same
// order of two papers at all times.
func TestHeatIsTheFormula(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	base := time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)
	type paper struct {
		votes   []time.Time
		signals []int
		listed  Date
	}
	random := func() (p paper) {
		p.listed = DateOf(base) + Date(r.IntN(30))
		for range r.IntN(6) {
			p.votes = append(p.votes, base.Add(time.Duration(r.Int64N(int64(30*24*time.Hour)))).Truncate(time.Second))
		}
		for range r.IntN(3) {
			p.signals = append(p.signals, r.IntN(500))
		}
		return p
	}
	score := func(p paper, at time.Time) (sum float64) {
		weight := func(v time.Time) float64 { return math.Exp2(-at.Sub(v).Hours() / HalfLife.Hours()) }
		for _, v := range p.votes {
			sum += weight(v)
		}
		for _, s := range p.signals {
			sum += math.Log2(1+float64(s)) * weight(p.listed.Time().Add(12*time.Hour))
		}
		return sum
	}
	for range 2000 {
		a, b := random(), random()
		heatA, okA := Heat(a.votes, a.signals, a.listed)
		heatB, okB := Heat(b.votes, b.signals, b.listed)
		for _, after := range []time.Duration{0, time.Hour, 24 * time.Hour, 400 * 24 * time.Hour} {
			at := base.Add(30*24*time.Hour + after)
			for _, x := range []struct {
				p    paper
				heat float64
				ok   bool
			}{{a, heatA, okA}, {b, heatB, okB}} {
				if want := score(x.p, at); x.ok != (want > 0) || x.ok && !near(TrendingScore(x.heat, at)/want, 1) {
					t.Fatalf("%+v at %v: heat %v, %v gives %v, want %v", x.p, at, x.heat, x.ok, TrendingScore(x.heat, at), want)
				}
			}
			if okA && okB && math.Abs(heatA-heatB) > 1e-6 && (heatA > heatB) != (score(a, at) > score(b, at)) {
				t.Fatalf("%+v and %+v are in another order at %v", a, b, at)
			}
		}
	}
}
