// Package eval measures rankings and scores: reciprocal rank, recall, average
// precision, NDCG and the area under the ROC curve, with ties treated so that a
// model which scores everything alike gets the value of chance.
package eval

import (
	"cmp"
	"math"
	"slices"
)

// Rank is the expected rank, from 1, of the item at index target when scores
// are sorted downwards and ties are broken at random: 1 + the number of better
// items + half the number of equal ones.
func Rank[F ~float32 | ~float64](scores []F, target int) float64 {
	better, equal := 0, 0
	s := scores[target]
	for i, v := range scores {
		switch {
		case v > s:
			better++
		case v == s && i != target:
			equal++
		}
	}
	return 1 + float64(better) + float64(equal)/2
}

// MRR is the mean of 1/rank.
func MRR(ranks []float64) float64 {
	sum := 0.0
	for _, r := range ranks {
		sum += 1 / r
	}
	return sum / float64(len(ranks))
}

// HitRate is the share of ranks that are at most k.
func HitRate(ranks []float64, k int) float64 {
	n := 0
	for _, r := range ranks {
		if r <= float64(k) {
			n++
		}
	}
	return float64(n) / float64(len(ranks))
}

// Recall is the share of the relevant items that are among the first k of a
// ranking. It is NaN without relevant items.
func Recall(ranking []int, relevant map[int]bool, k int) float64 {
	n := 0
	for _, i := range ranking[:min(k, len(ranking))] {
		if relevant[i] {
			n++
		}
	}
	return float64(n) / float64(len(relevant))
}

// Precision is the share of the first k of a ranking that are relevant.
func Precision(ranking []int, relevant map[int]bool, k int) float64 {
	return Recall(ranking, relevant, k) * float64(len(relevant)) / float64(k)
}

// AveragePrecision is the mean, over the relevant items, of the precision at
// their ranks; a relevant item that is not in the ranking counts 0. Its mean
// over queries is MAP. It is NaN without relevant items.
func AveragePrecision(ranking []int, relevant map[int]bool) float64 {
	n, sum := 0, 0.0
	for r, i := range ranking {
		if relevant[i] {
			n++
			sum += float64(n) / float64(r+1)
		}
	}
	return sum / float64(len(relevant))
}

// NDCG is the discounted cumulative gain of the first k of a ranking,
// sum 1/log2(rank+1) over the relevant ones, over that of the best ranking
// (Järvelin and Kekäläinen, 2002). It is NaN without relevant items.
func NDCG(ranking []int, relevant map[int]bool, k int) float64 {
	dcg, ideal := 0.0, 0.0
	for r, i := range ranking[:min(k, len(ranking))] {
		if relevant[i] {
			dcg += 1 / math.Log2(float64(r+2))
		}
	}
	for r := range min(k, len(relevant)) {
		ideal += 1 / math.Log2(float64(r+2))
	}
	return dcg / ideal
}

// AUC is the probability that a random positive scores above a random negative,
// ties counting half (the Mann-Whitney statistic). It is NaN when a class is
// missing.
func AUC[F ~float32 | ~float64](scores []F, positive []bool) float64 {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(scores[a], scores[b]) })
	pos, sum := 0, 0.0
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && scores[order[j]] == scores[order[i]] {
			j++
		}
		mean := float64(i+j+1) / 2 // of the ranks i+1 .. j
		for _, x := range order[i:j] {
			if positive[x] {
				pos++
				sum += mean
			}
		}
		i = j
	}
	neg := len(scores) - pos
	return (sum - float64(pos)*float64(pos+1)/2) / (float64(pos) * float64(neg))
}

// Top returns the indices of the k highest scores, highest first, the lower
// index first among equals, leaving out those for which skip is true (skip may
// be nil).
func Top[F ~float32 | ~float64](scores []F, k int, skip func(i int) bool) []int {
	if k <= 0 {
		return nil
	}
	before := func(a, b int) int { // a ranks before b
		return cmp.Or(cmp.Compare(scores[b], scores[a]), cmp.Compare(a, b))
	}
	var heap []int // the worst of the best so far at 0
	down := func(i int) {
		for {
			c := 2*i + 1
			if c >= len(heap) {
				return
			}
			if c+1 < len(heap) && before(heap[c+1], heap[c]) > 0 {
				c++
			}
			if before(heap[c], heap[i]) < 0 {
				return
			}
			heap[i], heap[c] = heap[c], heap[i]
			i = c
		}
	}
	for i := range scores {
		if skip != nil && skip(i) {
			continue
		}
		if len(heap) < k {
			heap = append(heap, i)
			if len(heap) == k {
				for j := k/2 - 1; j >= 0; j-- {
					down(j)
				}
			}
			continue
		}
		if before(i, heap[0]) < 0 {
			heap[0] = i
			down(0)
		}
	}
	slices.SortFunc(heap, before)
	return heap
}

// MeanSD returns the mean and the standard deviation of the sample (0 for one
// value).
func MeanSD(x []float64) (mean, sd float64) {
	for _, v := range x {
		mean += v
	}
	mean /= float64(len(x))
	if len(x) < 2 {
		return mean, 0
	}
	for _, v := range x {
		sd += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(sd / float64(len(x)-1))
}
