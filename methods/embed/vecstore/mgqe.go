package vecstore

import (
	"math"
	"math/bits"

	"github.com/offprint/offprint/methods/vector"
)

// mgqe is MGQE, multi-granular quantised embeddings: product quantisation while
// learning, with more codes for frequent ids. A row is cut into D parts, part p
// has a codebook C_p of K entries, and
//
//	k_p = argmin_j |e_p - C_pj|^2   over j < K for the most frequent tenth,
//	                                over j < K/4 for the others,
//	e(x) = [C_1k_1, ..., C_Dk_D].
//
// The gradient passes straight through to the full table, which exists in
// training alone; the codebooks follow it by the loss |C_pk - e_p|^2. K is the
// largest power of two up to 256 that meets the budget. The study's code brings
// the distances over a codebook to mean 0 and deviation 1 first, which cannot
// change a minimum within one row but does across the rows of a batch; here
// they are plain.
type mgqe struct {
	e     *matrix
	books []*matrix // of each part, [K x d/D]
	few   int       // codes of the ids that are not frequent
	hot   []bool
	codes []uint16 // of the rows that rows gave last, [len(ids) x D]
}

const (
	mgqeParts = 4
	mgqeMax   = 256
	mgqeHot   = 10 // one id in so many is frequent
)

func newMGQE(s Spec) (scheme, error) {
	order, err := s.byCount()
	if err != nil {
		return nil, err
	}
	hot := s.Rows / mgqeHot
	parts := mgqeParts
	for s.Dim%parts != 0 {
		parts--
	}
	for k := mgqeMax; k >= 8; k /= 2 {
		b := bits.Len(uint(k - 1))
		codes := parts * (hot*b + (s.Rows-hot)*(b-2)) // bits
		if codes/8+4*k*s.Dim > 4*s.floats() || k > s.Rows {
			continue
		}
		return newCodebooks(s, parts, k, k/4, order[:hot])
	}
	return nil, errTooSmall(s)
}

func newCodebooks(s Spec, parts, many, few int, hot []int32) (*mgqe, error) {
	t := &mgqe{few: few, hot: make([]bool, s.Rows)}
	for _, x := range hot {
		t.hot[x] = true
	}
	var err error
	if t.e, err = newMatrix(s, s.Rows, s.Dim, s.InitStd, 0); err != nil {
		return nil, err
	}
	for p := range parts {
		book, err := newMatrix(s, many, s.Dim/parts, s.InitStd, uint64(1+p))
		if err != nil {
			return nil, err
		}
		book.opt.Decay = 0
		t.books = append(t.books, book)
	}
	return t, nil
}

// allowed is how many codes an id may use.
func (t *mgqe) allowed(x int32) int {
	if t.hot[x] {
		return len(t.books[0].w) / t.books[0].dim
	}
	return t.few
}

// nearest is the code of a part of a row among the first n.
func (m *matrix) nearest(v []float32, n int) int {
	best, at := float32(math.Inf(1)), 0
	for j := range n {
		sum := float32(0)
		for i, c := range m.w[j*m.dim : (j+1)*m.dim] {
			sum += (v[i] - c) * (v[i] - c)
		}
		if sum < best {
			best, at = sum, j
		}
	}
	return at
}

// encode appends an id's codes.
func (t *mgqe) encode(codes []uint16, x int32) []uint16 {
	e, w, n := t.e.row(x), t.books[0].dim, t.allowed(x)
	for p, book := range t.books {
		codes = append(codes, uint16(book.nearest(e[p*w:(p+1)*w], n)))
	}
	return codes
}

func (t *mgqe) rows(ids []int32, out []float32) {
	w := t.books[0].dim
	t.codes = t.codes[:0]
	for _, x := range ids {
		t.codes = t.encode(t.codes, x)
	}
	for i, c := range t.codes {
		copy(out[i*w:(i+1)*w], t.books[i%len(t.books)].row(int32(c)))
	}
}

func (t *mgqe) learn(ids []int32, grad []float32, lr float64) {
	d, w := t.e.dim, t.books[0].dim
	t.codes = t.codes[:0]
	diff := make([]float32, w)
	for i, x := range ids {
		start := len(t.codes)
		t.codes = t.encode(t.codes, x)
		for p, c := range t.codes[start:] {
			copy(diff, t.books[p].row(int32(c)))
			vector.AddScaled(diff, -1, t.e.row(x)[p*w:(p+1)*w])
			t.books[p].opt.Add(int32(c), 2/float32(d*len(ids)), diff)
		}
		t.e.opt.Add(x, 1, grad[i*d:(i+1)*d])
	}
	t.e.step(lr)
	for _, b := range t.books {
		b.step(lr)
	}
}

func (t *mgqe) parameters() int { return t.e.bytes() + len(t.books)*t.books[0].bytes() }

func (t *mgqe) store() (reader, Size) {
	many := len(t.books[0].w) / t.books[0].dim
	s := &mgqeStore{hot: newBitset(len(t.hot), func(i int) bool { return t.hot[i] })}
	s.many = newPacked(s.hot.count*len(t.books), bits.Len(uint(many-1)))
	s.few = newPacked((len(t.hot)-s.hot.count)*len(t.books), bits.Len(uint(t.few-1)))
	size := Size{Index: s.hot.bytes()}
	for _, b := range t.books {
		s.books = append(s.books, b.copyOf())
		size.Values += b.bytes()
	}
	var codes []uint16
	for x := range t.hot {
		codes = t.encode(codes[:0], int32(x))
		at, from := s.codes(int32(x))
		for p, c := range codes {
			at.set(from+p, uint64(c))
		}
	}
	size.Values += s.many.bytes() + s.few.bytes()
	return s, size
}

// mgqeStore are the codes: of more bits for the frequent ids.
type mgqeStore struct {
	hot       *bitset
	many, few *packed
	books     []*matrix
}

// codes says where an id's codes begin.
func (s *mgqeStore) codes(x int32) (*packed, int) {
	r := s.hot.rank(int(x))
	if s.hot.has(int(x)) {
		return s.many, r * len(s.books)
	}
	return s.few, (int(x) - r) * len(s.books)
}

func (s *mgqeStore) rows(ids []int32, out []float32) {
	for _, x := range ids {
		codes, at := s.codes(x)
		for p, b := range s.books {
			copy(out[:b.dim], b.row(int32(codes.get(at+p))))
			out = out[b.dim:]
		}
	}
}
