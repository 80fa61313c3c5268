package offprint

import (
	"regexp"
	"strings"
	"testing"
)

func TestFoundingList(t *testing.T) {
	list := FoundingList()
	if len(list) != 63 {
		t.Fatalf("the list has %d papers, want 63", len(list))
	}
	name := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	slugs, keys := make(map[string]bool), make(map[string]bool)
	for i, f := range list {
		p := f.Paper()
		if f.Number != i+1 {
			t.Errorf("number %d comes after %d", f.Number, i)
		}
		if !name.MatchString(f.Slug) || slugs[f.Slug] {
			t.Errorf("slug %q is malformed or comes twice", f.Slug)
		}
		if p.Key == "" || keys[p.Key] {
			t.Errorf("%s: key %q is empty or comes twice", f.Slug, p.Key)
		}
		slugs[f.Slug], keys[p.Key] = true, true
		if f.Year < 2015 || f.Year > 2025 {
			t.Errorf("%s: year %d", f.Slug, f.Year)
		}
		if !name.MatchString(f.Family) {
			t.Errorf("%s: family %q", f.Slug, f.Family)
		}
		if id, version, ok := ParseArXivID(f.ArXivID); f.ArXivID != "" && (!ok || id != f.ArXivID || version != 0) {
			t.Errorf("%s: arXiv id %q", f.Slug, f.ArXivID)
		}
		if n := len(strings.Fields(f.Summary)); n < 40 || n > 160 {
			t.Errorf("%s: the summary has %d words", f.Slug, n)
		}
		clean := p
		if err := clean.Clean(); err != nil || clean.Title != f.Title || clean.Summary != f.Summary || clean.Key != p.Key {
			t.Errorf("%s changes when it is cleaned: %v", f.Slug, err)
		}
		if p.Abstract != "" || p.Listed != 0 || len(p.Origins) != 1 || p.Origins[0].Source != OriginFounding {
			t.Errorf("%s: paper %+v", f.Slug, p)
		}
		if got, ok := FoundingByKey(p.Key); !ok || got != f {
			t.Errorf("%s is not found by its key", f.Slug)
		}
		if got, ok := FoundingBySlug(f.Slug); !ok || got != f {
			t.Errorf("%s is not found by its slug", f.Slug)
		}
	}
	if _, ok := FoundingByKey("no such key"); ok {
		t.Error("found by a key that is not there")
	}
	if _, ok := FoundingBySlug(""); ok {
		t.Error("found by an empty slug")
	}
	list[0].Title = "changed"
	if FoundingList()[0].Title == "changed" {
		t.Error("callers share the list")
	}
}
