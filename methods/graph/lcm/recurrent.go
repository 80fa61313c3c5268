package lcm

// Recurrent reads the elements of each set one after the other, s_t = G(x_t,
// s_{t-1}) from s_0 = 0, and returns the last states [sets x d]. The arguments are
// those of [Fold]; the cell is called as many times as the largest set has
// elements, with the sets that are not at their end.
func Recurrent(cell Op, x []float32, d int, sizes []int) (out []float32, back Back, err error) {
	if err := check(x, d, sizes); err != nil {
		return nil, nil, err
	}
	first := make([]int, len(sizes)) // row of each set
	longest, total := 0, 0
	for s, n := range sizes {
		first[s] = total
		total += n
		longest = max(longest, n)
	}
	out = make([]float32, len(sizes)*d)
	type step struct {
		sets []int
		back func([]float32) (dx, ds []float32)
	}
	steps := make([]step, longest)
	for t := range steps {
		st := &steps[t]
		in, state := make([]float32, 0, len(sizes)*d), make([]float32, 0, len(sizes)*d)
		for s, n := range sizes {
			if t < n {
				st.sets = append(st.sets, s)
				in = append(in, x[(first[s]+t)*d:(first[s]+t+1)*d]...)
				state = append(state, out[s*d:(s+1)*d]...)
			}
		}
		var next []float32
		next, st.back = cell(in, state)
		for k, s := range st.sets {
			copy(out[s*d:(s+1)*d], next[k*d:])
		}
	}
	return out, func(dout []float32) []float32 {
		ds := append([]float32(nil), dout...)
		dx := make([]float32, total*d)
		for t := longest - 1; t >= 0; t-- {
			st := steps[t]
			dNext := make([]float32, 0, len(st.sets)*d)
			for _, s := range st.sets {
				dNext = append(dNext, ds[s*d:(s+1)*d]...)
			}
			dIn, dState := st.back(dNext)
			for k, s := range st.sets {
				copy(ds[s*d:(s+1)*d], dState[k*d:(k+1)*d])
				copy(dx[(first[s]+t)*d:(first[s]+t+1)*d], dIn[k*d:(k+1)*d])
			}
		}
		return dx
	}, nil
}
