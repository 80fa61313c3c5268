package vecstore

// Store is a learned table in the form in which it is kept. Reading is safe
// from several goroutines.
type Store struct {
	rows, dim int
	reader    reader
	size      Size
}

// reader sets out [len(ids) x dim] to rows. It must be safe from several
// goroutines.
type reader interface {
	rows(ids []int32, out []float32)
}

// Size is the memory of a store, in bytes.
type Size struct {
	Values int // numbers, codes, codebooks, scales
	Index  int // what finds them: maps, masks, frequencies
}

// Total is all of it.
func (s Size) Total() int { return s.Values + s.Index }

// Dim is the length of a row.
func (s *Store) Dim() int { return s.dim }

// Size is the memory of the store's arrays.
func (s *Store) Size() Size { return s.size }

// Share is the store's size over that of the full table in float32.
func (s *Store) Share() float64 { return float64(s.size.Total()) / float64(4*s.rows*s.dim) }

// Lookup sets out [len(ids) x Dim] to the rows of ids.
func (s *Store) Lookup(ids []int32, out []float32) error {
	if err := check(ids, out, s.rows, s.dim); err != nil {
		return err
	}
	s.reader.rows(ids, out)
	return nil
}
