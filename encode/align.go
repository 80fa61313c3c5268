package encode

import (
	"fmt"

	"github.com/offprint/offprint/methods/embed/compat"
	"github.com/offprint/offprint/methods/vector"
)

// Align returns an encoder that is e in all but the directions of its axes: the
// cosine of any two texts stays what it is, and the vectors of a text by it and
// by the encoder "to", which e replaces, lie near each other. So a query that it
// encodes can be compared with what the other has left in an index, whichever
// encoder a paper's vector is of.
//
// The sample has texts that both know, at least as many as a vector has numbers;
// some thousands do. With X and Y their vectors by e and by the other, the
// rotation R is the one for which X R is nearest to Y (methods/embed/compat,
// Procrustes), and
//
//	E' = E R,   mu' = mu R   give   v' = v R
//
// without any loss. Prefixes are those of the other's axes from then on: what R
// turns to the front is what the other has there.
func (e *Encoder) Align(to *Encoder, sample []Text) (*Encoder, error) {
	if e.dim != to.dim {
		return nil, fmt.Errorf("encode: vectors of %d numbers cannot be aligned with vectors of %d", e.dim, to.dim)
	}
	var from, onto []float32
	for _, t := range sample {
		v, w := e.Encode(t), to.Encode(t)
		if vector.Norm(v) > 0 && vector.Norm(w) > 0 {
			from, onto = append(from, v...), append(onto, w...)
		}
	}
	if n := len(from) / e.dim; n < e.dim {
		return nil, fmt.Errorf("encode: both encoders know words of %d of %d texts, and aligning them takes %d", n, len(sample), e.dim)
	}
	rotation, err := compat.Procrustes(from, onto, e.dim)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	r := make([]float32, 0, e.dim*e.dim)
	for i := range e.dim {
		for j := range e.dim {
			r = append(r, float32(rotation.At(i, j)))
		}
	}
	turned := func(rows []float32) []float32 {
		out := make([]float32, len(rows))
		vector.MulAdd(out, rows, r, e.dim, e.dim)
		return out
	}
	aligned := *e
	aligned.table, aligned.mean = turned(e.table), turned(e.mean)
	return &aligned, nil
}
