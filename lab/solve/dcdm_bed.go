package solve

import (
	"math"

	"github.com/offprint/offprint/methods/solve/dcdm"
)

// domain is a part of the unit square.
type domain struct {
	name   string
	inside func(x, y float64) bool // nil: all
}

var (
	wholeBox = domain{"box", nil}
	discOut  = domain{"disc removed", func(x, y float64) bool { return math.Hypot(x-.5, y-.5) > .2 }}
	cornerL  = domain{"L", func(x, y float64) bool { return x < .5 || y < .5 }}
	// winding is a channel between two walls, from left and from right.
	winding = domain{"winding channel", func(x, y float64) bool {
		return !(math.Abs(y-1./3) < .03 && x < .75) && !(math.Abs(y-2./3) < .03 && x > .25)
	}}
)

// system is an equation with a right-hand side.
type system struct {
	name string // "64, box, white"
	p    *dcdm.Poisson
	b    []float64
}

// Right-hand sides.
const (
	white = "white"
	bumps = "bumps"
)

func newSystem(n int, d domain, side string, seed uint64) (system, error) {
	s := system{name: systemName(n, d, side)}
	var mask []bool
	if d.inside != nil {
		mask = make([]bool, n*n)
	}
	rng := stream(45, seed, s.name, 0)
	s.b = make([]float64, n*n)
	for i := range s.b {
		x, y := (float64(i%n)+1)/float64(n+1), (float64(i/n)+1)/float64(n+1)
		if mask != nil {
			mask[i] = d.inside(x, y)
		}
		if side == white {
			s.b[i] = rng.NormFloat64()
		} else {
			s.b[i] = bump(x-.3, y-.6, .02) - bump(x-.7, y-.3, .05)
		}
	}
	var err error
	if s.p, err = dcdm.NewPoisson(n, mask); err != nil {
		return s, err
	}
	s.p.Restrict(s.b)
	return s, nil
}

func bump(x, y, width float64) float64 { return math.Exp(-(x*x + y*y) / width) }
