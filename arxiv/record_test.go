package arxiv

import (
	"testing"
	"time"

	"github.com/offprint/offprint"
)

func TestSetSpec(t *testing.T) {
	for category, want := range map[string]string{
		"cs":               "cs",
		"cs.CL":            "cs:cs:CL",
		" stat.ML ":        "stat:stat:ML",
		"math":             "math",
		"math.AG":          "math:math:AG",
		"math-ph":          "physics:math-ph",
		"hep-th":           "physics:hep-th",
		"astro-ph":         "physics:astro-ph",
		"astro-ph.GA":      "physics:astro-ph:GA",
		"physics":          "physics",
		"physics.optics":   "physics:physics:optics",
		"nlin.CD":          "physics:nlin:CD",
		"q-bio.BM":         "q-bio:q-bio:BM",
		"eess.IV":          "eess:eess:IV",
		"physics:cond-mat": "physics:cond-mat",
	} {
		if got := SetSpec(category); got != want {
			t.Errorf("SetSpec(%q) = %q, want %q", category, got, want)
		}
	}
}

func TestListed(t *testing.T) {
	for _, c := range []struct{ name, created, updated, datestamp, want string }{
		{"new", "2025-03-17", "", "2025-03-18", "2025-03-18"},
		{"new, with the date of its only version", "2025-03-17", "2025-03-17", "2025-03-18", "2025-03-18"},
		{"held back a week", "2025-03-10", "", "2025-03-18", "2025-03-18"},
		{"at a weekend", "2025-03-14", "", "2025-03-16", "2025-03-17"},
		{"replaced soon", "2025-03-11", "2025-03-17", "2025-03-18", "2025-03-12"},
		{"changed much later", "2024-06-05", "", "2025-03-18", "2024-06-06"},
		{"submitted on a Friday, long ago", "2024-06-07", "", "2025-03-18", "2024-06-10"},
		{"submitted on a Sunday, long ago", "2024-06-09", "", "2025-03-18", "2024-06-11"},
		{"datestamp before submission", "2025-03-17", "", "2025-03-10", "2025-03-18"},
		{"no datestamp", "2025-03-17", "", "", "2025-03-18"},
		{"no date", "", "", "2025-03-18", ""},
		{"malformed", "2007-04-999", "", "2025-03-18", "2007-04-99"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "malformed" {
				c.want = ""
			}
			got := listed(day(c.created), day(c.updated), day(c.datestamp))
			if want := day(c.want); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestListingDay(t *testing.T) {
	for submitted, want := range map[string]string{
		"2025-03-10T17:59:59Z": "2025-03-11", // Monday before 14:00 in New York, in summer time
		"2025-03-10T18:00:00Z": "2025-03-12",
		"2025-01-13T18:59:59Z": "2025-01-14", // in winter time
		"2025-01-13T19:00:00Z": "2025-01-15",
		"2025-03-13T20:00:00Z": "2025-03-17", // Thursday after: announced on Sunday, listed on Monday
		"2025-03-14T12:00:00Z": "2025-03-17",
		"2025-03-14T20:00:00Z": "2025-03-18", // Friday after: announced on Monday
		"2025-03-15T12:00:00Z": "2025-03-18",
		"2025-03-16T23:00:00Z": "2025-03-18",
	} {
		at, err := time.Parse(time.RFC3339, submitted)
		if err != nil {
			t.Fatal(err)
		}
		if got := ListingDay(at).String(); got != want {
			t.Errorf("%s is listed on %s, want %s", submitted, got, want)
		}
	}
}

func TestListingDayIsAWorkday(t *testing.T) {
	start := time.Date(2025, 1, 1, 0, 30, 0, 0, time.UTC)
	last := offprint.Date(0)
	for h := range 24 * 400 {
		at := start.Add(time.Duration(h) * time.Hour)
		d := ListingDay(at)
		if wd := d.Time().Weekday(); wd == time.Saturday || wd == time.Sunday {
			t.Fatalf("%s is listed on a %s", at, wd)
		}
		if d < last || d <= offprint.DateOf(at)-1 || d > offprint.DateOf(at)+4 {
			t.Fatalf("%s is listed on %s, the hour before on %s", at, d, last)
		}
		last = d
	}
}

func TestWithdrawn(t *testing.T) {
	for comment, want := range map[string]bool{
		"This paper has been withdrawn by the author due to an error": true,
		"Withdrawn: see arXiv:2503.00001":                             true,
		"The article was\nwithdrawn":                                  true,
		"12 pages, 3 figures":                                         false,
		"We discuss how troops were withdrawn":                        false,
		"":                                                            false,
	} {
		if withdrawn(comment) != want {
			t.Errorf("%q: %v", comment, !want)
		}
	}
}

func TestOldIdentifiers(t *testing.T) {
	r := record{Header: header{Identifier: "oai:arXiv.org:hep-th/9901001", Status: "deleted"}}
	if _, deleted, ok := r.paper(time.Time{}); !ok || deleted != "hep-th/9901001" {
		t.Errorf("got %q, %v", deleted, ok)
	}
	for _, bad := range []record{
		{},
		{Header: header{Identifier: "oai:example.org:17"}, Metadata: &metadata{Title: "Not of arXiv"}},
		{Header: header{Identifier: "oai:arXiv.org:2503.00001"}},
		{Header: header{Identifier: "oai:arXiv.org:2503.00001"}, Metadata: &metadata{Title: " \u202e "}},
	} {
		if p, _, ok := bad.paper(time.Time{}); ok {
			t.Errorf("%+v became %+v", bad, p)
		}
	}
}
