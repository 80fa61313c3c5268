// Package unified is feature multiplexing from "Unified Embedding:
// Battle-Tested Feature Representations for Web-Scale ML Systems" (2023,
// arXiv:2305.12102): one table of vectors for all categorical features of a
// model, in place of a table for each. Each feature looks its values up with
// hashes of its own, and the layer above, which has other weights for each
// feature, learns to tell apart the features that meet in a row.
//
// Feature t has c_t probes, independent hashes h_t1 ... h_tc into the rows of E:
//
//	g_t(v) = [E[h_t1(v)], ..., E[h_tc(v)]]      of c_t d numbers
//	x      = [g_1(v_1), ..., g_T(v_T)]          the input of the network
//
// c_t sets a feature's width: more for a large vocabulary, 1 for a small one.
// Under a logistic head y = sigma(sum_t <theta_t, E[h_t(v_t)]>), a row that
// serves value a of feature 1 and value b of feature 2 moves along
// alpha_a theta_1 + alpha_b theta_2, so feature 1 reads
//
//	<theta_1, E> = alpha_a |theta_1|^2 + alpha_b <theta_1, theta_2>.
//
// Two values of one feature in a row cannot be told apart by any theta; values
// of two features can, once theta_1 and theta_2 are orthogonal, and that is
// where training moves them: see [Cosines] and [Config.Expected].
//
// The paper's tables have a width for each model; here a table has one width
// and features differ in probes alone. The learning is Adam on the rows of a
// batch.
package unified

import (
	"fmt"

	"github.com/offprint/offprint/methods/adam"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/vector"
)

// Feature is a categorical feature.
type Feature struct {
	Name   string
	Probes int // look-ups a value, 1 to 64; 0 means 1
}

// Config describes a table.
type Config struct {
	Rows, Dim int // E is Rows x Dim
	Features  []Feature
	Seed      uint64  // of the hashes and the initial values
	InitStd   float64 // standard deviation of the initial values; 0 means 0.05
	Decay     float64 // weight decay of the rows that a batch uses
	Hash      Hash    // nil means Shared(Rows, Seed)
}

// Table is the shared table with its optimiser. Looking up is safe from several
// goroutines as long as none learns.
type Table struct {
	Config
	E []float32 // [Rows x Dim], row by row

	opt   *adam.Rows
	width int
}

// New makes a table.
func New(c Config) (*Table, error) {
	if c.Rows < 1 || c.Rows > 1<<31-1 || c.Dim < 1 {
		return nil, fmt.Errorf("unified: a table of %d x %d", c.Rows, c.Dim)
	}
	if len(c.Features) == 0 {
		return nil, fmt.Errorf("unified: no features")
	}
	features := make([]Feature, len(c.Features))
	width := 0
	for i, f := range c.Features {
		if f.Probes == 0 {
			f.Probes = 1
		}
		if f.Probes < 1 || f.Probes > probeSeeds {
			return nil, fmt.Errorf("unified: feature %q has %d probes, want 1 to %d", f.Name, f.Probes, probeSeeds)
		}
		features[i] = f
		width += f.Probes * c.Dim
	}
	c.Features = features
	if c.InitStd == 0 {
		c.InitStd = .05
	}
	if c.Hash == nil {
		c.Hash = Shared(c.Rows, c.Seed)
	}
	t := &Table{Config: c, E: make([]float32, c.Rows*c.Dim), width: width}
	random.Normal(random.New(c.Seed, 0), t.E, c.InitStd)
	var err error
	if t.opt, err = adam.NewRows(t.E, c.Dim, 0); err != nil {
		return nil, err
	}
	t.opt.Decay = float32(c.Decay)
	return t, nil
}

// Width is the length of an example's vector: the sum of Probes times Dim.
func (t *Table) Width() int { return t.width }

// Bytes is the size of the table, without the optimiser's state.
func (t *Table) Bytes() int { return 4 * len(t.E) }

// Where appends to dst the rows of a feature's value, one a probe.
func (t *Table) Where(feature int, value uint64, dst []int32) []int32 {
	for k := range t.Features[feature].Probes {
		dst = append(dst, t.Hash(feature, k, value))
	}
	return dst
}

// Lookup sets out [len(values) x Width] to the examples' vectors. Each example
// has one value for each feature.
func (t *Table) Lookup(values [][]uint64, out []float32) error {
	if err := t.check(values, out); err != nil {
		return err
	}
	for _, example := range values {
		for f, v := range example {
			for k := range t.Features[f].Probes {
				copy(out[:t.Dim], t.row(t.Hash(f, k, v)))
				out = out[t.Dim:]
			}
		}
	}
	return nil
}

// Accumulate adds the gradient grad [len(values) x Width] of the looked-up
// vectors to that of their rows.
func (t *Table) Accumulate(values [][]uint64, grad []float32) error {
	if err := t.check(values, grad); err != nil {
		return err
	}
	for _, example := range values {
		for f, v := range example {
			for k := range t.Features[f].Probes {
				t.opt.Add(t.Hash(f, k, v), 1, grad[:t.Dim])
				grad = grad[t.Dim:]
			}
		}
	}
	return nil
}

// LookupMulti is Lookup for features with any number of values: a feature's
// vector is the mean over its values, and 0 without any.
func (t *Table) LookupMulti(values [][][]uint64, out []float32) error {
	if err := t.checkMulti(values, out); err != nil {
		return err
	}
	clear(out)
	for _, example := range values {
		for f, vs := range example {
			for k := range t.Features[f].Probes {
				for _, v := range vs {
					vector.AddScaled(out[:t.Dim], 1/float32(len(vs)), t.row(t.Hash(f, k, v)))
				}
				out = out[t.Dim:]
			}
		}
	}
	return nil
}

// AccumulateMulti is Accumulate for what LookupMulti looked up.
func (t *Table) AccumulateMulti(values [][][]uint64, grad []float32) error {
	if err := t.checkMulti(values, grad); err != nil {
		return err
	}
	for _, example := range values {
		for f, vs := range example {
			for k := range t.Features[f].Probes {
				for _, v := range vs {
					t.opt.Add(t.Hash(f, k, v), 1/float32(len(vs)), grad[:t.Dim])
				}
				grad = grad[t.Dim:]
			}
		}
	}
	return nil
}

// Step moves the rows that have a gradient by one step of Adam at the rate lr.
func (t *Table) Step(lr float64) {
	t.opt.LR = lr
	t.opt.Step()
}

func (t *Table) row(r int32) []float32 { return t.E[int(r)*t.Dim : (int(r)+1)*t.Dim] }

func (t *Table) check(values [][]uint64, out []float32) error {
	for i, example := range values {
		if len(example) != len(t.Features) {
			return fmt.Errorf("unified: example %d has %d values for %d features", i, len(example), len(t.Features))
		}
	}
	return t.checkSize(len(values), out)
}

func (t *Table) checkMulti(values [][][]uint64, out []float32) error {
	for i, example := range values {
		if len(example) != len(t.Features) {
			return fmt.Errorf("unified: example %d has %d lists of values for %d features", i, len(example), len(t.Features))
		}
	}
	return t.checkSize(len(values), out)
}

func (t *Table) checkSize(examples int, out []float32) error {
	if len(out) != examples*t.width {
		return fmt.Errorf("unified: %d numbers for %d examples of %d", len(out), examples, t.width)
	}
	return nil
}
