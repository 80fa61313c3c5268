// Package vecstore holds learned vectors in less memory: the fourteen methods
// that "Experimental Analysis of Large-scale Learnable Vector Storage
// Compression" (2023, arXiv:2311.15578) compares, behind one interface, and
// codecs for vectors that are already there.
//
// A table E of n rows of d numbers, one row for each value of some categorical
// fields, is to take a share of its n d floats. The methods (see [Methods]) are
// of two kinds. Between the rows: ids share parameters by a function that is
// fixed (a hash, a quotient and remainder, a product of small tensors, a
// network on hashes) or that comes from the data (their frequency, the
// likeness of their rows, a codebook). Inside a row: fewer bits, fewer
// dimensions, fewer values that are not zero.
//
// With g(x) the parameters' share of row x, all learn alike: a model above
// looks rows up, e = g(x), and hands dL/de back, which goes on to dL/dg, and
// Adam moves the parameters that a batch used ([Table]). Some methods learn in
// stages, with a search on validation data in between ([Fit]). What comes out
// is a [Store], the form in which the vectors are kept and read: its arrays
// are the codes, kept rows and maps themselves, so that its size is counted
// and not computed.
//
// Each method's file has its equations. Against the study's code: a batch's
// ids are made distinct first, so what a method draws or normalises by
// occurrence (the prefixes of OptEmbed, the batch norms of DHE and AutoDim) is
// drawn and normalised by id; Adam is the one that rests the moments of rows
// that a batch does not use; the schedules are those of hundreds of steps, not
// of hundreds of thousands.
package vecstore

import (
	"fmt"
	"slices"
	"strings"

	"github.com/offprint/offprint/methods/vector"
)

// Spec describes a table to be compressed.
type Spec struct {
	Rows, Dim int
	Fields    []int   // rows of each field, one field after the other; nil means a single field
	Count     []int   // how often the training data uses each row; nil where it is not known
	Budget    float64 // share of the floats of the full table, in (0, 1]; maps come on top
	Steps     int     // training steps that are planned, which the schedules follow
	Seed      uint64
	InitStd   float64 // standard deviation of the first values; 0 means .05
	Decay     float64 // weight decay of the parameters that a batch uses
}

// Method is one of the methods that [New] knows.
type Method struct {
	Name  string // as New takes it
	Title string // as its paper calls it
	Kind  Kind
	new   func(s Spec) (scheme, error)
}

// Kind says where a method saves.
type Kind string

// The kinds of the study's taxonomy.
const (
	Baseline     Kind = "baseline"
	Static       Kind = "between rows, fixed"
	Dynamic      Kind = "between rows, from the data"
	Quantisation Kind = "fewer bits"
	Dimension    Kind = "fewer dimensions"
	Pruning      Kind = "fewer values"
)

var methods = []Method{
	{"full", "full table", Baseline, newFull},
	{"hash", "hash", Baseline, newHash},
	{"compo", "CompoEmb", Static, newCompo},
	{"tt", "TT-Rec", Static, newTensorTrain},
	{"dhe", "DHE", Static, newDeepHash},
	{"robe", "ROBE", Static, newRobe},
	{"dedup", "Dedup", Dynamic, newDedup},
	{"mgqe", "MGQE", Dynamic, newMGQE},
	{"adapt", "AdaptEmb", Dynamic, newAdapt},
	{"int8", "INT8", Quantisation, newInt8},
	{"int16", "INT16", Quantisation, newInt16},
	{"alpt", "ALPT", Quantisation, newALPT},
	{"mde", "MDE", Dimension, newMDE},
	{"autodim", "AutoDim", Dimension, newAutoDim},
	{"optembed", "OptEmbed", Dimension, newOptEmbed},
	{"deeplight", "DeepLight", Pruning, newDeepLight},
	{"autosrh", "AutoSrh", Pruning, newAutoSrh},
}

// Methods are the fourteen methods of the study (INT8 and INT16 are one) after
// their two baselines, the full table and the hash.
func Methods() []Method { return slices.Clone(methods) }

