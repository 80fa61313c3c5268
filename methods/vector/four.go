package vector

// AddScaled4 adds s0 x0 + s1 x1 + s2 x2 + s3 x3 to y in one pass over y, which
// must be as long as each of the others: four times the work for one load and
// store of y, as the products of small matrices have it.
func AddScaled4(y []float32, s0, s1, s2, s3 float32, x0, x1, x2, x3 []float32) {
	n := len(y)
	addScaled4(y, s0, s1, s2, s3, x0[:n], x1[:n], x2[:n], x3[:n])
}

func addScaled4Plain(y []float32, s0, s1, s2, s3 float32, x0, x1, x2, x3 []float32) {
	x0, x1, x2, x3 = x0[:len(y)], x1[:len(y)], x2[:len(y)], x3[:len(y)]
	for i := range y {
		y[i] += (s0*x0[i] + s1*x1[i]) + (s2*x2[i] + s3*x3[i])
	}
}
