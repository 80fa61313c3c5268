package mlp

import (
	"fmt"
	"math"
)

// CrossEntropy returns the mean cross-entropy of the logits z [n x classes] with
// the classes y [n], and turns z into its gradient:
//
//	L = mean_i (log sum_k e^{z_ik} - z_{i,y_i}),   dL/dz = (softmax z - onehot y) / n.
func CrossEntropy(z []float32, y []int) (float64, error) {
	if len(y) == 0 || len(z) == 0 || len(z)%len(y) != 0 {
		return 0, fmt.Errorf("mlp: %d logits for %d classes", len(z), len(y))
	}
	n, k := len(y), len(z)/len(y)
	loss := 0.
	for i, c := range y {
		if c < 0 || c >= k {
			return 0, fmt.Errorf("mlp: class %d of %d", c, k)
		}
		row := z[i*k : (i+1)*k]
		top := row[0]
		for _, v := range row {
			top = max(top, v)
		}
		loss -= float64(row[c] - top)
		sum := 0.
		for j, v := range row {
			e := math.Exp(float64(v - top))
			row[j] = float32(e)
			sum += e
		}
		loss += math.Log(sum)
		scale := float32(1 / (sum * float64(n)))
		for j := range row {
			row[j] *= scale
		}
		row[c] -= 1 / float32(n)
	}
	return loss / float64(n), nil
}
