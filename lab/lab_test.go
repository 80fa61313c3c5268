package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/dataset"
	"github.com/offprint/offprint/lab/plot"
)

// sample is a reproduction with the given run.
func sample(run func(ctx context.Context, r *Run) error) Reproduction {
	return Reproduction{
		Slug: "mrl", Claim: "It holds.", State: Reproduced, Method: "MRL", Package: "methods/embed/mrl", Run: run,
		Broken: []BrokenVariant{{"no-loss", "Leaves out the loss."}},
	}
}

func good(_ context.Context, r *Run) error {
	for _, seed := range r.Seeds(3) {
		r.Metric("MRR", "MRL", seed, .5+float64(seed)*.1, "")
		r.Metric("MRR", "PCA", seed, .4, "")
	}
	r.Progress(.5, "halfway")
	r.Plot(plot.Plot{Name: "p", Title: "T", Lines: []plot.Series{{Name: "MRL", X: []float64{1, 2}, Y: []float64{1, math.NaN()}, Method: true}}})
	r.Note("PCA is <simple>.")
	gain := r.Mean("MRR", "MRL") - r.Mean("MRR", "PCA")
	if r.Is("no-loss") {
		gain = math.NaN()
	}
	r.AtLeast("gain", gain, .1)
	return nil
}

func TestOutcomes(t *testing.T) {
	missing, err := dataset.ByName("cora")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		run    func(ctx context.Context, r *Run) error
		broken string
		want   Outcome
		reason string
	}{
		"passed":  {good, "", Passed, ""},
		"broken":  {good, "no-loss", Failed, ""},
		"missing": {func(context.Context, *Run) error { return &dataset.MissingError{Set: missing} }, "", Skipped, "is not here"},
		"error":   {func(context.Context, *Run) error { return errors.New("no luck") }, "", Errored, "no luck"},
		"panic":   {func(context.Context, *Run) error { panic("oops") }, "", Errored, "oops"},
		"nothing": {func(context.Context, *Run) error { return nil }, "", Errored, "no check"},
	} {
		t.Run(name, func(t *testing.T) {
			last := Event{}
			rep, err := Execute(t.Context(), sample(c.run), Options{Broken: c.broken}, func(e Event) { last = e })
			if err != nil {
				t.Fatal(err)
			}
			if rep.Outcome != c.want || !strings.Contains(rep.Reason, c.reason) {
				t.Errorf("outcome %s %q, want %s %q", rep.Outcome, rep.Reason, c.want, c.reason)
			}
			if last.Report != rep {
				t.Error("the last event is not the report")
			}
		})
	}
	if _, err := Execute(t.Context(), sample(good), Options{Broken: "other"}, nil); offprint.KindOf(err) != offprint.KindInvalid {
		t.Errorf("an unknown broken variant: %v", err)
	}
}

