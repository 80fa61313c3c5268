//go:build goexperiment.simd && amd64

package vector

import "simd/archsimd"

// fused tells whether the processor has fused multiply-adds. It does not ask for
// the flag, which GODEBUG=cpu.fma=off hides (see package backend): processors
// that have AVX2 have these, too.
var fused = archsimd.X86.AVX2()

// mulAdd is mulAddPlain in tiles whose sums stay in registers: 2 rows of 32
// columns, and 4 rows of 8 for the columns that are left.
func mulAdd(y, a, w []float32, n, p, q, row, col int) {
	if !fused || n < 2 || q < 8 {
		mulAddPlain(y, a, w, n, p, q, row, col)
		return
	}
	j := 0
	for ; j+32 <= q; j += 32 {
		i := 0
		for ; i+2 <= n; i += 2 {
			tile(y[i*q+j:], y[(i+1)*q+j:], a[i*row:], a[(i+1)*row:], w[j:], p, q, col)
		}
		if i < n { // the last row again, with a row that nobody reads
			var nobody [32]float32
			tile(y[i*q+j:], nobody[:], a[i*row:], a[i*row:], w[j:], p, q, col)
		}
	}
	for ; j+8 <= q; j += 8 {
		for i := 0; i < n; i += 4 {
			var nobody [3][8]float32
			var out, in [4][]float32
			for k := range out {
				if i+k < n {
					out[k], in[k] = y[(i+k)*q+j:], a[(i+k)*row:]
				} else {
					out[k], in[k] = nobody[k-1][:], a[i*row:]
				}
			}
			strip(&out, &in, w[j:], p, q, col)
		}
	}
	archsimd.ClearAVXUpperBits()
	for i := range n {
		for c := j; c < q; c++ {
			for k := range p {
				y[i*q+c] += a[i*row+k*col] * w[k*q+c]
			}
		}
	}
}

// strip is tile for 4 rows of 8 columns.
func strip(out, in *[4][]float32, w []float32, p, q, col int) {
	y0, y1 := archsimd.LoadFloat32x8Slice(out[0]), archsimd.LoadFloat32x8Slice(out[1])
	y2, y3 := archsimd.LoadFloat32x8Slice(out[2]), archsimd.LoadFloat32x8Slice(out[3])
	a, b, c, d := in[0], in[1], in[2], in[3]
	for k := range p {
		r := archsimd.LoadFloat32x8Slice(w[k*q : k*q+8 : k*q+8])
		y0 = r.MulAdd(archsimd.BroadcastFloat32x8(a[k*col]), y0)
		y1 = r.MulAdd(archsimd.BroadcastFloat32x8(b[k*col]), y1)
		y2 = r.MulAdd(archsimd.BroadcastFloat32x8(c[k*col]), y2)
		y3 = r.MulAdd(archsimd.BroadcastFloat32x8(d[k*col]), y3)
	}
	y0.StoreSlice(out[0])
	y1.StoreSlice(out[1])
	y2.StoreSlice(out[2])
	y3.StoreSlice(out[3])
}

func tile(y, z, a, b, w []float32, p, q, col int) {
	y, z = y[:32:32], z[:32:32]
	y0, y1 := archsimd.LoadFloat32x8Slice(y), archsimd.LoadFloat32x8Slice(y[8:])
	y2, y3 := archsimd.LoadFloat32x8Slice(y[16:]), archsimd.LoadFloat32x8Slice(y[24:])
	z0, z1 := archsimd.LoadFloat32x8Slice(z), archsimd.LoadFloat32x8Slice(z[8:])
	z2, z3 := archsimd.LoadFloat32x8Slice(z[16:]), archsimd.LoadFloat32x8Slice(z[24:])
	for k := range p {
		r := w[k*q : k*q+32 : k*q+32]
		w0, w1 := archsimd.LoadFloat32x8Slice(r), archsimd.LoadFloat32x8Slice(r[8:])
		w2, w3 := archsimd.LoadFloat32x8Slice(r[16:]), archsimd.LoadFloat32x8Slice(r[24:])
		s := archsimd.BroadcastFloat32x8(a[k*col])
		y0, y1, y2, y3 = w0.MulAdd(s, y0), w1.MulAdd(s, y1), w2.MulAdd(s, y2), w3.MulAdd(s, y3)
		t := archsimd.BroadcastFloat32x8(b[k*col])
		z0, z1, z2, z3 = w0.MulAdd(t, z0), w1.MulAdd(t, z1), w2.MulAdd(t, z2), w3.MulAdd(t, z3)
	}
	y0.StoreSlice(y)
	y1.StoreSlice(y[8:])
	y2.StoreSlice(y[16:])
	y3.StoreSlice(y[24:])
	z0.StoreSlice(z)
	z1.StoreSlice(z[8:])
	z2.StoreSlice(z[16:])
	z3.StoreSlice(z[24:])
}
