// Package digits has the handwritten digits as the reproductions share them: 64
// pixels of 0 to 1, split into training and test images by a seed, and centred
// or scaled as a network likes its inputs.
package digits

import (
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/dataset"
	"github.com/offprint/offprint/methods/random"
)

// The data set's numbers.
const (
	Pixels  = 64
	Classes = 10
	Train   = 1297 // training images of [Split]; the other 500 are for tests
)

// Images are digits.
type Images struct {
	X []float64 // [n x Pixels], row by row
	Y []int     // [n], 0 to 9
}

// Load reads all 1,797 images in the data set's order, with pixels of 0 to 1. A
// missing data set is the error of package dataset.
func Load() (Images, error) {
	table, err := dataset.ReadTable("digits")
	if err != nil {
		return Images{}, err
	}
	im := Images{X: make([]float64, 0, len(table.X)*Pixels), Y: table.Labels()}
	for _, row := range table.X {
		for _, v := range row {
			im.X = append(im.X, v/16)
		}
	}
	return im, nil
}

// Split reads the images in an order that the seed and the stream determine, and
// returns the first [Train] of them and the others.
func Split(seed, stream uint64) (train, test Images, err error) {
	all, err := Load()
	if err != nil {
		return Images{}, Images{}, err
	}
	all = all.Shuffle(random.New(seed, stream))
	return all.Slice(0, Train), all.Slice(Train, all.Len()), nil
}

// Len is the number of images.
func (im Images) Len() int { return len(im.Y) }

// Row returns the pixels of image i. They are the images' own.
func (im Images) Row(i int) []float64 { return im.X[i*Pixels : (i+1)*Pixels] }

// Shuffle returns the images in random order.
func (im Images) Shuffle(rng *rand.Rand) Images { return im.Select(rng.Perm(im.Len())) }

// Select returns the images with the given indices.
func (im Images) Select(rows []int) Images {
	out := Images{X: make([]float64, 0, len(rows)*Pixels), Y: make([]int, 0, len(rows))}
	for _, i := range rows {
		out.X = append(out.X, im.Row(i)...)
		out.Y = append(out.Y, im.Y[i])
	}
	return out
}

// Slice returns the images from lo up to and without hi, which share memory
// with these.
func (im Images) Slice(lo, hi int) Images {
	return Images{X: im.X[lo*Pixels : hi*Pixels], Y: im.Y[lo:hi]}
}

// Mean returns the mean of each pixel.
func (im Images) Mean() []float64 {
	mean := make([]float64, Pixels)
	for i := range im.Len() {
		for j, v := range im.Row(i) {
			mean[j] += v / float64(im.Len())
		}
	}
	return mean
}

// Centred returns the images with pixels 2 (x - mean).
func (im Images) Centred(mean []float64) Images {
	out := Images{X: slices.Clone(im.X), Y: im.Y}
	for i := range out.X {
		out.X[i] = 2 * (out.X[i] - mean[i%Pixels])
	}
	return out
}

// Scaled returns the images with pixels scale x + shift.
func (im Images) Scaled(scale, shift float64) Images {
	out := Images{X: slices.Clone(im.X), Y: im.Y}
	for i := range out.X {
		out.X[i] = scale*out.X[i] + shift
	}
	return out
}

// Dense returns the pixels as a matrix [n x Pixels] that shares their memory.
func (im Images) Dense() *mat.Dense { return mat.NewDense(im.Len(), Pixels, im.X) }

// Float32 returns the pixels in single precision, row by row.
func (im Images) Float32() []float32 {
	out := make([]float32, len(im.X))
	for i, v := range im.X {
		out[i] = float32(v)
	}
	return out
}
