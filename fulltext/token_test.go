package fulltext

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/offprint/offprint"
)

func TestTokenize(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "",
		"Attention is All":                      "attention is all",
		"GPT-4's élan":                          "gpt4 gpt 4 elan",
		"gpt4":                                  "gpt4 gpt 4",
		"Qwen2.5-VL, 96.85\\%":                  "qwen2.5vl qwen 2.5 vl 96.85",
		"3D h2o word2vec":                       "3d h2o word2vec word 2vec",
		"state-of-the-art":                      "stateoftheart state of the art",
		"pre-training - really":                 "pretraining pre training really",
		"human--computer":                       "human computer",
		"don't O’Neill":                         "dont oneill",
		"Gödel Erdős Łukasz straße ﬁne":         "godel erdos lukasz strasse fine",
		"Go\u0308del":                           "godel",
		`G\"odel Erd\H{o}s \L{}ukasz stra\ss e`: "godel erdos lukasz strass e",
		`caf{\'e} na\"{\i}ve {D}eep {\O}re`:     "cafe naive deep ore",
		`$\alpha$-stable $O(n^2)$`:              "alphastable alpha stable o n 2",
		`top-$k$ and $k$-means`:                 "topk top k and kmeans k means",
		`\textbf{bold} \mathcal{L} \emph{x}`:    "bold l x",
		"机器学习 and かな":                           "机 器 学 习 and か な",
		"Привет, Ελλάδα":                        "привет ελλαδα",
		"a\u00adb zero\u200bwidth":              "ab zerowidth",
		"text/image C++ x_1":                    "text image c x 1",
		"1-2-3-4-5-6":                           "1 2 3 4 5 6",
		`\`:                                     "",
		`\"`:                                    "",
		`\v{`:                                   "v",
	} {
		var got []string
		for _, tok := range Tokenize(text) {
			got = append(got, tok.Word)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, want %q", text, strings.Join(got, " "), want)
		}
	}
}

func TestStems(t *testing.T) {
	for _, same := range [][]string{
		{"model", "models", "model's", "modeling", "Modeled"},
		{"embedding", "embeddings", "embed"},
		{"generalise", "generalising", "generalised"},
		{"matrix", "matrices"},
	} {
		for _, w := range same {
			if a, b := Tokenize(w)[0].Term, Tokenize(same[0])[0].Term; a != b {
				t.Errorf("%s is found as %s, %s as %s", w, a, same[0], b)
			}
		}
	}
	if a, b := Tokenize("universe")[0], Tokenize("the")[0]; a.Stop || !b.Stop {
		t.Errorf("stop words: %v, %v", a, b)
	}
}

// A long word, a long compound and the end of a field cost nothing but themselves.
func TestLongWords(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("a", 1_000_000), strings.Repeat("é", 1_000_000), strings.Repeat("a-", 500_000), strings.Repeat("1.", 500_000),
		strings.Repeat("ab1", 300_000), strings.Repeat(`\'`, 500_000), strings.Repeat("{", 1_000_000), strings.Repeat("ﬃ", 300_000),
	} {
		checkTokens(t, text)
	}
}

func FuzzTokenize(f *testing.F) {
	for _, s := range []string{"GPT-4's élan", `G\"odel $k$-means \v{c}`, "机器学习", "a\u0301\u200db", "\xff\xc3", "ab1-2.5'x{y}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) { checkTokens(t, text) })
}

func checkTokens(t *testing.T, text string) {
	t.Helper()
	next, last := 0, 0
	for _, tok := range Tokenize(text) {
		if tok.Start < 0 || tok.Start >= tok.End || tok.End > len(text) {
			t.Fatalf("%+v of a text of %d bytes", tok, len(text))
		}
		if tok.Word == "" || tok.Term == "" || tok.Term[0] != tok.Word[0] || len(tok.Word) > maxWord || !utf8.ValidString(tok.Word) || strings.ContainsAny(tok.Word, ": ") {
			t.Fatalf("%+v", tok)
		}
		if tok.Joined {
			if tok.Position != next {
				t.Fatalf("%+v, want position %d", tok, next)
			}
			continue
		}
		if tok.Position != next || tok.Start < last {
			t.Fatalf("%+v, want position %d from %d on", tok, next, last)
		}
		next, last = next+1, tok.Start
	}
	// A text is read in the same way in lower case, as far as it is ASCII.
	if strings.IndexFunc(text, func(r rune) bool { return r >= utf8.RuneSelf || r == '\\' }) < 0 {
		words := func(s string) (w []string) {
			for _, tok := range Tokenize(s) {
				w = append(w, tok.Word)
			}
			return w
		}
		if a, b := words(text), words(strings.ToLower(text)); !slices.Equal(a, b) {
			t.Fatalf("%q, in lower case %q", a, b)
		}
	}
}

func BenchmarkHighlight(b *testing.B) {
	text := strings.Repeat("We study large-scale pre-training of language models on GPT-4's outputs, with embeddings. ", 6)
	terms := []offprint.Term{{Text: "language"}, {Text: "models"}, {Text: "gpt-4"}}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Highlight(text, terms)
	}
}

func BenchmarkTokenize(b *testing.B) {
	text := strings.Repeat("We study large-scale pre-training of language models on GPT-4's outputs, with embeddings. ", 16)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Tokenize(text)
	}
}
