package lab

import (
	"fmt"
	"sync"

	"github.com/offprint/offprint/lab/plot"
)

// Run is a reproduction being run: what was asked for, and where to report. Its
// methods may be called from several goroutines.
type Run struct {
	Options
	mu     sync.Mutex
	report *Report
	watch  func(Event)
}

// Event is something that happened in a run, for whoever watches. One of its
// fields is set.
type Event struct {
	Progress *Progress `json:"progress,omitempty"`
	Metric   *Metric   `json:"metric,omitempty"`
	Check    *Check    `json:"check,omitempty"`
	Note     string    `json:"note,omitempty"`
	Report   *Report   `json:"report,omitempty"` // the last event of a run
}

// Seeds returns n seeds, counted from the one that was asked for.
func (r *Run) Seeds(n int) []uint64 {
	seeds := make([]uint64, n)
	for i := range seeds {
		seeds[i] = r.Seed + uint64(i)
	}
	return seeds
}

// Is reports whether the run is of the broken variant with this name.
func (r *Run) Is(broken string) bool { return r.Broken == broken }

// Progress says how far the run has come, from 0 to 1, and what it does now.
func (r *Run) Progress(done float64, format string, args ...any) {
	r.emit(Event{Progress: &Progress{Done: min(1, max(0, done)), Message: fmt.Sprintf(format, args...)}})
}

// Metric reports a figure of a variant with one seed. The unit may be empty.
func (r *Run) Metric(name, variant string, seed uint64, value float64, unit string) {
	m := Metric{name, variant, seed, Number(value), unit}
	r.mu.Lock()
	r.report.Metrics = append(r.report.Metrics, m)
	r.mu.Unlock()
	r.emit(Event{Metric: &m})
}

// AtLeast checks that measured >= bar. NaN fails.
func (r *Run) AtLeast(name string, measured, bar float64) {
	r.check(Check{name, Number(measured), AtLeast, Number(bar), measured >= bar})
}

// AtMost checks that measured <= bar. NaN fails.
func (r *Run) AtMost(name string, measured, bar float64) {
	r.check(Check{name, Number(measured), AtMost, Number(bar), measured <= bar})
}

func (r *Run) check(c Check) {
	r.mu.Lock()
	r.report.Checks = append(r.report.Checks, c)
	r.mu.Unlock()
	r.emit(Event{Check: &c})
}

// Note reports a sentence that belongs to the result: a baseline that wins, a
// limit of what was shown.
func (r *Run) Note(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	r.mu.Lock()
	r.report.Notes = append(r.report.Notes, s)
	r.mu.Unlock()
	r.emit(Event{Note: s})
}

// Plot adds a plot to the report.
func (r *Run) Plot(p plot.Plot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Plots = append(r.report.Plots, p.Finite())
}

// Mean returns the mean of the values of a metric and variant so far, and NaN
// if there are none.
func (r *Run) Mean(name, variant string) float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return float64(r.report.Summary(name, variant).Mean)
}

// Values returns the values of a metric and variant so far, in the order of
// their seeds.
func (r *Run) Values(name, variant string) []float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.report.values(name, variant)
}

func (r *Run) emit(e Event) {
	if r.watch == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watch(e)
}
