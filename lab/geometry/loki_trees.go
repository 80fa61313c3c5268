package geometry

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/offprint/offprint/methods/geometry/loki"
	"github.com/offprint/offprint/methods/random"
)

// shownPicks are the numbers of picks after which the locus is measured.
var shownPicks = []int{0, 2, 5, 10, 15, 20, 25}

const (
	treeNodes   = 50
	treeStart   = 3
	treesASeed  = 3
	metricPicks = "trees: picks to 95%"
)

func reachOf(picks int) string { return fmt.Sprintf("trees: predictable after %d picks", picks) }

// trees picks what to observe next in random trees with a few observed nodes.
func (s *lokiSeed) trees() error {
	reach := map[string][]float64{}
	picks := map[string]float64{}
	for range treesASeed {
		m, err := loki.FromTree(randomTree(s.rng, treeNodes), nil)
		if err != nil {
			return err
		}
		start := random.Sample(s.rng, treeNodes, treeStart)
		for _, variant := range []string{variantFarthest, variantRandomPick} {
			sizes, err := s.grow(m, start, variant == variantRandomPick)
			if err != nil {
				return err
			}
			if reach[variant] == nil {
				reach[variant] = make([]float64, len(shownPicks))
			}
			for i, n := range shownPicks {
				reach[variant][i] += float64(sizes[min(n, len(sizes)-1)]) / treesASeed
			}
			enough := slices.IndexFunc(sizes, func(size int) bool { return float64(size) >= .95*treeNodes })
			picks[variant] += float64(enough) / treesASeed
		}
	}
	for _, variant := range []string{variantFarthest, variantRandomPick} {
		for i, size := range reach[variant] {
			s.Metric(reachOf(shownPicks[i]), variant, s.seed, size, "labels")
		}
		s.Metric(metricPicks, variant, s.seed, picks[variant], "picks")
	}
	return nil
}

// grow returns the sizes of the locus after 0, 1, ... picks, until all is in it.
func (s *lokiSeed) grow(m *loki.Metric, observed []int, atRandom bool) ([]int, error) {
	var sizes []int
	for {
		locus, err := m.TreeLocus(observed)
		if err != nil {
			return nil, err
		}
		sizes = append(sizes, count(slices.Values(locus)))
		if sizes[len(sizes)-1] == m.Len() {
			return sizes, nil
		}
		next, err := m.NextInTree(locus)
		if err != nil {
			return nil, err
		}
		if atRandom {
			next = randomOther(s.rng, m.Len(), observed)
		}
		observed = append(observed[:len(observed):len(observed)], next)
	}
}

// randomOther is a random one of n nodes that is not observed.
func randomOther(rng *rand.Rand, n int, observed []int) int {
	for {
		if y := rng.IntN(n); !slices.Contains(observed, y) {
			return y
		}
	}
}

// randomTree returns the parents of a uniformly random labelled tree, from its
// Prüfer sequence.
func randomTree(rng *rand.Rand, n int) []int {
	sequence, degree := make([]int, n-2), make([]int, n)
	for i := range sequence {
		sequence[i] = rng.IntN(n)
		degree[sequence[i]]++
	}
	parent := make([]int, n)
	done := make([]bool, n)
	for _, p := range sequence {
		leaf := slices.IndexFunc(degree, func(d int) bool { return d == 0 })
		parent[leaf], done[leaf] = p, true
		degree[leaf] = -1
		degree[p]--
	}
	// Two are left: one is the root.
	root := -1
	for i := range n {
		if !done[i] {
			parent[i], root = root, i
		}
	}
	return parent
}