// New returns a table with new parameters. The errors are those of the spec:
// sizes that do not fit, a budget that the method cannot meet, frequencies that
// it needs and does not have. Two methods choose their own size and ignore the
// budget: autodim and optembed.
func New(method string, s Spec) (*Table, error) {
	if s.Rows < 1 || s.Rows > 1<<31-1 || s.Dim < 1 || s.Dim > 1<<16 {
		return nil, fmt.Errorf("vecstore: a table of %d x %d", s.Rows, s.Dim)
	}
	if !(s.Budget > 0 && s.Budget <= 1) {
		return nil, fmt.Errorf("vecstore: a budget of %v, want a share in (0, 1]", s.Budget)
	}
	if s.Steps < 0 || s.InitStd < 0 || s.Decay < 0 {
		return nil, fmt.Errorf("vecstore: %d steps, first values of deviation %v, decay %v: want none below 0", s.Steps, s.InitStd, s.Decay)
	}
	if s.Fields == nil {
		s.Fields = []int{s.Rows}
	}
	sum := 0
	for f, n := range s.Fields {
		if n < 1 {
			return nil, fmt.Errorf("vecstore: field %d has %d rows", f, n)
		}
		sum += n
	}
	if sum != s.Rows {
		return nil, fmt.Errorf("vecstore: fields of %d rows in all for a table of %d", sum, s.Rows)
	}
	if s.Count != nil && len(s.Count) != s.Rows {
		return nil, fmt.Errorf("vecstore: %d frequencies for %d rows", len(s.Count), s.Rows)
	}
	if s.InitStd == 0 {
		s.InitStd = .05
	}
	var names []string
	for _, m := range methods {
		names = append(names, m.Name)
		if m.Name != method {
			continue
		}
		sc, err := m.new(s)
		if err != nil {
			return nil, fmt.Errorf("vecstore: %s: %w", m.Name, err)
		}
		return newTable(s, sc), nil
	}
	return nil, fmt.Errorf("vecstore: no method %q: there are %s", method, strings.Join(names, ", "))
}

// floats is the budget in numbers.
func (s Spec) floats() int { return int(s.Budget * float64(s.Rows) * float64(s.Dim)) }

// rows is the budget in whole rows, and an error if it has none.
func (s Spec) rows() (int, error) {
	n := s.floats() / s.Dim
	if n < 1 {
		return 0, fmt.Errorf("the budget of %d numbers is less than a row", s.floats())
	}
	return n, nil
}

func errTooSmall(s Spec) error {
	return fmt.Errorf("a budget of %.3g is too small for %d rows of %d", s.Budget, s.Rows, s.Dim)
}

// offsets are the first rows of the fields.
func (s Spec) offsets() []int {
	offsets := make([]int, len(s.Fields))
	for f := range offsets[1:] {
		offsets[f+1] = offsets[f] + s.Fields[f]
	}
	return offsets
}

// field is the field of each row.
func (s Spec) field() []int32 {
	field := make([]int32, 0, s.Rows)
	for f, n := range s.Fields {
		for range n {
			field = append(field, int32(f))
		}
	}
	return field
}

// byCount are the rows, the most frequent first, the lower id first among
// equals.
func (s Spec) byCount() ([]int32, error) {
	if s.Count == nil {
		return nil, fmt.Errorf("it needs the frequencies of the rows")
	}
	order := make([]int32, s.Rows)
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return s.Count[b] - s.Count[a] })
	return order, nil
}

// scheme is how a method makes rows of its parameters and learns them. The ids
// of a call are all different.
type scheme interface {
	// rows sets out [len(ids) x dim] to the rows, as training sees them.
	rows(ids []int32, out []float32)
	// learn moves the parameters against grad [len(ids) x dim], the gradient of
	// those rows.
	learn(ids []int32, grad []float32, lr float64)
	// parameters is how many bytes are learned, without the optimiser's.
	parameters() int
	// store is the form in which the rows are kept.
	store() (reader, Size)
}

