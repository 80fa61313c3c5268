package lcm

// Fold joins the elements of each set with the operator in a balanced tree. X
// [elements x d] has the elements of all sets, one set after the other, and sizes
// how many each has. The result [sets x d] has 0 for an empty set, and the element
// itself for a set of one. The operator is called [Depth] times, of the largest
// set, with the pairs of all sets.
func Fold(op Op, x []float32, d int, sizes []int) (out []float32, back Back, err error) {
	if err := check(x, d, sizes); err != nil {
		return nil, nil, err
	}
	t := tree{d: d, rows: len(x) / d}
	left := append([]int(nil), sizes...)
	for {
		l, more := newLevel(left)
		if !more {
			break
		}
		a, b := make([]float32, 0, len(l.pairs)*d), make([]float32, 0, len(l.pairs)*d)
		for _, at := range l.pairs {
			a = append(a, x[at*d:(at+1)*d]...)
			b = append(b, x[(at+1)*d:(at+2)*d]...)
		}
		joined, back := op(a, b)
		l.back = back
		next := make([]float32, l.rows*d)
		for k, to := range l.joined {
			copy(next[to*d:(to+1)*d], joined[k*d:])
		}
		for _, c := range l.carried {
			copy(next[c[1]*d:(c[1]+1)*d], x[c[0]*d:])
		}
		x = next
		t.levels = append(t.levels, l)
	}
	out = make([]float32, len(sizes)*d)
	row := 0
	for s, n := range left {
		if n == 1 {
			copy(out[s*d:(s+1)*d], x[row*d:])
			t.full = append(t.full, s)
			row++
		}
	}
	return out, t.goBack, nil
}

// tree is what going back through a fold needs.
type tree struct {
	d, rows int // rows of x
	levels  []level
	full    []int // the sets that have any element, in order
}

// level is one level of the trees of all sets.
type level struct {
	pairs   []int    // rows of the first of each pair
	joined  []int    // where the pair goes in the next level
	carried [][2]int // rows that have no partner, from and to
	rows    int      // of the next level
	back    func(dout []float32) (da, db []float32)
}

// newLevel pairs the rows of sets of these sizes, which it sets to those of the
// next level. It reports whether there is any pair.
func newLevel(sizes []int) (l level, more bool) {
	at := 0
	for s, n := range sizes {
		for i := 0; i < n; i += 2 {
			if i+1 < n {
				l.pairs, l.joined = append(l.pairs, at+i), append(l.joined, l.rows)
			} else {
				l.carried = append(l.carried, [2]int{at + i, l.rows})
			}
			l.rows++
		}
		at += n
		sizes[s] = (n + 1) / 2
	}
	return l, len(l.pairs) > 0
}

func (t *tree) goBack(dout []float32) []float32 {
	d := t.d
	dx := make([]float32, len(t.full)*d)
	for row, s := range t.full {
		copy(dx[row*d:(row+1)*d], dout[s*d:])
	}
	for k := len(t.levels) - 1; k >= 0; k-- {
		l := t.levels[k]
		rows := t.rows
		if k > 0 {
			rows = t.levels[k-1].rows
		}
		dJoined := make([]float32, 0, len(l.joined)*d)
		for _, to := range l.joined {
			dJoined = append(dJoined, dx[to*d:(to+1)*d]...)
		}
		da, db := l.back(dJoined)
		before := make([]float32, rows*d)
		for i, at := range l.pairs {
			copy(before[at*d:(at+1)*d], da[i*d:])
			copy(before[(at+1)*d:(at+2)*d], db[i*d:])
		}
		for _, c := range l.carried {
			copy(before[c[0]*d:(c[0]+1)*d], dx[c[1]*d:(c[1]+1)*d])
		}
		dx = before
	}
	return dx
}

// Associativity returns equation 3 for rows a, b and c [rows x d] of elements, and
// a function that goes back from the loss, with a weight.
func Associativity(op Op, a, b, c []float32, d int) (loss float64, back func(weight float64) (da, db, dc []float32)) {
	ab, backAB := op(a, b)
	left, backLeft := op(ab, c)
	bc, backBC := op(b, c)
	right, backRight := op(a, bc)
	rows := float64(len(a) / d)
	diff := make([]float32, len(left))
	for i := range diff {
		diff[i] = left[i] - right[i]
		loss += float64(diff[i]) * float64(diff[i]) / rows
	}
	return loss, func(weight float64) (da, db, dc []float32) {
		up, down := make([]float32, len(diff)), make([]float32, len(diff))
		for i, v := range diff {
			up[i] = v * float32(2*weight/rows)
			down[i] = -up[i]
		}
		dab, dc := backLeft(up)
		da, db = backAB(dab)
		da2, dbc := backRight(down)
		db2, dc2 := backBC(dbc)
		for i := range da {
			da[i] += da2[i]
			db[i] += db2[i]
			dc[i] += dc2[i]
		}
		return da, db, dc
	}
}
