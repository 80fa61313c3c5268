//go:build goexperiment.simd && amd64

package vector

import "simd/archsimd"

func addScaled4(y []float32, s0, s1, s2, s3 float32, x0, x1, x2, x3 []float32) {
	i := 0
	if wide && len(y) >= 8 {
		w0, w1 := archsimd.BroadcastFloat32x8(s0), archsimd.BroadcastFloat32x8(s1)
		w2, w3 := archsimd.BroadcastFloat32x8(s2), archsimd.BroadcastFloat32x8(s3)
		for ; i+8 <= len(y); i += 8 {
			out := y[i : i+8 : i+8]
			a := archsimd.LoadFloat32x8Slice(x0[i : i+8 : i+8]).MulAdd(w0, archsimd.LoadFloat32x8Slice(out))
			b := archsimd.LoadFloat32x8Slice(x1[i : i+8 : i+8]).Mul(w1)
			a = archsimd.LoadFloat32x8Slice(x2[i:i+8:i+8]).MulAdd(w2, a)
			b = archsimd.LoadFloat32x8Slice(x3[i:i+8:i+8]).MulAdd(w3, b)
			a.Add(b).StoreSlice(out)
		}
		archsimd.ClearAVXUpperBits()
	}
	addScaled4Plain(y[i:], s0, s1, s2, s3, x0[i:], x1[i:], x2[i:], x3[i:])
}
