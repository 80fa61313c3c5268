package geometry

import (
	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/dataset"
	"github.com/offprint/offprint/methods/random"
)

// covariances are handwritten digits as covariances of the eight rows of their
// pixels, with the columns as variables. They are ill-conditioned: columns at the
// edge hardly vary.
type covariances struct {
	train, test   []*mat.SymDense
	trainY, testY []int
}

const covarianceTrain = 900

// loadCovariances returns 900 training images and 897 test images, split by the
// seed, with ridge added to the diagonal.
func loadCovariances(seed uint64, ridge float64) (*covariances, error) {
	table, err := dataset.ReadTable("digits")
	if err != nil {
		return nil, err
	}
	labels := table.Labels()
	c := &covariances{}
	for i, row := range random.New(seed, 6).Perm(len(table.X)) {
		x := covariance(table.X[row], ridge)
		if i < covarianceTrain {
			c.train, c.trainY = append(c.train, x), append(c.trainY, labels[row])
		} else {
			c.test, c.testY = append(c.test, x), append(c.testY, labels[row])
		}
	}
	return c, nil
}

// covariance is that of the columns of an image of 8 x 8 pixels, 0 to 16.
func covariance(pixels []float64, ridge float64) *mat.SymDense {
	const n = 8
	m := mat.NewDense(n, n, nil)
	for j := range n {
		mean := 0.0
		for i := range n {
			mean += pixels[i*n+j] / 16 / n
		}
		for i := range n {
			m.Set(i, j, pixels[i*n+j]/16-mean)
		}
	}
	x := mat.NewSymDense(n, nil)
	x.SymOuterK(1./(n-1), m.T())
	for i := range n {
		x.SetSym(i, i, x.At(i, i)+ridge)
	}
	return x
}