// A run that is cancelled keeps what it has measured, even one that does not
// listen.
func TestCancelKeepsMetrics(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	defer close(release)
	rep, err := Execute(ctx, sample(func(_ context.Context, r *Run) error {
		r.Metric("MRR", "MRL", 0, .5, "")
		cancel()
		<-release
		return nil
	}), Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if rep.Outcome != Cancelled || len(rep.Metrics) != 1 {
		t.Errorf("%s with %d metrics, want cancelled with 1", rep.Outcome, len(rep.Metrics))
	}
}

func TestReportStandsAlone(t *testing.T) {
	rep, err := Execute(t.Context(), sample(good), Options{Seed: 4}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := rep.Summary("MRR", "MRL")
	if math.Abs(float64(s.Mean)-1) > 1e-12 || math.Abs(float64(s.SD)-.1) > 1e-12 || s.N != 3 {
		t.Errorf("summary %+v, want 1 ± .1 of 3", s)
	}
	var js, page, text bytes.Buffer
	if err := rep.WriteJSON(&js); err != nil {
		t.Fatal(err)
	}
	back, err := ReadReport(&js)
	if err != nil {
		t.Fatal(err)
	}
	if back.Summary("MRR", "PCA") != rep.Summary("MRR", "PCA") || len(back.Plots) != 1 || back.Took != rep.Took {
		t.Error("the report read back differs")
	}
	if err := back.WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	if p := page.String(); !strings.Contains(p, "<svg") || !strings.Contains(p, "PCA is &lt;simple&gt;.") || strings.Contains(p, "<?xml") {
		t.Error("the page lacks its plot, or a note is not escaped")
	}
	if err := back.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if p := text.String(); !strings.Contains(p, "MRL *") || !strings.Contains(p, "pass  gain") {
		t.Errorf("the text lacks the method or its check:\n%s", p)
	}
	changes := Compare(rep, back)
	if len(changes) != 2 || changes[0].Delta != 0 {
		t.Errorf("changes %+v, want two of 0", changes)
	}
}

func TestNumbersThatJSONLacks(t *testing.T) {
	for _, f := range []float64{0, 1.5, math.Inf(1), math.Inf(-1), math.NaN()} {
		b, err := json.Marshal(Number(f))
		if err != nil {
			t.Fatal(err)
		}
		var n Number
		if err := json.Unmarshal(b, &n); err != nil || float64(n) != f && !(math.IsNaN(f) && math.IsNaN(float64(n))) {
			t.Errorf("%v became %s and then %v, %v", f, b, n, err)
		}
	}
}

func TestArchive(t *testing.T) {
	a := Archive{Dir: t.TempDir()}
	var ids []string
	for i, broken := range []string{"", "", "no-loss"} {
		rep, err := Execute(t.Context(), sample(good), Options{Broken: broken}, nil)
		if err != nil {
			t.Fatal(err)
		}
		rep.ID = time.Date(2026, 3, 5, 0, 0, i, 0, time.UTC).Format("20060102T150405.000") + "-mrl"
		ids = append(ids, rep.ID)
		if err := a.Save(rep); err != nil {
			t.Fatal(err)
		}
	}
	// What else stands in the folder is not a report.
	for _, f := range []string{ids[0] + ".html", ids[0] + "-p.svg", ".part-1"} {
		if err := os.WriteFile(filepath.Join(a.Dir, "mrl", f), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := a.IDs("mrl")
	if err != nil || len(got) != 3 || got[0] != ids[2] {
		t.Fatalf("ids %v, %v; want the three, newest first", got, err)
	}
	latest, err := a.Latest("mrl")
	if err != nil || latest == nil || latest.ID != ids[1] {
		t.Fatalf("latest %+v, %v; want the newest of the method itself", latest, err)
	}
	for _, id := range []string{"../../etc/passwd", "x", "20260305T000000.000-..", ""} {
		if _, err := a.Load(id); offprint.KindOf(err) != offprint.KindInvalid {
			t.Errorf("Load(%q): %v, want invalid", id, err)
		}
	}
	if _, err := a.Load("20250305T000000.000-mrl"); offprint.KindOf(err) != offprint.KindNotFound {
		t.Errorf("an absent report: %v", err)
	}
	if ids, err := a.IDs("../.."); err != nil || ids != nil {
		t.Errorf("ids outside of the archive: %v, %v", ids, err)
	}
}

func TestReadAPI(t *testing.T) {
	fsys := fstest.MapFS{
		"f/p/p.go": {Data: []byte(`// Package p does.
package p

// T is a type.
type T struct{ X int }

// New makes a T.
func New() *T { return &T{} }

// Twice doubles.
func (t *T) Twice() int { return 2 * t.X }

func hidden() {}
`)},
		"f/p/p_test.go": {Data: []byte("package p\n")},
	}
	api, err := ReadAPI(fsys, "f/p")
	if err != nil {
		t.Fatal(err)
	}
	var decls []string
	for _, i := range api.Items {
		decls = append(decls, i.Decl)
	}
	if got := strings.Join(decls, "|"); !strings.Contains(got, "type T struct{ X int }|func New() *T|func (t *T) Twice() int") || strings.Contains(got, "hidden") {
		t.Errorf("declarations %q", got)
	}
	if len(api.Files) != 2 || !api.Files[1].Test {
		t.Errorf("files %+v", api.Files)
	}
}
