//go:build goexperiment.simd && amd64

package vector

import "simd/archsimd"

// wide tells whether the processor has the instructions of these kernels. They
// multiply and add apart: fused, they would be no faster here, and addScaled
// would no longer be equal to the plain one.
var wide = archsimd.X86.AVX2()

func dot(a, b []float32) float32 {
	if !wide || len(a) < 8 {
		return dotPlain(a, b)
	}
	var s0, s1, s2, s3 archsimd.Float32x8
	i := 0
	for ; i+32 <= len(a); i += 32 {
		x, y := a[i:i+32:i+32], b[i:i+32:i+32]
		s0 = s0.Add(archsimd.LoadFloat32x8Slice(x).Mul(archsimd.LoadFloat32x8Slice(y)))
		s1 = s1.Add(archsimd.LoadFloat32x8Slice(x[8:]).Mul(archsimd.LoadFloat32x8Slice(y[8:])))
		s2 = s2.Add(archsimd.LoadFloat32x8Slice(x[16:]).Mul(archsimd.LoadFloat32x8Slice(y[16:])))
		s3 = s3.Add(archsimd.LoadFloat32x8Slice(x[24:]).Mul(archsimd.LoadFloat32x8Slice(y[24:])))
	}
	for ; i+8 <= len(a); i += 8 {
		s0 = s0.Add(archsimd.LoadFloat32x8Slice(a[i:]).Mul(archsimd.LoadFloat32x8Slice(b[i:])))
	}
	var lanes [8]float32
	s0.Add(s1).Add(s2.Add(s3)).Store(&lanes)
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
		archsimd.LoadFloat32x8Slice(out).Add(archsimd.LoadFloat32x8Slice(x[i:]).Mul(w)).StoreSlice(out)
	}
	archsimd.ClearAVXUpperBits()
	addScaledPlain(y[i:], s, x[i:])
}
