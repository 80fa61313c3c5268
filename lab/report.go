package lab

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/offprint/offprint/lab/plot"
)

// Outcome is how a run ended.
type Outcome string

// The outcomes. A run without its data is skipped, never passed.
const (
	Passed    Outcome = "passed"    // every check holds
	Failed    Outcome = "failed"    // a check does not hold
	Skipped   Outcome = "skipped"   // a data set is not there
	Cancelled Outcome = "cancelled" // stopped; what was measured until then is kept
	Errored   Outcome = "error"     // it could not be run
)

// Report is what came out of a run. It stands alone: figures, plots, versions,
// machine and duration.
type Report struct {
	ID      string  `json:"id"` // time and slug, unique in an [Archive]
	Slug    string  `json:"slug"`
	Title   string  `json:"title"`
	Claim   string  `json:"claim"`
	Method  string  `json:"method"`
	Outcome Outcome `json:"outcome"`
	Reason  string  `json:"reason,omitempty"` // with Skipped and Errored: why, and what to do

	Full   bool   `json:"full"`
	Seed   uint64 `json:"seed"`
	Broken string `json:"broken,omitempty"`

	Metrics []Metric    `json:"metrics"`
	Checks  []Check     `json:"checks"`
	Notes   []string    `json:"notes,omitempty"`
	Plots   []plot.Plot `json:"plots,omitempty"`

	Started time.Time     `json:"started"`
	Took    time.Duration `json:"took"` // nanoseconds
	Version string        `json:"version"`
	Machine Machine       `json:"machine"`
}

// Machine is what a run ran on.
type Machine struct {
	OS        string `json:"os"`
	Arch      string `json:"arch"`
	CPU       string `json:"cpu,omitempty"`
	Cores     int    `json:"cores"`
	GoVersion string `json:"go_version"`
	SIMD      bool   `json:"simd"` // built with GOEXPERIMENT=simd
}

// Summary is a metric of one variant over its seeds.
type Summary struct {
	Metric, Variant, Unit string
	Mean, SD              Number // SD of the sample; 0 with one seed
	N                     int
}

// Row is a variant with its summaries, one for each of a table's metrics; N is
// 0 where the variant lacks the metric.
type Row struct {
	Variant string
	Method  bool // it is the paper's method
	Cells   []Summary
}

func (rep *Report) values(metric, variant string) []float64 {
	var ms []Metric
	for _, m := range rep.Metrics {
		if m.Name == metric && m.Variant == variant {
			ms = append(ms, m)
		}
	}
	slices.SortStableFunc(ms, func(a, b Metric) int { return cmp.Compare(a.Seed, b.Seed) })
	vs := make([]float64, len(ms))
	for i, m := range ms {
		vs[i] = float64(m.Value)
	}
	return vs
}

// Summary summarises a metric of a variant over its seeds.
func (rep *Report) Summary(metric, variant string) Summary {
	s := Summary{Metric: metric, Variant: variant, Mean: Number(math.NaN())}
	for _, m := range rep.Metrics {
		if m.Name == metric && m.Variant == variant {
			s.Unit = m.Unit
			break
		}
	}
	vs := rep.values(metric, variant)
	if s.N = len(vs); s.N == 0 {
		return s
	}
	sum := 0.0
	for _, v := range vs {
		sum += v
	}
	mean := sum / float64(s.N)
	ss := 0.0
	for _, v := range vs {
		ss += (v - mean) * (v - mean)
	}
	s.Mean = Number(mean)
	if sd := math.Sqrt(ss / float64(max(1, s.N-1))); sd > 1e-12*math.Abs(mean) { // else rounding alone
		s.SD = Number(sd)
	}
	return s
}

// Table returns the report's metrics and its variants, each in the order in
// which they were first reported.
func (rep *Report) Table() (metrics []string, rows []Row) {
	var variants []string
	for _, m := range rep.Metrics {
		if !slices.Contains(metrics, m.Name) {
			metrics = append(metrics, m.Name)
		}
		if !slices.Contains(variants, m.Variant) {
			variants = append(variants, m.Variant)
		}
	}
	for _, v := range variants {
		row := Row{Variant: v, Method: v == rep.Method}
		for _, m := range metrics {
			row.Cells = append(row.Cells, rep.Summary(m, v))
		}
		rows = append(rows, row)
	}
	return metrics, rows
}

// WriteJSON writes the report as JSON.
func (rep *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(rep)
}

// ReadReport reads what [Report.WriteJSON] wrote.
func ReadReport(r io.Reader) (*Report, error) {
	rep := new(Report)
	if err := json.NewDecoder(io.LimitReader(r, 64<<20)).Decode(rep); err != nil {
		return nil, fmt.Errorf("read a report: %w", err)
	}
	return rep, nil
}