// Table is a table in training: by [Table.Fit], or step by step, with Lookup,
// Accumulate and Step, where the method has neither stages nor second passes
// (all but dedup, autodim, optembed, autosrh and alpt). It is for one goroutine
// at a time.
type Table struct {
	spec   Spec
	scheme scheme
	plan   []stage

	place    []int32   // of each id in the batch's distinct ids, from 1; 0 elsewhere
	distinct []int32   // of a look-up
	ids      []int32   // with a gradient
	grad     []float32 // [len(ids) x Dim]
	buf      []float32
}

func newTable(s Spec, sc scheme) *Table {
	t := &Table{spec: s, scheme: sc, place: make([]int32, s.Rows), plan: []stage{{share: 1}}}
	if st, ok := sc.(interface{ stages() []stage }); ok {
		t.plan = st.stages()
	}
	return t
}

// Dim is the length of a row.
func (t *Table) Dim() int { return t.spec.Dim }

// ParameterBytes is the memory that the parameters take now, in training, without
// the optimiser's. Only static encoding and quantisation save here as well.
func (t *Table) ParameterBytes() int { return t.scheme.parameters() }

// Lookup sets out [len(ids) x Dim] to the rows of ids, as the model above is to
// see them in training.
func (t *Table) Lookup(ids []int32, out []float32) error {
	if err := t.check(ids, out); err != nil {
		return err
	}
	d := t.spec.Dim
	t.distinct = t.distinct[:0]
	for _, x := range ids {
		if t.place[x] == 0 {
			t.distinct = append(t.distinct, x)
			t.place[x] = int32(len(t.distinct))
		}
	}
	t.buf = slices.Grow(t.buf[:0], len(t.distinct)*d)[:len(t.distinct)*d]
	t.scheme.rows(t.distinct, t.buf)
	for i, x := range ids {
		p := int(t.place[x]-1) * d
		copy(out[i*d:(i+1)*d], t.buf[p:p+d])
	}
	t.release(t.distinct)
	return nil
}

// Accumulate adds the gradient grad [len(ids) x Dim] of the rows that were
// looked up last.
func (t *Table) Accumulate(ids []int32, grad []float32) error {
	if err := t.check(ids, grad); err != nil {
		return err
	}
	d := t.spec.Dim
	for i, x := range t.ids {
		t.place[x] = int32(i + 1)
	}
	for i, x := range ids {
		g := grad[i*d : (i+1)*d]
		if t.place[x] == 0 {
			t.ids = append(t.ids, x)
			t.place[x] = int32(len(t.ids))
			t.grad = append(t.grad, g...)
			continue
		}
		p := int(t.place[x]-1) * d
		vector.AddScaled(t.grad[p:p+d], 1, g)
	}
	t.release(t.ids)
	return nil
}

func (t *Table) release(ids []int32) {
	for _, x := range ids {
		t.place[x] = 0
	}
}

// Step moves the parameters against the accumulated gradient at the rate lr,
// with the rounding or pruning that the method follows it by.
func (t *Table) Step(lr float64) {
	t.scheme.learn(t.ids, t.grad, lr)
	t.ids, t.grad = t.ids[:0], t.grad[:0]
}

// Store returns the table in the form in which it is kept. It is an error while
// [Fit] has stages of the method left.
func (t *Table) Store() (*Store, error) {
	if len(t.plan) > 1 {
		return nil, fmt.Errorf("vecstore: the table is in a search: Fit takes it to its end")
	}
	r, size := t.scheme.store()
	return &Store{rows: t.spec.Rows, dim: t.spec.Dim, reader: r, size: size}, nil
}

func (t *Table) check(ids []int32, values []float32) error {
	return check(ids, values, t.spec.Rows, t.spec.Dim)
}

func check(ids []int32, values []float32, rows, dim int) error {
	if len(values) != len(ids)*dim {
		return fmt.Errorf("vecstore: %d numbers for %d rows of %d", len(values), len(ids), dim)
	}
	for _, x := range ids {
		if x < 0 || int(x) >= rows {
			return fmt.Errorf("vecstore: id %d of a table of %d rows", x, rows)
		}
	}
	return nil
}
