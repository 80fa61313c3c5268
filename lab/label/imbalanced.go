package label

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/dataset"
	"github.com/offprint/offprint/lab/digits"
	"github.com/offprint/offprint/methods/random"
)

// binary is a table of examples with a yes or no for each.
type binary struct {
	x   []float32 // [n x dim]
	dim int
	y   []bool
}

func (b *binary) add(row []float64, y bool) {
	b.dim = len(row)
	for _, v := range row {
		b.x = append(b.x, float32(v))
	}
	b.y = append(b.y, y)
}

func (b *binary) row(i int) []float32 { return b.x[i*b.dim : (i+1)*b.dim] }

// positives are the rows that are.
func (b *binary) positives() []int {
	var rows []int
	for i, y := range b.y {
		if y {
			rows = append(rows, i)
		}
	}
	return rows
}

// dense and classes are the same for a logistic regression.
func (b *binary) dense() *mat.Dense {
	d := make([]float64, len(b.x))
	for i, v := range b.x {
		d[i] = float64(v)
	}
	return mat.NewDense(len(b.y), b.dim, d)
}

func (b *binary) classes() []int {
	c := make([]int, len(b.y))
	for i, y := range b.y {
		if y {
			c[i] = 1
		}
	}
	return c
}

// gaussians are imbalanced data that a linear model can fit, but for outliers: 8%
// of 6,000 examples are positive, shifted along two of five directions, and a
// share of all, taken from the negatives, lies far out on the positives' side. The
// first half is for training.
func gaussians(seed uint64, outliers float64) (train, test *binary) {
	const n, dim, share = 6000, 5, .08
	rng := random.New(seed, 20)
	all := &binary{}
	var negatives []int
	row := make([]float64, dim)
	for i := range n {
		y := rng.Float64() < share
		for j := range row {
			row[j] = rng.NormFloat64()
		}
		if y {
			row[0] += 2
			row[1]++
		} else {
			negatives = append(negatives, i)
		}
		all.add(row, y)
	}
	for _, k := range random.Sample(rng, len(negatives), int(math.Round(outliers*n))) {
		all.row(negatives[k])[0] = float32(12 + rng.NormFloat64())
	}
	return all.slice(0, n/2), all.slice(n/2, n)
}

func (b *binary) slice(lo, hi int) *binary {
	return &binary{b.x[lo*b.dim : hi*b.dim], b.dim, b.y[lo:hi]}
}

// tumours has 40 malignant ones, as positives, among all the benign: 60% for
// training, standardised by those.
func tumours(_ context.Context, seed uint64) (train, test *binary, err error) {
	t, err := dataset.ReadTable("breast-cancer")
	if err != nil {
		return nil, nil, err
	}
	const keep, malignant = 40, 0 // the table has malignant as 0
	rng := random.New(seed, 20)
	var rows []int
	kept := 0
	for _, i := range rng.Perm(len(t.X)) {
		if int(t.Y[i]) == malignant {
			if kept++; kept > keep {
				continue
			}
		}
		rows = append(rows, i)
	}
	all := &binary{}
	for _, k := range rng.Perm(len(rows)) {
		i := rows[k]
		all.add(t.X[i], int(t.Y[i]) == malignant)
	}
	cut := len(all.y) * 6 / 10
	train, test = all.slice(0, cut), all.slice(cut, len(all.y))
	standardise(train, test)
	return train, test, nil
}

// rareDigit has one digit against all others.
func rareDigit(seed uint64, digit int) (train, test *binary, err error) {
	var parts [2]digits.Images
	if parts[0], parts[1], err = digits.Split(seed, 20); err != nil {
		return nil, nil, err
	}
	var out [2]*binary
	for k, im := range parts {
		out[k] = &binary{}
		for i, y := range im.Y {
			out[k].add(im.Row(i), y == digit)
		}
	}
	standardise(out[0], out[1])
	return out[0], out[1], nil
}

// rareCategory has the papers of a category against all others, half for training.
func (t *paperTexts) rareCategory(seed uint64, category string) (train, test *binary) {
	all := &binary{}
	for _, i := range random.New(seed, 20).Perm(len(t.y)) {
		all.add(t.x.RawRowView(i), t.categories[t.y[i]] == category)
	}
	n := len(all.y)
	train, test = all.slice(0, n/2), all.slice(n/2, n)
	standardise(train, test)
	return train, test
}

// standardise gives the columns of the training set a mean of 0 and a deviation of
// 1, and does the same to the test set. Constant columns stay.
func standardise(train, test *binary) {
	n := float64(len(train.y))
	for j := range train.dim {
		mean, square := 0., 0.
		for i := range train.y {
			mean += float64(train.row(i)[j]) / n
		}
		for i := range train.y {
			d := float64(train.row(i)[j]) - mean
			square += d * d / n
		}
		sd := math.Sqrt(square)
		if sd < 1e-9 {
			sd = 1
		}
		for _, b := range []*binary{train, test} {
			for i := range b.y {
				b.row(i)[j] = float32((float64(b.row(i)[j]) - mean) / sd)
			}
		}
	}
}

// smote returns the examples with new positives, until there are as many as
// negatives: each lies at a random place between a positive and one of the 5
// nearest to it (Chawla et al., 2002).
func smote(b *binary, rng *rand.Rand) *binary {
	const neighbours = 5
	positives := b.positives()
	near := make([][]int, len(positives))
	for k, i := range positives {
		distance := func(j int) float64 {
			d := 0.
			for c, v := range b.row(i) {
				d += float64(v-b.row(j)[c]) * float64(v-b.row(j)[c])
			}
			return d
		}
		others := slices.DeleteFunc(slices.Clone(positives), func(j int) bool { return j == i })
		slices.SortFunc(others, func(a, c int) int { return cmp.Compare(distance(a), distance(c)) })
		near[k] = others[:min(neighbours, len(others))]
	}
	out := &binary{slices.Clone(b.x), b.dim, slices.Clone(b.y)}
	for range len(b.y) - 2*len(positives) {
		k := rng.IntN(len(positives))
		from, to := b.row(positives[k]), b.row(near[k][rng.IntN(len(near[k]))])
		at := rng.Float32()
		for c, v := range from {
			out.x = append(out.x, v+at*(to[c]-v))
		}
		out.y = append(out.y, true)
	}
	return out
}
