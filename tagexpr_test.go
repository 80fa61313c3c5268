package offprint

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseTagExpr(t *testing.T) {
	for _, tc := range []struct {
		in, canonical string
		want          TagExpr
	}{
		{"", "", nil},
		{" \t ", "", nil},
		{"NLP", "nlp", HasTag("nlp")},
		{"a b", "a and b", AllTags{HasTag("a"), HasTag("b")}},
		{"a AND b and c", "a and b and c", AllTags{HasTag("a"), HasTag("b"), HasTag("c")}},
		{"a or b and c", "a or b and c", AnyTag{HasTag("a"), AllTags{HasTag("b"), HasTag("c")}}},
		{"(a or b) c", "(a or b) and c", AllTags{AnyTag{HasTag("a"), HasTag("b")}, HasTag("c")}},
		{"(a and (b and (c)))", "a and b and c", AllTags{HasTag("a"), HasTag("b"), HasTag("c")}},
		{"a or (b or c)", "a or b or c", AnyTag{HasTag("a"), HasTag("b"), HasTag("c")}},
		{"not a b", "not a and b", AllTags{NotTags{HasTag("a")}, HasTag("b")}},
		{"not(a or b)", "not (a or b)", NotTags{AnyTag{HasTag("a"), HasTag("b")}}},
		{"not not a", "not not a", NotTags{NotTags{HasTag("a")}}},
		{"a(b)", "a and b", AllTags{HasTag("a"), HasTag("b")}},
		{"nlp and (survey or tutorial) and not read-later", "nlp and (survey or tutorial) and not read-later",
			AllTags{HasTag("nlp"), AnyTag{HasTag("survey"), HasTag("tutorial")}, NotTags{HasTag("read-later")}}},
		{"c++ größe 量子", "c++ and größe and 量子", AllTags{HasTag("c++"), HasTag("größe"), HasTag("量子")}},
	} {
		got, err := ParseTagExpr(tc.in)
		if err != nil || !reflect.DeepEqual(got, tc.want) {
			t.Errorf("ParseTagExpr(%q) = %#v, %v, want %#v", tc.in, got, err, tc.want)
			continue
		}
		if got != nil && got.String() != tc.canonical {
			t.Errorf("%q prints as %q, want %q", tc.in, got, tc.canonical)
		}
	}
}

func TestParseTagExprRefuses(t *testing.T) {
	for _, in := range []string{
		"and", "or a", "a or", "a and", "not", "a and or b", "(", ")", "()", "(a", "a)", "(a))", "a or )", "not )",
		`"a"`, "a,b", "a\x00", "a\u202eb", "a\xff", strings.Repeat("x", MaxTag+1), strings.Repeat("a ", 501),
		strings.Repeat("(", 21) + "a" + strings.Repeat(")", 21), strings.Repeat("not ", 21) + "a",
	} {
		if e, err := ParseTagExpr(in); err == nil {
			t.Errorf("ParseTagExpr(%.60q) = %v", in, e)
		} else {
			wantInvalid(t, err)
		}
	}
	if _, err := ParseTagExpr(strings.Repeat("(", 19) + "a" + strings.Repeat(")", 19)); err != nil {
		t.Error(err)
	}
}

func TestTagExprMatch(t *testing.T) {
	for _, tc := range []struct {
		expr string
		yes  []string // sets of tags, "a b"
		no   []string
	}{
		{"a", []string{"a", "a b"}, []string{"", "b", "ab"}},
		{"a b", []string{"a b", "c b a"}, []string{"", "a", "b"}},
		{"a or b", []string{"a", "b", "a b"}, []string{"", "c"}},
		{"not a", []string{"", "b"}, []string{"a", "a b"}},
		{"a or b c", []string{"a", "b c"}, []string{"b", "c", ""}},
		{"(a or b) not c", []string{"a", "b"}, []string{"a c", "c", ""}},
		{"not (a b)", []string{"", "a", "b"}, []string{"a b"}},
	} {
		e, err := ParseTagExpr(tc.expr)
		if err != nil {
			t.Fatal(err)
		}
		for _, tags := range tc.yes {
			if !e.Match(strings.Fields(tags)) {
				t.Errorf("%q does not match %q", tc.expr, tags)
			}
		}
		for _, tags := range tc.no {
			if e.Match(strings.Fields(tags)) {
				t.Errorf("%q matches %q", tc.expr, tags)
			}
		}
	}
}

func TestCleanTag(t *testing.T) {
	for in, want := range map[string]string{
		"NLP": "nlp", "  To  Read\tLater ": "to-read-later", "c++": "c++", "Größe": "größe", "and-or": "and-or",
		strings.Repeat("x", MaxTag): strings.Repeat("x", MaxTag),
		"":                          "", " ": "", "AND": "", "or": "", "Not": "", "a(b": "", "a)": "", `a"`: "", "a,b": "", "a\x01b": "", "a\u202eb": "", "a\xffb": "",
		strings.Repeat("é", 31): "",
	} {
		got, err := CleanTag(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("CleanTag(%q) = %q, %v, want %q", in, got, err, want)
		}
		if err != nil {
			wantInvalid(t, err)
		}
	}
}

func FuzzParseTagExpr(f *testing.F) {
	for _, s := range []string{"", "a", "a and (b or not c) d", "not(not(a))", "((a) or (b or c))", "(", "a\u2028b İ", "AND and"} {
		f.Add(s, "a")
	}
	f.Fuzz(func(t *testing.T, s, tag string) {
		e, err := ParseTagExpr(s)
		if err != nil {
			wantInvalid(t, err)
			return
		}
		if e == nil {
			return
		}
		again, err := ParseTagExpr(e.String())
		if err != nil || !reflect.DeepEqual(again, e) {
			t.Fatalf("%q is %#v, prints as %q and then is %#v, %v", s, e, e, again, err)
		}
		if (NotTags{e}).Match([]string{tag}) == e.Match([]string{tag}) {
			t.Errorf("%q and its negation agree on %q", e, tag)
		}
	})
}
