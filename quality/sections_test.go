package quality_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/offprint/offprint/encode"
	"github.com/offprint/offprint/engine/enginetest"
	"github.com/offprint/offprint/quality"
)

// Every section but that of times, which makes a million rows, measures papers of
// which it is known what there is to be found.
func TestSections(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds")
	}
	papers := enginetest.Papers(2400)
	for i := range papers {
		papers[i].ID = int64(i + 1)
		papers[i].Abstract = strings.ReplaceAll(papers[i].Abstract, " common", ". Common")
		papers[i].Categories = append(papers[i].Categories, papers[i].Categories[0]+string(rune('A'+i/enginetest.Subjects%2)))
	}
	r, err := quality.NewRecords(papers)
	if err != nil {
		t.Fatal(err)
	}
	var texts []encode.Text
	for i := range r.Learn() {
		texts = append(texts, quality.TextOf(&r.Papers[i]))
	}
	e, _, err := encode.Train(t.Context(), texts, encode.Config{Dim: 64, Epochs: 2})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	b := &quality.Bench{Records: r, Encoder: e, Seed: 1, Out: &out}
	if err := b.Encode(t.Context()); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, name := range quality.Names() {
		if name != "times" {
			names = append(names, name)
		}
	}
	sections, err := quality.Choose(names)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Run(t.Context(), sections, func(float64, string) {}); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	seen := map[string]bool{}
	for _, res := range b.Results {
		seen[res.Section] = true
	}
	for _, name := range names {
		if !seen[name] {
			t.Errorf("%s prints nothing", name)
		}
	}
	if b.Bars < 6 {
		t.Errorf("%d bars\n%s", b.Bars, &out)
	}
}
