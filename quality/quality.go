// Package quality measures the engine on the records of a store: it learns from
// all months but the newest, and asks what it makes of that one. Each section has
// a file and prints its figures beside those of a baseline, measured on the same
// draws in the same run.
package quality

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/encode"
)

// Records are a store's papers that have a day, oldest first, and where the
// month begins that is tested.
type Records struct {
	Papers []offprint.Paper
	Test   int    // Papers[Test:] are of the tested month
	Month  string // that month, such as "2026-03"
}

// fewestPapers is what a test needs on either side to say anything.
const fewestPapers = 500

// NewRecords sorts papers by day and splits off the newest month, or the one
// before where the newest has hardly begun. The slice is the callee's from then on.
func NewRecords(papers []offprint.Paper) (*Records, error) {
	papers = slices.DeleteFunc(papers, func(p offprint.Paper) bool { return p.Listed == 0 || p.Withdrawn })
	slices.SortStableFunc(papers, func(a, b offprint.Paper) int {
		if a.Listed != b.Listed {
			return int(a.Listed - b.Listed)
		}
		return int(a.ID - b.ID)
	})
	for end := len(papers); end > 0; {
		month := monthOf(&papers[end-1])
		from := end
		for from > 0 && monthOf(&papers[from-1]) == month {
			from--
		}
		if end-from >= fewestPapers && from >= fewestPapers {
			return &Records{Papers: papers[:end], Test: from, Month: month}, nil
		}
		end = from
	}
	return nil, offprint.Errorf(offprint.KindInvalid, "there are %d papers here, and the measurement needs a month with %d and as many before it: collect more, or import some months with “offprint import”.", len(papers), fewestPapers)
}

func monthOf(p *offprint.Paper) string { return p.Listed.Time().Format("2006-01") }

// Learn are the papers before the tested month.
func (r *Records) Learn() []offprint.Paper { return r.Papers[:r.Test] }

// Tested are the papers of the tested month.
func (r *Records) Tested() []offprint.Paper { return r.Papers[r.Test:] }

// LastMonth is where the month before the tested one begins.
func (r *Records) LastMonth() int {
	at := r.Test - 1
	for month := monthOf(&r.Papers[at]); at > 0 && monthOf(&r.Papers[at-1]) == month; {
		at--
	}
	return at
}

// Bench is one measurement: the records, an encoder that has learned from those
// before the tested month, and the vectors of all.
type Bench struct {
	*Records
	Encoder *encode.Encoder
	Vectors []float32 // [papers x Encoder.Dim()], rows of length 1
	Seed    uint64

	Out          io.Writer
	Bars, Missed int
	Results      []Result // all that was printed

	section string
	authors *bylines // of Papers, once they are needed
}

// Result is a figure that was printed.
type Result struct {
	Section string `json:"section,omitempty"`
	Name    string `json:"name"`
	Value   string `json:"value"`
	Bar     string `json:"bar,omitempty"` // absent where there is none
	OK      bool   `json:"ok"`            // the bar is met, or there is none
}

// Row returns the vector of a paper by its place in Papers.
func (b *Bench) Row(i int) []float32 {
	d := b.Encoder.Dim()
	return b.Vectors[i*d : (i+1)*d]
}

// Encode fills in Vectors.
func (b *Bench) Encode(ctx context.Context) error {
	b.Vectors = make([]float32, 0, len(b.Papers)*b.Encoder.Dim())
	for i := range b.Papers {
		if err := ctx.Err(); err != nil {
			return err
		}
		b.Vectors = append(b.Vectors, b.Encoder.Encode(TextOf(&b.Papers[i]))...)
	}
	return nil
}

// TextOf is what the encoder reads of a paper.
func TextOf(p *offprint.Paper) encode.Text {
	return encode.Text{Title: p.Title, Abstract: p.Abstract, Comment: p.Comment}
}

// Heading starts a section.
func (b *Bench) Heading(format string, args ...any) {
	fmt.Fprintf(b.Out, "\n"+format+"\n", args...)
}

// Figure prints a figure beside its bar; ok says whether the bar is met.
func (b *Bench) Figure(name, value, bar string, ok bool) {
	mark := "ok"
	b.Bars++
	if !ok {
		mark = "MISSED"
		b.Missed++
	}
	b.Results = append(b.Results, Result{b.section, name, value, bar, ok})
	fmt.Fprintf(b.Out, "  %-52s %16s   bar %-14s %s\n", name, value, bar, mark)
}

// Note prints a figure that has no bar, such as a baseline's.
func (b *Bench) Note(name, value string) {
	b.Results = append(b.Results, Result{b.section, name, value, "", true})
	fmt.Fprintf(b.Out, "  %-52s %16s\n", name, value)
}

// since is how long something took, to be printed.
func since(start time.Time) string { return time.Since(start).Round(time.Millisecond).String() }

// Read takes the records from a store.
func Read(ctx context.Context, store offprint.PaperStore) (*Records, error) {
	var papers []offprint.Paper
	if err := store.AllPapers(ctx, func(p *offprint.Paper) error {
		papers = append(papers, *p)
		return nil
	}); err != nil {
		return nil, err
	}
	return NewRecords(papers)
}
