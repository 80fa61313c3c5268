package geometry

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/spatial/r3"

	"github.com/offprint/offprint/methods/geometry/funcmap"
)

// icosphere is an icosahedron whose triangles were divided into four some times,
// on the unit sphere: 162 vertices after two divisions.
func icosphere(divisions int) *funcmap.Shape {
	const g = math.Phi
	s := &funcmap.Shape{
		V: []r3.Vec{
			{X: -1, Y: g}, {X: 1, Y: g}, {X: -1, Y: -g}, {X: 1, Y: -g},
			{Y: -1, Z: g}, {Y: 1, Z: g}, {Y: -1, Z: -g}, {Y: 1, Z: -g},
			{X: g, Z: -1}, {X: g, Z: 1}, {X: -g, Z: -1}, {X: -g, Z: 1},
		},
		F: [][3]int32{
			{0, 11, 5}, {0, 5, 1}, {0, 1, 7}, {0, 7, 10}, {0, 10, 11},
			{1, 5, 9}, {5, 11, 4}, {11, 10, 2}, {10, 7, 6}, {7, 1, 8},
			{3, 9, 4}, {3, 4, 2}, {3, 2, 6}, {3, 6, 8}, {3, 8, 9},
			{4, 9, 5}, {2, 4, 11}, {6, 2, 10}, {8, 6, 7}, {9, 8, 1},
		},
	}
	for range divisions {
		middle := map[[2]int32]int32{}
		half := func(a, b int32) int32 {
			edge := [2]int32{min(a, b), max(a, b)}
			if _, ok := middle[edge]; !ok {
				middle[edge] = int32(len(s.V))
				s.V = append(s.V, r3.Add(s.V[a], s.V[b]))
			}
			return middle[edge]
		}
		var faces [][3]int32
		for _, f := range s.F {
			a, b, c := half(f[0], f[1]), half(f[1], f[2]), half(f[2], f[0])
			faces = append(faces, [3]int32{f[0], a, c}, [3]int32{f[1], b, a}, [3]int32{f[2], c, b}, [3]int32{a, b, c})
		}
		s.F = faces
	}
	for i, v := range s.V {
		s.V[i] = r3.Unit(v)
	}
	return s
}

// shapeCategories are four bodies without symmetry, as maps of the sphere (bed
// G9).
var shapeCategories = []func(v r3.Vec) r3.Vec{
	func(v r3.Vec) r3.Vec {
		return r3.Vec{X: v.X + .15*v.Z*v.Z, Y: .75*v.Y + .15*v.X*v.Y, Z: .55*v.Z + .15*v.X*v.X*v.X}
	},
	func(v r3.Vec) r3.Vec {
		s := 1 + .25*v.X
		return r3.Vec{X: s*1.1*v.X + .1*v.Y*v.Z, Y: s*.6*v.Y + .1*v.Z*v.Z, Z: s*.6*v.Z + .1*v.X*v.Z}
	},
	func(v r3.Vec) r3.Vec {
		return r3.Vec{X: .9*v.X + .12*v.X*v.Y, Y: .9*v.Y + .12*v.Y*v.Y*v.Y, Z: .5*v.Z + .12*v.X*v.X}
	},
	func(v r3.Vec) r3.Vec {
		return r3.Vec{X: 1.4*v.X + .08*v.Y*v.Z, Y: .5*v.Y + .2*v.X*v.X + .08*v.X*v.Z, Z: .45*v.Z + .08*v.X*v.X*v.X}
	},
}

// shape is a category's body, deformed by random polynomials of its coordinates,
// with an amplitude, and then stretched along the axes, by exp(stretch N); of unit
// area. Its vertices are those of the sphere, in their order.
func shape(sphere *funcmap.Shape, category int, amplitude, stretch float64, rng *rand.Rand) (*funcmap.Shape, error) {
	s := &funcmap.Shape{V: make([]r3.Vec, len(sphere.V)), F: sphere.F}
	noise := mat.NewDense(12, 3, nil)
	for i := range 12 {
		for j := range 3 {
			noise.Set(i, j, amplitude*rng.NormFloat64())
		}
	}
	axes := [3]float64{1, 1, 1}
	if stretch > 0 {
		for j := range axes {
			axes[j] = math.Exp(stretch * rng.NormFloat64())
		}
	}
	for i, v := range sphere.V {
		v = shapeCategories[category](v)
		q := []float64{
			v.X, v.Y, v.Z, v.X*v.X - 1./3, v.Y*v.Y - 1./3, v.Z*v.Z - 1./3,
			v.X * v.Y, v.Y * v.Z, v.X * v.Z, v.X * v.X * v.X, v.Y * v.Y * v.Y, v.Z * v.Z * v.Z,
		}
		var d [3]float64
		for k, f := range q {
			for j := range d {
				d[j] += f * noise.At(k, j)
			}
		}
		s.V[i] = r3.Vec{X: axes[0] * (v.X + d[0]), Y: axes[1] * (v.Y + d[1]), Z: axes[2] * (v.Z + d[2])}
	}
	return s.UnitArea()
}

