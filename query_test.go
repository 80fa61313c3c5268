package offprint

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func word(s string) Term   { return Term{Text: s} }
func phrase(s string) Term { return Term{Text: s, Phrase: true} }

func TestParseQuery(t *testing.T) {
	for in, want := range map[string]Query{
		"":                          {},
		" \t\n- -- \" \" * & … -\"": {},
		"graph neural networks":     {Terms: []Term{word("graph"), word("neural"), word("networks")}},
		`"graph  neural" net`:       {Terms: []Term{phrase("graph neural"), word("net")}},
		"“graph neural” net":        {Terms: []Term{phrase("graph neural"), word("net")}},
		`mat* -trans** "a*"`:        {Terms: []Term{{Text: "mat", Prefix: true}, {Text: "trans", Prefix: true, Not: true}, phrase("a*")}},
		`-survey -"a b" --x a-b`:    {Terms: []Term{{Text: "survey", Not: true}, {Text: "a b", Phrase: true, Not: true}, {Text: "-x", Not: true}, word("a-b")}},
		`x"y z"w`:                   {Terms: []Term{word("x"), phrase("y z"), word("w")}},
		`open "to the end`:          {Terms: []Term{word("open"), phrase("to the end")}},
		"state - of & art":          {Terms: []Term{word("state"), word("of"), word("art")}},
		"cat:cs.CL -cat:cs.cv":      {Cats: []string{"cs.CL"}, NotCats: []string{"cs.CV"}},
		"CAT:CS.* cat:hep-th":       {Cats: []string{"cs", "hep-th"}},
		"cat:physics.Flu-Dyn":       {Cats: []string{"physics.flu-dyn"}},
		`cat:"Machine Learning"`:    {Cats: []string{"Machine Learning"}},
		"cat:Biology.*":             {Cats: []string{"Biology"}},
		`author:hinton Author:"Yann  LeCun" -author:x`: {Authors: []string{"hinton", "Yann LeCun"}, NotAuthors: []string{"x"}},
		`author:"Yann LeCun`:                           {Authors: []string{"Yann LeCun"}},
		`author:O"Neill Jr"`:                           {Authors: []string{"O"}, Terms: []Term{phrase("Neill Jr")}},
		`tag:NLP tag:"to read" -tag:done`:              {Tags: []string{"nlp", "to-read"}, NotTags: []string{"done"}},
		"after:2026 before:2026-03":                    {After: NewDate(2026, time.January, 1), Before: NewDate(2026, time.March, 1)},
		"after:2026-03-05":                             {After: NewDate(2026, time.March, 5)},
		"after:2024 after:2026 after:2025":             {After: NewDate(2026, time.January, 1)},
		"before:2024 before:2026 before:2023":          {Before: NewDate(2023, time.January, 1)},
		"before:1970 after:1960":                       {After: NewDate(1960, time.January, 1), Before: 1},
		"has:code":                                     {HasCode: true},
		"-HAS:Code":                                    {NoCode: true},
		"has:code -has:code":                           {HasCode: true, NoCode: true},
		"similar:2503.11731":                           {Similar: []string{"2503.11731"}},
		"x Similar:arXiv:hep-th/9901001v2 similar:p-a": {Terms: []Term{word("x")}, Similar: []string{"arXiv:hep-th/9901001v2", "p-a"}},
		"similar: papers":                              {Terms: []Term{word("similar:"), word("papers")}},
		"Attention: all you need":                      {Terms: []Term{word("Attention:"), word("all"), word("you"), word("need")}},
		"foo:bar http://x.org/a":                       {Terms: []Term{word("foo:bar"), word("http://x.org/a")}},
		"Cat: a story":                                 {Terms: []Term{word("Cat:"), word("a"), word("story")}},
		`"cat:cs.CL"`:                                  {Terms: []Term{phrase("cat:cs.CL")}},
		"-only -negatives":                             {Terms: []Term{{Text: "only", Not: true}, {Text: "negatives", Not: true}}},
		"a\x00b \u202ec\xffd":                          {Terms: []Term{word("a"), word("b"), word("c"), word("d")}},
		"c++ 量子 ∀x":                                    {Terms: []Term{word("c++"), word("量子"), word("∀x")}},
		"x cat:stat.ML y has:code after:2025-12":       {Terms: []Term{word("x"), word("y")}, Cats: []string{"stat.ML"}, HasCode: true, After: NewDate(2025, time.December, 1)},
	} {
		got, err := ParseQuery(in)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("ParseQuery(%q) =\n%+v, %v, want\n%+v", in, got, err, want)
		}
		if got.IsZero() != reflect.DeepEqual(want, Query{}) {
			t.Errorf("IsZero of %q is %v", in, got.IsZero())
		}
		again, err := ParseQuery(got.String())
		if err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("%q prints as %q, which reads as %+v, %v", in, got, again, err)
		}
	}
}

func TestParseQueryRefuses(t *testing.T) {
	for _, in := range []string{
		"after:yesterday", "before:2026-13", "after:2026-02-30", "after:26", "after:1899", "before:2201", "after:2026-3",
		"similar:-", `similar:""`, "-similar:2503.11731",
		"-after:2026", "has:data", `author:""`, "author:...", "cat:!", `tag:"a,b"`, "tag:and", "tag:" + strings.Repeat("x", MaxTag+1),
		strings.Repeat("a ", MaxQueryTerms+1), strings.Repeat("a", MaxQuery+1), strings.Repeat("tag:x ", MaxQueryTerms+1),
	} {
		if q, err := ParseQuery(in); err == nil {
			t.Errorf("ParseQuery(%.60q) = %+v", in, q)
		} else {
			wantInvalid(t, err)
		}
	}
	for _, in := range []string{strings.Repeat("a ", MaxQueryTerms), strings.Repeat("a", MaxQuery), strings.Repeat("- ", MaxQuery/2)} {
		if _, err := ParseQuery(in); err != nil {
			t.Errorf("ParseQuery(%.60q): %v", in, err)
		}
	}
}

func FuzzParseQuery(f *testing.F) {
	for _, s := range []string{
		`graph "neural net" pre* -word -"a b"`, `cat:cs.CL -cat:cs.* author:"Geoffrey Hinton" -author:x`,
		`tag:a -tag:"b c" after:2026-01 before:2026-03-05 has:code -has:code`, `cat:"`, `"a`, `similar:2503.11731 similar:" a  b"c -similar:x similar:similar:y`, "foo:bar Cat: -", "\xff“x” \u202e",
		`cat:x.*.* cat:cs.ß author:İ`, strings.Repeat("ȺȺ ", 31), strings.Repeat(`a"b"`, 16),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q, err := ParseQuery(s)
		if err != nil {
			wantInvalid(t, err)
			return
		}
		again, err := ParseQuery(q.String())
		if err != nil || !reflect.DeepEqual(again, q) {
			t.Errorf("%q is %+v, prints as %q and then is %+v, %v", s, q, q, again, err)
		}
	})
}
