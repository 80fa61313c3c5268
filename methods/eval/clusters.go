package eval

import "math"

// NMI is the normalised mutual information of two groupings of the same things,
// 2 I(A;B) / (H(A) + H(B)): 1 if they are the same but for their numbers, near 0 if
// they have nothing to do with each other. It is 1 if neither tells anything apart,
// and NaN for nothing or for different lengths.
func NMI(a, b []int) float64 {
	if len(a) == 0 || len(a) != len(b) {
		return math.NaN()
	}
	inA, inB, both := map[int]float64{}, map[int]float64{}, map[[2]int]float64{}
	for i := range a {
		inA[a[i]]++
		inB[b[i]]++
		both[[2]int{a[i], b[i]}]++
	}
	n := float64(len(a))
	entropy := func(sum float64) float64 { return math.Log(n) - sum/n }
	// Sums of c log c, in an order that does not depend on the maps'.
	h := entropy(sumCLogC(inA)) + entropy(sumCLogC(inB))
	if h < 1e-12 {
		return 1
	}
	return max(0, min(1, 2*(h-entropy(sumCLogC(both)))/h))
}

func sumCLogC[K comparable](counts map[K]float64) float64 {
	// As many groups have a size as there are: sizes are whole numbers, and are
	// summed from the smallest up.
	bySize := map[int]int{}
	largest := 0
	for _, c := range counts {
		bySize[int(c)]++
		largest = max(largest, int(c))
	}
	sum := 0.
	for c := 1; c <= largest; c++ {
		sum += float64(bySize[c]) * float64(c) * math.Log(float64(c))
	}
	return sum
}
