//go:build goexperiment.simd && amd64

package vector

import "simd/archsimd"

var wide = archsimd.X86.AVX2() && archsimd.X86.FMA()

func dot(a, b []float32) float32 {
	if !wide || len(a) < 8 {
		return dotPlain(a, b)
	}
	var s0, s1 archsimd.Float32x8
	i := 0
	for ; i+16 <= len(a); i += 16 {
		x, y := a[i:i+16:i+16], b[i:i+16:i+16]
		s0 = archsimd.LoadFloat32x8Slice(x[:8]).MulAdd(archsimd.LoadFloat32x8Slice(y[:8]), s0)
		s1 = archsimd.LoadFloat32x8Slice(x[8:]).MulAdd(archsimd.LoadFloat32x8Slice(y[8:]), s1)
	}
	if i+8 <= len(a) {
		s0 = archsimd.LoadFloat32x8Slice(a[i:]).MulAdd(archsimd.LoadFloat32x8Slice(b[i:]), s0)
		i += 8
	}
	var lanes [8]float32
	s0.Add(s1).Store(&lanes)
	archsimd.ClearAVXUpperBits()
	sum := ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]))
	for ; i < len(a); i++ {
		sum += a[i] * b[i]
	}
	return sum
}

func addScaled(y []float32, s float32, x []float32) {
	if !wide || len(x) < 8 {
		addScaledPlain(y, s, x)
		return
	}
	w := archsimd.BroadcastFloat32x8(s)
	i := 0
	for ; i+8 <= len(x); i += 8 {
		out := y[i : i+8 : i+8]
		archsimd.LoadFloat32x8Slice(x[i:i+8:i+8]).MulAdd(w, archsimd.LoadFloat32x8Slice(out)).StoreSlice(out)
	}
	archsimd.ClearAVXUpperBits()
	addScaledPlain(y[i:], s, x[i:])
}
