package quality

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/encode"
)

// Section is one part of the measurement.
type Section struct {
	Name string // as given to choose it
	What string // it measures
	run  func(*Bench, context.Context) error
}

// Sections are all parts, in the order in which they run.
func Sections() []Section {
	return []Section{
		{"tags", "ten papers of a tag, then the month ranked", (*Bench).Tags},
		{"known", "search by a passage", (*Bench).KnownItem},
		{"compression", "what fewer bytes cost", (*Bench).Compression},
		{"replacement", "a new encoder in an old index", (*Bench).Replacement},
		{"related", "what is related to a paper", (*Bench).Related},
		{"questions", "the first ten answers of a new reader", (*Bench).Questions},
		{"topics", "topics", (*Bench).Topics},
		{"categories", "categories, guessed", (*Bench).Categories},
		{"votes", "votes in common", (*Bench).Collab},
		{"forgetting", "readers who have gone", (*Bench).Forgetting},
		{"times", "times", (*Bench).Times},
	}
}

// Names are those of all sections.
func Names() []string {
	var names []string
	for _, s := range Sections() {
		names = append(names, s.Name)
	}
	return names
}

// Choose returns the sections with these names, in their own order, or all if
// there are none.
func Choose(names []string) ([]Section, error) {
	all := Sections()
	if len(names) == 0 {
		return all, nil
	}
	known := Names()
	for _, n := range names {
		if !slices.Contains(known, n) {
			return nil, offprint.Errorf(offprint.KindInvalid, "%q is nothing that is measured: choose among %s.", n, strings.Join(known, ", "))
		}
	}
	return slices.DeleteFunc(all, func(s Section) bool { return !slices.Contains(names, s.Name) }), nil
}

// Train makes a bench of records: an encoder learns from the papers before the
// tested month, and then encodes all. Progress is told which share is done.
func Train(ctx context.Context, r *Records, seed uint64, out io.Writer, progress func(done float64, what string)) (*Bench, error) {
	texts := make([]encode.Text, r.Test)
	for i := range texts {
		texts[i] = TextOf(&r.Papers[i])
	}
	start := time.Now()
	e, _, err := encode.Train(ctx, texts, encode.Config{Seed: seed, Progress: progress})
	if err != nil {
		return nil, err
	}
	b := &Bench{Records: r, Encoder: e, Seed: seed, Out: out}
	b.Heading("Learned from %d papers before %s, to be tested on its %d (seed %d)", r.Test, r.Month, len(r.Papers)-r.Test, seed)
	b.Note("training, an encoder of "+fmt.Sprint(e.Dim())+" dimensions", since(start))
	start = time.Now()
	progress(1, "encoding all papers")
	if err := b.Encode(ctx); err != nil {
		return nil, err
	}
	b.Note("encoding, papers a second", fmt.Sprintf("%.0f", float64(len(r.Papers))/time.Since(start).Seconds()))
	return b, nil
}

// Run measures the sections one after the other. An error ends it; a bar that is
// missed does not, and is counted in Missed.
func (b *Bench) Run(ctx context.Context, sections []Section, progress func(done float64, what string)) error {
	for i, s := range sections {
		progress(float64(i)/float64(len(sections)), s.What)
		b.section = s.Name
		if err := s.run(b, ctx); err != nil {
			return fmt.Errorf("measuring %s: %w", s.What, err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}
