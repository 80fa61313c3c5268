package sentence

import (
	"math"
	"math/rand/v2"
	"testing"
)

func normals(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}

func TestProducts(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, size := range [][3]int{{1, 1, 1}, {1, 5, 40}, {2, 3, 32}, {5, 7, 31}, {6, 8, 64}, {13, 33, 70}, {20, 64, 96}} {
		n, in, out := size[0], size[1], size[2]
		ldx, ldy := in+3, out+2
		x, wt, bias := normals(rng, n*ldx), normals(rng, in*out), normals(rng, out)
		m := newMatrix(wt, bias, in, out)
		plain, columns := m, matrix{in: in, out: out, packed: make([]float32, len(m.packed)), start: m.start}
		w := make([]float32, in*ldy) // W with rows ldy apart
		for k := range in {
			for j := range out {
				w[k*ldy+j] = wt[j*in+k]
			}
		}
		columns.packColumns(w, ldy)
		got, again := normals(rng, n*ldy), normals(rng, n*ldy)
		last := got[n*ldy-1] // beyond the last column
		m.times(got, ldy, x, ldx, n)
		columns.times(again, ldy, x, ldx, n)
		if got[n*ldy-1] != last {
			t.Errorf("%v: what lies beside the product is overwritten", size)
		}
		tile := make([]float32, n*panel)
		for j := range out {
			if j%panel == 0 {
				tilesPlain(tile, panel, x, ldx, n, plain.packed[j*in:(j+panel)*in], plain.start[j:])
			}
			for i := range n {
				want := float64(bias[j])
				for k := range in {
					want += float64(x[i*ldx+k]) * float64(wt[j*in+k])
				}
				for name, y := range map[string]float32{"rows": got[i*ldy+j], "columns": again[i*ldy+j], "plain": tile[i*panel+j%panel]} {
					if math.Abs(float64(y)-want) > 1e-5*float64(in+1) {
						t.Fatalf("%v: %s: row %d, column %d is %g, want %g", size, name, i, j, y, want)
					}
				}
			}
		}
		v := normals(rng, out)
		for k, u := range m.back(v) {
			want := 0.
			for j := range out {
				want += float64(wt[j*in+k]) * float64(v[j])
			}
			if math.Abs(float64(u)-want) > 1e-4 {
				t.Fatalf("%v: W v has %g at %d, want %g", size, u, k, want)
			}
		}
	}
}

func TestFunctions(t *testing.T) {
	var x []float32
	for v := -12.; v <= 12; v += 1. / 128 {
		x = append(x, float32(v))
	}
	x = append(x, -1000, 1000, 0) // no multiple of 8
	for name, f := range map[string]struct {
		got  func([]float32)
		want func(float64) float64
	}{
		"gelu":        {gelu, func(v float64) float64 { return v * math.Erfc(-v/math.Sqrt2) / 2 }},
		"gelu, plain": {geluPlain, func(v float64) float64 { return v * math.Erfc(-v/math.Sqrt2) / 2 }},
		"gelu_new":    {geluTanh, func(v float64) float64 { return v / (1 + math.Exp(-2*math.Sqrt(2/math.Pi)*(v+.044715*v*v*v))) }},
		"relu":        {relu, func(v float64) float64 { return math.Max(v, 0) }},
		"tanh":        {tanh, math.Tanh},
	} {
		y := append([]float32(nil), x...)
		f.got(y)
		for i, v := range x {
			if want := f.want(float64(v)); !(math.Abs(float64(y[i])-want) <= 1e-6*(1+math.Abs(want))) {
				t.Errorf("%s of %g is %g, want %g", name, v, y[i], want)
				break
			}
		}
	}
	for v := -86.; v <= .5; v += .037 {
		if got := float64(exp(float32(v))); math.Abs(got/math.Exp(float64(float32(v)))-1) > 3e-7 {
			t.Fatalf("exp(%g) is %g", v, got)
		}
	}
}

func TestSoftmax(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 3))
	for _, n := range []int{1, 2, 7, 8, 9, 31, 64, 100} {
		x := make([]float32, 128)
		for i := range n {
			x[i] = float32(20 * rng.NormFloat64())
		}
		want, total := make([]float64, n), 0.
		for i := range n {
			want[i] = math.Exp(float64(x[i] - x[0]))
			total += want[i]
		}
		plain := append([]float32(nil), x[:n]...)
		softmaxPlain(plain)
		softmax(x, n)
		for i := range n {
			if w := want[i] / total; math.Abs(float64(x[i])-w) > 1e-6 || math.Abs(float64(plain[i])-w) > 1e-6 {
				t.Fatalf("%d: value %d is %g and %g, want %g", n, i, x[i], plain[i], w)
			}
		}
	}
}

func TestBuckets(t *testing.T) {
	for d := -600; d <= 600; d++ {
		if got, want := bucket(d), t5Bucket(d); got != want {
			t.Errorf("distance %d is in bucket %d, want %d", d, got, want)
		}
	}
}
