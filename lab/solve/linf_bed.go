package solve

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"github.com/offprint/offprint/dataset"
	"github.com/offprint/offprint/methods/solve/sketch"
)

// problem is a tall least-squares problem whose solution is known.
type problem struct {
	a        *mat.Dense // [n x d]
	b        []float64
	x        []float64 // x*
	residual float64   // |A x* - b|
	pinv     float64   // |A^+|
}

// axes has A = [I; 0] and the solution 0; b is to come. With signs, one for each
// of its n rows, a power of two, the rows are turned into another basis, the
// Hadamard transform's with these signs.
type axes struct {
	a     *mat.Dense
	signs []float64
}

func newAxes(n, d int) axes {
	x := axes{a: mat.NewDense(n, d, nil)}
	for i := range d {
		x.a.Set(i, i, 1)
	}
	return x
}

func (x axes) turned(rng *rand.Rand) (axes, error) {
	n, d := x.a.Dims()
	y := axes{mat.NewDense(n, d, nil), make([]float64, n)}
	for i := range n {
		y.signs[i] = float64(2*rng.IntN(2) - 1)
	}
	column := make([]float64, n)
	for j := range d {
		mat.Col(column, j, x.a)
		if err := y.turn(column); err != nil {
			return y, err
		}
		y.a.SetCol(j, column)
	}
	return y, nil
}

func (x axes) turn(v []float64) error {
	for i, s := range x.signs {
		v[i] *= s
	}
	return sketch.FWHT(v)
}

// problem draws a residual of length 1 on t of the rows that A leaves free, all
// of equal size; with t = 0 on all of them, Gaussian.
func (x axes) problem(t int, rng *rand.Rand) (problem, error) {
	n, d := x.a.Dims()
	p := problem{a: x.a, b: make([]float64, n), x: make([]float64, d), residual: 1, pinv: 1}
	if t == 0 {
		sum := 0.0
		for i := d; i < n; i++ {
			p.b[i] = rng.NormFloat64()
			sum += p.b[i] * p.b[i]
		}
		for i := d; i < n; i++ {
			p.b[i] /= math.Sqrt(sum)
		}
	}
	for left := t; left > 0; {
		i := d + rng.IntN(n-d)
		if p.b[i] == 0 {
			p.b[i] = float64(2*rng.IntN(2)-1) / math.Sqrt(float64(t))
			left--
		}
	}
	if x.signs != nil {
		return p, x.turn(p.b)
	}
	return p, nil
}

// errors of a solution: the largest coordinate's times sqrt(d), and their
// length, both over |r| |A^+|.
func (p problem) errors(x []float64) (inf, l2 float64) {
	for i, v := range x {
		e := math.Abs(v - p.x[i])
		inf = max(inf, e)
		l2 += e * e
	}
	scale := p.residual * p.pinv
	return inf * math.Sqrt(float64(len(x))) / scale, math.Sqrt(l2) / scale
}

// ratings is the regression of movielens-100k's ratings on the age and sex of
// who rates, the occupation and the genres.
func ratings() (problem, error) {
	m, err := dataset.ReadMovieLens()
	if err != nil {
		return problem{}, err
	}
	jobs := map[string]int{}
	for _, u := range m.Users {
		if _, ok := jobs[u.Occupation]; !ok {
			jobs[u.Occupation] = len(jobs) - 1 // the first is the base: -1
		}
	}
	all := slices.Concat(m.Train, m.Test)
	genres := len(m.Genres)
	d := 3 + genres + len(jobs) - 1
	p := problem{a: mat.NewDense(len(all), d, nil), b: make([]float64, len(all))}
	for i, r := range all {
		u, row := m.Users[r.User], p.a.RawRowView(i)
		row[0] = 1
		row[1] = float64(u.Age)/100 - .33
		if u.Sex == "F" {
			row[2] = 1
		}
		for g, has := range m.Movies[r.Movie].Genres {
			if has {
				row[3+g] = 1
			}
		}
		if j := jobs[u.Occupation]; j >= 0 {
			row[3+genres+j] = 1
		}
		p.b[i] = float64(r.Value)
	}
	return p.solved()
}

// newtonStep is the first Newton step of a logistic regression on standardised
// features. From zero all probabilities are 1/2, and the step is the least
// squares of 2 (y - 1/2) on half of the features.
func newtonStep(t *dataset.Table) (problem, error) {
	n, d := len(t.X), len(t.X[0])
	p := problem{a: mat.NewDense(n, d+1, nil), b: make([]float64, n)}
	column := make([]float64, n)
	for j := range d {
		for i, row := range t.X {
			column[i] = row[j]
		}
		mean, sd := stat.MeanStdDev(column, nil)
		for i, v := range column {
			p.a.Set(i, j, (v-mean)/sd/2)
		}
	}
	for i, y := range t.Y {
		p.a.Set(i, d, .5)
		p.b[i] = 2 * (y - .5)
	}
	return p.solved()
}

// solved fills in what is known of a and b.
func (p problem) solved() (problem, error) {
	x, err := sketch.Exact(p.a, p.b)
	if err != nil {
		return p, err
	}
	_, d := p.a.Dims()
	var r mat.VecDense
	r.MulVec(p.a, mat.NewVecDense(d, x))
	r.SubVec(&r, mat.NewVecDense(len(p.b), p.b))
	p.x, p.residual = x, mat.Norm(&r, 2)
	gram := mat.NewSymDense(d, nil)
	gram.SymOuterK(1, p.a.T())
	var e mat.EigenSym
	if !e.Factorize(gram, false) {
		return p, errors.New("no singular values")
	}
	p.pinv = 1 / math.Sqrt(e.Values(nil)[0])
	return p, nil
}
