package mrl

import "fmt"

// Cascade classifies by the first of its sizes that is sure enough.
type Cascade struct {
	// Threshold has, for each size but the last, the largest probability above
	// which its answer is taken.
	Threshold []float64
}

// FitCascade learns the thresholds from the probabilities [size][example][class]
// of held-out examples with the classes y: for each size, the smallest of 0, .01
// ... 1 such that stopping there when above it, and going on to the next size
// otherwise, is right as often as the next size is.
func FitCascade(probs [][][]float32, y []int) (Cascade, error) {
	var c Cascade
	if len(probs) == 0 || len(y) == 0 {
		return c, fmt.Errorf("mrl: a cascade needs sizes and examples")
	}
	for _, p := range probs {
		if len(p) != len(y) {
			return c, fmt.Errorf("mrl: probabilities of %d examples, %d classes", len(p), len(y))
		}
	}
	for s := range len(probs) - 1 {
		need := 0
		for i, p := range probs[s+1] {
			if k, _ := most(p); k == y[i] {
				need++
			}
		}
		t := 0
		for ; t < 100; t++ {
			right := 0
			for i := range y {
				k, p := most(probs[s][i])
				if float64(p) <= float64(t)/100 {
					k, _ = most(probs[s+1][i])
				}
				if k == y[i] {
					right++
				}
			}
			if right >= need {
				break
			}
		}
		c.Threshold = append(c.Threshold, float64(t)/100)
	}
	return c, nil
}

// Classify returns the class and the index of the size that decided. It asks for
// the probabilities of a size only when it comes to it.
func (c Cascade) Classify(probs func(size int) []float32) (class, size int) {
	for s, t := range c.Threshold {
		if k, p := most(probs(s)); float64(p) > t {
			return k, s
		}
	}
	k, _ := most(probs(len(c.Threshold)))
	return k, len(c.Threshold)
}

func most(p []float32) (class int, probability float32) {
	for k, v := range p {
		if v > p[class] {
			class = k
		}
	}
	return class, p[class]
}
