package fulltext

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/offprint/offprint"
)

func terms(t *testing.T, query string) []offprint.Term {
	t.Helper()
	q, err := offprint.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return q.Terms
}

func marked(text string, ranges []Range) string {
	var b strings.Builder
	done := 0
	for _, r := range ranges {
		b.WriteString(text[done:r.Start] + "[" + text[r.Start:r.End] + "]")
		done = r.End
	}
	return b.String() + text[done:]
}

func TestHighlight(t *testing.T) {
	for _, c := range []struct{ query, text, want string }{
		{"models", "A Model of models", "A [Model] of [models]"},
		{"the model", "the model", "the [model]"},
		{"the", "the model", "[the] model"},
		{`"deep learning"`, "deep learning, deeper learning of deep things", "[deep learning], deeper learning of deep things"},
		{"gpt-4", "GPT-4, gpt4 and GPT 4, not GPT 3", "[GPT-4], [gpt4] and [GPT 4], not GPT 3"},
		{"gpt", "GPT-4", "[GPT]-4"},
		{"embeddi*", "embeddings embedded", "[embeddings] embedded"},
		{"godel -proof", "Gödel's proof", "[Gödel]'s proof"},
		{"学习", "机器学习", "机器[学习]"},
		{"pretraining training", "pre-training", "[pre-training]"},
		{"x", "<b>x</b>", "<b>[x]</b>"},
		{"", "nothing", "nothing"},
	} {
		if got := marked(c.text, Highlight(c.text, terms(t, c.query))); got != c.want {
			t.Errorf("%s: %s, want %s", c.query, got, c.want)
		}
	}
}

func TestSnippet(t *testing.T) {
	filler := strings.Repeat("lorem ipsum dolor ", 40)
	text := "Graphs come first. " + filler + "Graphs and attention together. " + filler
	r := Snippet(text, terms(t, "graphs attention"), 200)
	if got := text[r.Start:r.End]; len(got) > 200 || !strings.Contains(got, "Graphs and attention") || strings.HasPrefix(got, " ") {
		t.Errorf("%q", got)
	}
	r = Snippet(text, terms(t, "nowhere"), 100)
	if got := text[r.Start:r.End]; !strings.HasPrefix(got, "Graphs come") || len(got) > 100 {
		t.Errorf("%q", got)
	}
	if r := Snippet("short", nil, 100); r != (Range{0, 5}) {
		t.Errorf("%v", r)
	}
}

func FuzzHighlight(f *testing.F) {
	f.Add("A Model of models", "model*", 8)
	f.Add("机器学习 GPT-4", `"学习" gpt-4`, 5)
	f.Fuzz(func(t *testing.T, text, query string, size int) {
		q, err := offprint.ParseQuery(query)
		if err != nil {
			return
		}
		end := 0
		for _, r := range Highlight(text, q.Terms) {
			if r.Start < end || r.End <= r.Start || r.End > len(text) {
				t.Fatalf("%v after %d", r, end)
			}
			end = r.End
		}
		if size = size % 1000; size < 1 {
			return
		}
		r := Snippet(text, q.Terms, size)
		if r.Start < 0 || r.End < r.Start || r.End > len(text) || r.End-r.Start > size {
			t.Fatalf("%v of %d bytes, at most %d", r, len(text), size)
		}
		if utf8.ValidString(text) && !utf8.ValidString(text[r.Start:r.End]) {
			t.Fatalf("a rune is cut in %q", text[r.Start:r.End])
		}
	})
}
