// Package labtest tests a reproduction as the suite demands: it passes, and
// each of its broken variants fails a check.
package labtest

import (
	"testing"

	"github.com/offprint/offprint/lab"
)

// Run runs a reproduction at its default size and each of its broken variants.
// It is skipped with -short, and where a data set is missing.
func Run(t *testing.T, rep lab.Reproduction) {
	t.Helper()
	if testing.Short() {
		t.Skip("reproductions take up to half a minute each: run without -short")
	}
	if len(rep.Broken) == 0 {
		t.Errorf("%s declares no broken variant", rep.Slug)
	}
	t.Run("method", func(t *testing.T) {
		report := execute(t, rep, lab.Options{})
		if report.Outcome != lab.Passed {
			t.Errorf("outcome %s %s", report.Outcome, report.Reason)
		}
		if len(report.Plots) == 0 {
			t.Error("no plot")
		}
	})
	for _, b := range rep.Broken {
		t.Run("broken/"+b.Name, func(t *testing.T) {
			report := execute(t, rep, lab.Options{Broken: b.Name})
			if report.Outcome != lab.Failed {
				t.Errorf("outcome %s %s: a broken variant must fail a check", report.Outcome, report.Reason)
			}
		})
	}
}

func execute(t *testing.T, rep lab.Reproduction, opts lab.Options) *lab.Report {
	t.Helper()
	report, err := lab.Execute(t.Context(), rep, opts, nil)
	if err != nil {
		t.Fatal(err)
	}
	if report.Outcome == lab.Skipped {
		t.Skip(report.Reason)
	}
	for _, c := range report.Checks {
		t.Logf("%-60s %8s %s %8s  passed=%v", c.Name, c.Measured, c.Relation, c.Bar, c.Passed)
	}
	for _, n := range report.Notes {
		t.Log(n)
	}
	t.Logf("took %s", report.Took.Round(1e8))
	return report
}