// shapePair are two shapes whose vertices correspond in their order, with noisy
// descriptors.
type shapePair struct {
	b1, b2    *funcmap.Basis
	far       *mat.Dense // distances along shape 1
	a, b      *mat.Dense // descriptors [k x p]
	raw, true *mat.Dense // map by least squares, and the right one
}

const (
	mapSize     = 16  // functions of a map
	basisSize   = 40  // of a shape's basis
	descriptors = 12  // of a pair
	noisiness   = .1  // of the descriptors
	smoothFirst = 24  // functions that descriptors are made of
	bodyBend    = .08 // amplitude of the deformations
	farBend     = .12 // of those that are no near-isometries
	farStretch  = .25
)

// deformed are shapes of a category with their bases.
func deformed(sphere *funcmap.Shape, category, count int, amplitude, stretch float64, rng *rand.Rand) ([]*funcmap.Shape, []*funcmap.Basis, error) {
	var shapes []*funcmap.Shape
	var bases []*funcmap.Basis
	for range count {
		s, err := shape(sphere, category, amplitude, stretch, rng)
		if err != nil {
			return nil, nil, err
		}
		b, err := funcmap.Spectrum(s, basisSize)
		if err != nil {
			return nil, nil, err
		}
		shapes, bases = append(shapes, s), append(bases, b)
	}
	return shapes, bases, nil
}

// shapePairs are pairs of deformed shapes of a category.
func shapePairs(sphere *funcmap.Shape, category, count int, amplitude, stretch float64, rng *rand.Rand) ([]shapePair, error) {
	shapes, bases, err := deformed(sphere, category, 2*count, amplitude, stretch, rng)
	if err != nil {
		return nil, err
	}
	pairs := make([]shapePair, count)
	for i := range pairs {
		p := shapePair{b1: bases[2*i], b2: bases[2*i+1]}
		if p.far, err = funcmap.Geodesics(shapes[2*i]); err != nil {
			return nil, err
		}
		if err := p.describe(rng); err != nil {
			return nil, err
		}
		pairs[i] = p
	}
	return pairs, nil
}

// describe draws smooth functions on shape 1, which shape 2 has with noise.
func (p *shapePair) describe(rng *rand.Rand) error {
	n := len(p.b1.Mass)
	smooth := mat.NewDense(smoothFirst, descriptors, nil)
	smooth.Apply(func(i, _ int, _ float64) float64 { return rng.NormFloat64() / math.Sqrt(1+p.b1.Lambda[i]) }, smooth)
	var f, g mat.Dense
	f.Mul(p.b1.Phi.Slice(0, n, 0, smoothFirst), smooth)
	for j := range descriptors {
		norm := 0.
		for i, m := range p.b1.Mass {
			norm += m * f.At(i, j) * f.At(i, j)
		}
		for i := range n {
			f.Set(i, j, f.At(i, j)/math.Sqrt(norm))
		}
	}
	noise := mat.NewDense(mapSize, descriptors, nil)
	noise.Apply(func(_, _ int, _ float64) float64 { return noisiness * rng.NormFloat64() / math.Sqrt(mapSize) }, noise)
	g.Mul(p.b2.Phi.Slice(0, n, 0, mapSize), noise)
	g.Add(&g, &f)
	var err error
	if p.a, err = p.b1.Coefficients(&f, mapSize); err != nil {
		return err
	}
	if p.b, err = p.b2.Coefficients(&g, mapSize); err != nil {
		return err
	}
	if p.raw, err = funcmap.LeastSquares(p.a, p.b); err != nil {
		return err
	}
	p.true, err = funcmap.FromPoints(p.b1, p.b2, sameVertices(n), mapSize)
	return err
}

// sameVertices is the correspondence of shapes with the same vertices.
func sameVertices(n int) []int32 {
	t := make([]int32, n)
	for i := range t {
		t[i] = int32(i)
	}
	return t
}

// miss is the mean distance along shape 1 between where a map puts the vertices
// of shape 2 and where they belong.
func (p *shapePair) miss(c *mat.Dense) (float64, error) {
	t, err := funcmap.ToPoints(c, p.b1, p.b2)
	if err != nil {
		return 0, err
	}
	sum := 0.
	for v, u := range t {
		sum += p.far.At(v, int(u))
	}
	return sum / float64(len(t)), nil
}
