//go:build goexperiment.simd && amd64

package sentence

import (
	"math"
	"simd/archsimd"
)

// What the processor has. Those with AVX2 have fused multiply-adds, too, which
// GODEBUG=cpu.fma=off only hides (see methods/backend).
var (
	wide   = archsimd.X86.AVX2()
	widest = archsimd.X86.AVX512()
)

// tiles is tilesPlain in tiles whose sums stay in the 15 registers that the
// compiler has: 6 rows of 2 wide vectors, or 2 of 4 narrow ones. The last tile may
// do some rows again.
func tiles(y []float32, ldy int, x []float32, ldx, n int, w, start []float32) {
	switch {
	case widest && n >= 6:
		for i := 0; i < n; i += 6 {
			i := min(i, n-6)
			tile6(y[i*ldy:], ldy, x[i*ldx:], ldx, w, start)
		}
	case wide && n >= 2:
		for i := 0; i < n; i += 2 {
			i := min(i, n-2)
			tile2(y[i*ldy:], ldy, x[i*ldx:], ldx, w, start)
		}
	default:
		tilesPlain(y, ldy, x, ldx, n, w, start)
		return
	}
	archsimd.ClearAVXUpperBits()
}

func tile6(y []float32, ldy int, x []float32, ldx int, w, start []float32) {
	p := len(w) / panel
	xa, xb, xc := x[:p], x[ldx:ldx+p], x[2*ldx:2*ldx+p] // with x[ldx:][:p] it takes half as long again
	xd, xe, xf := x[3*ldx:3*ldx+p], x[4*ldx:4*ldx+p], x[5*ldx:5*ldx+p]
	a0, a1 := archsimd.LoadFloat32x16Slice(start), archsimd.LoadFloat32x16Slice(start[16:])
	b0, c0, d0, e0, f0 := a0, a0, a0, a0, a0
	b1, c1, d1, e1, f1 := a1, a1, a1, a1, a1
	for k := range xa {
		r := w[k*panel : k*panel+panel : k*panel+panel]
		w0, w1 := archsimd.LoadFloat32x16Slice(r), archsimd.LoadFloat32x16Slice(r[16:])
		s := archsimd.BroadcastFloat32x16(xa[k])
		a0, a1 = w0.MulAdd(s, a0), w1.MulAdd(s, a1)
		s = archsimd.BroadcastFloat32x16(xb[k])
		b0, b1 = w0.MulAdd(s, b0), w1.MulAdd(s, b1)
		s = archsimd.BroadcastFloat32x16(xc[k])
		c0, c1 = w0.MulAdd(s, c0), w1.MulAdd(s, c1)
		s = archsimd.BroadcastFloat32x16(xd[k])
		d0, d1 = w0.MulAdd(s, d0), w1.MulAdd(s, d1)
		s = archsimd.BroadcastFloat32x16(xe[k])
		e0, e1 = w0.MulAdd(s, e0), w1.MulAdd(s, e1)
		s = archsimd.BroadcastFloat32x16(xf[k])
		f0, f1 = w0.MulAdd(s, f0), w1.MulAdd(s, f1)
	}
	a0.StoreSlice(y)
	a1.StoreSlice(y[16:])
	y = y[ldy:]
	b0.StoreSlice(y)
	b1.StoreSlice(y[16:])
	y = y[ldy:]
	c0.StoreSlice(y)
	c1.StoreSlice(y[16:])
	y = y[ldy:]
	d0.StoreSlice(y)
	d1.StoreSlice(y[16:])
	y = y[ldy:]
	e0.StoreSlice(y)
	e1.StoreSlice(y[16:])
	y = y[ldy:]
	f0.StoreSlice(y)
	f1.StoreSlice(y[16:])
}

func tile2(y []float32, ldy int, x []float32, ldx int, w, start []float32) {
	p := len(w) / panel
	xa, xb := x[:p], x[ldx:ldx+p]
	a0, a1 := archsimd.LoadFloat32x8Slice(start), archsimd.LoadFloat32x8Slice(start[8:])
	a2, a3 := archsimd.LoadFloat32x8Slice(start[16:]), archsimd.LoadFloat32x8Slice(start[24:])
	b0, b1, b2, b3 := a0, a1, a2, a3
	for k := range xa {
		r := w[k*panel : k*panel+panel : k*panel+panel]
		w0, w1 := archsimd.LoadFloat32x8Slice(r), archsimd.LoadFloat32x8Slice(r[8:])
		w2, w3 := archsimd.LoadFloat32x8Slice(r[16:]), archsimd.LoadFloat32x8Slice(r[24:])
		s := archsimd.BroadcastFloat32x8(xa[k])
		a0, a1, a2, a3 = w0.MulAdd(s, a0), w1.MulAdd(s, a1), w2.MulAdd(s, a2), w3.MulAdd(s, a3)
		s = archsimd.BroadcastFloat32x8(xb[k])
		b0, b1, b2, b3 = w0.MulAdd(s, b0), w1.MulAdd(s, b1), w2.MulAdd(s, b2), w3.MulAdd(s, b3)
	}
	y, z := y[:panel:panel], y[ldy:ldy+panel:ldy+panel]
	a0.StoreSlice(y)
	a1.StoreSlice(y[8:])
	a2.StoreSlice(y[16:])
	a3.StoreSlice(y[24:])
	b0.StoreSlice(z)
	b1.StoreSlice(z[8:])
	b2.StoreSlice(z[16:])
	b3.StoreSlice(z[24:])
}

