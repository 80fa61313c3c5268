package quality

import (
	"slices"
	"testing"
	"time"

	"github.com/offprint/offprint"
)

// twoMonths are records in which x.A has 40 papers a month, x.B all others and
// x.C too few.
func twoMonths(t *testing.T) *Records {
	t.Helper()
	var papers []offprint.Paper
	for month := 1; month <= 2; month++ {
		for i := range 600 {
			p := offprint.Paper{ID: int64(len(papers) + 1), Listed: offprint.NewDate(2026, time.Month(month), 1+i%28), Categories: []string{"x.B"}}
			if i < 40 {
				p.Categories = []string{"x.A", "x.B"}
			} else if i < 60 {
				p.Categories = []string{"x.C"}
			}
			papers = append(papers, p)
		}
	}
	r, err := NewRecords(papers)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTagTasks(t *testing.T) {
	r := twoMonths(t)
	ten, one := r.TagTasks(10), r.TagTasks(1)
	if len(ten) != tagDraws || len(one) != tagDraws {
		t.Fatalf("%d tasks of ten and %d of one, want %d of x.A alone", len(ten), len(one), tagDraws)
	}
	for k, task := range ten {
		if task.Category != "x.A" || len(task.Examples) != 10 || len(task.Relevant) != 40 {
			t.Fatalf("%s has %d examples and %d relevant", task.Category, len(task.Examples), len(task.Relevant))
		}
		for _, i := range task.Examples {
			if i < r.LastMonth() || i >= r.Test || !slices.Contains(r.Papers[i].Categories, "x.A") {
				t.Errorf("example %d is not one of the month before", i)
			}
		}
		for i := range task.Relevant {
			if !slices.Contains(r.Tested()[i].Categories, "x.A") {
				t.Errorf("%d is not relevant", i)
			}
		}
		if one[k].Examples[0] != task.Examples[0] {
			t.Errorf("draw %d of one example is not the beginning of that of ten", k)
		}
	}
	if slices.Equal(ten[0].Examples, ten[1].Examples) {
		t.Error("two draws are the same")
	}
	if again := r.TagTasks(10); !slices.Equal(again[2].Examples, ten[2].Examples) {
		t.Error("the draws change")
	}
}