// softmax is softmaxPlain, 8 values at a time. No number by itself is in use during
// a loop: the compiler would load it with an instruction of the older kind, and the
// processor switches slowly between the kinds.
func softmax(x []float32, n int) {
	if !wide {
		softmaxPlain(x[:n])
		return
	}
	x = x[:(n+7)&^7]
	for i := n; i < len(x); i++ {
		x[i] = -math.MaxFloat32
	}
	var lanes [8]float32
	highest8(x, &lanes)
	top := lanes[0]
	for _, v := range lanes[1:] {
		if v > top {
			top = v
		}
	}
	exp8(x, top, &lanes)
	scale8(x, 1/(((lanes[0]+lanes[4])+(lanes[1]+lanes[5]))+((lanes[2]+lanes[6])+(lanes[3]+lanes[7]))))
}

// highest8 gives the largest of each eighth value.
func highest8(x []float32, lanes *[8]float32) {
	top := archsimd.LoadFloat32x8Slice(x)
	for i := 8; i+8 <= len(x); i += 8 {
		top = top.Max(archsimd.LoadFloat32x8Slice(x[i : i+8 : i+8]))
	}
	top.Store(lanes)
	archsimd.ClearAVXUpperBits()
}

// exp8 sets each x to exp(x - top), and gives the sums of each eighth one.
func exp8(x []float32, top float32, lanes *[8]float32) {
	all := archsimd.BroadcastFloat32x8
	shift, least := all(top), all(leastExp)
	log2e, high, low := all(log2e), all(-ln2High), all(-ln2Low)
	one, bias := all(1<<23), all(127<<23)
	c0, c1, c2, c3, c4, c5, c6 := all(exp0), all(exp1), all(exp2), all(exp3), all(exp4), all(exp5), all(1)
	var sum archsimd.Float32x8
	for ; len(x) >= 8; x = x[8:] {
		s := x[:8:8]
		v := archsimd.LoadFloat32x8Slice(s).Sub(shift).Max(least)
		n := v.Mul(log2e).RoundToEven()
		r := n.MulAdd(low, n.MulAdd(high, v))
		p := c0.MulAdd(r, c1).MulAdd(r, c2).MulAdd(r, c3).MulAdd(r, c4).MulAdd(r, c5).MulAdd(r, c6).MulAdd(r, c6)
		// 2^n by its bits, a whole number that a float32 holds.
		e := p.Mul(n.MulAdd(one, bias).ConvertToInt32().AsFloat32x8())
		e.StoreSlice(s)
		sum = sum.Add(e)
	}
	sum.Store(lanes)
	archsimd.ClearAVXUpperBits()
}

func scale8(x []float32, by float32) {
	scale := archsimd.BroadcastFloat32x8(by)
	for ; len(x) >= 8; x = x[8:] {
		s := x[:8:8]
		archsimd.LoadFloat32x8Slice(s).Mul(scale).StoreSlice(s)
	}
	archsimd.ClearAVXUpperBits()
}

// gelu is geluPlain, 8 values at a time.
func gelu(x []float32) {
	i := 0
	if wide {
		all := archsimd.BroadcastFloat32x8
		half, root, most, least := all(.5), all(rootHalf), all(4), all(-4)
		var a [len(erfAbove)]archsimd.Float32x8
		for i, v := range erfAbove {
			a[i] = all(v)
		}
		var b [len(erfBelow)]archsimd.Float32x8
		for i, v := range erfBelow {
			b[i] = all(v)
		}
		for ; i+8 <= len(x); i += 8 {
			s := x[i : i+8 : i+8]
			v := archsimd.LoadFloat32x8Slice(s)
			z := v.Mul(root).Min(most).Max(least)
			q := z.Mul(z)
			p := a[0].MulAdd(q, a[1]).MulAdd(q, a[2]).MulAdd(q, a[3]).MulAdd(q, a[4]).MulAdd(q, a[5]).MulAdd(q, a[6])
			d := b[0].MulAdd(q, b[1]).MulAdd(q, b[2]).MulAdd(q, b[3]).MulAdd(q, b[4])
			h := v.Mul(half)
			h.MulAdd(z.Mul(p).Div(d), h).StoreSlice(s)
		}
		archsimd.ClearAVXUpperBits()
	}
	geluPlain(x[i:])
}
