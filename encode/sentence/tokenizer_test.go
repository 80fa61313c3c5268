package sentence

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func tokenizerOf(t testing.TB, change func(map[string]any)) *tokenizer {
	t.Helper()
	data, err := json.Marshal(tokenizerJSON(vocabulary, change))
	if err != nil {
		t.Fatal(err)
	}
	got, err := newTokenizer(data)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// names are the pieces of a text.
func names(tokens []token) string {
	var s []string
	for _, x := range tokens {
		s = append(s, vocabulary[x.id])
	}
	return strings.Join(s, " ")
}

// long is a word of n characters.
func long(n int) string { return strings.Repeat("abc", n/3) + "abc"[:n%3] }

func TestTokens(t *testing.T) {
	normalizer := func(key string, value any) func(map[string]any) {
		return func(f map[string]any) { f["normalizer"].(map[string]any)[key] = value }
	}
	for _, c := range []struct {
		text, want string
		change     func(map[string]any)
	}{
		{"", "", nil},
		{" \t\n\u00a0\u3000", "", nil},
		{"Deep learning", "deep learn ##ing", nil},
		{"DEEP\tLEARNED graphs", "deep learn ##ed graph ##s", nil},
		{"networks", "net ##work ##s", nil},
		{"new-model.", "new - model .", nil},
		{"(of!!)", "( of ! ! )", nil},
		{"$1", "$ 1", nil}, // a symbol to Unicode, punctuation to BERT
		{"12", "1 ##2", nil},
		{"learners", "[UNK]", nil}, // no pieces for the rest
		{"of learners of", "of [UNK] of", nil},
		{"of€", "[UNK]", nil}, // a symbol, no punctuation
		{"Café", "cafe", nil},
		{"Cafe\u0301", "cafe", nil},
		{"CAFÉ", "cafe", nil},
		{"deep中文learning", "deep 中 文 learn ##ing", nil},
		{"中\u0301", "中", nil},
		{"de\u200bep", "deep", nil},           // zero width space: a format character
		{"de\x00ep\ufffd\u00ad", "deep", nil}, // and other things that nobody sees
		{"de\xffep", "deep", nil},             // a broken byte
		{"deep\u2003of\u2028the", "deep of the", nil},
		{"deep—of", "deep [UNK] of", nil},
		{long(99), "a ##b ##c" + strings.Repeat(" ##a ##b ##c", 32), nil},
		{long(101), "[UNK]", nil},
		{"a [MASK] of[SEP]the", "a [MASK] of [SEP] the", nil},
		{"[mask]", "[UNK] [UNK] [UNK]", nil},
		{"[UNK", "[UNK] [UNK]", nil},
		// Settings of the tokenizer.
		{"Café", "[UNK]", normalizer("strip_accents", false)},
		{"café", "cafe", normalizer("lowercase", nil)}, // strip_accents is as lowercase, which is null
		{"中文", "[UNK]", normalizer("handle_chinese_chars", false)},
		{"\u0130", "[UNK]", normalizer("strip_accents", false)},
		{"deep\u200b", "[UNK]", normalizer("clean_text", false)},
		{"deep", "[UNK]", func(f map[string]any) { f["model"].(map[string]any)["max_input_chars_per_word"] = 3 }},
		{"graphs", "graph ##s", func(f map[string]any) { f["normalizer"] = nil }},
		{"Graphs", "[UNK]", func(f map[string]any) { f["normalizer"] = nil }},
		{"a   [MASK]  of", "a [MASK] of", func(f map[string]any) {
			mask := f["added_tokens"].([]map[string]any)[4]
			mask["lstrip"], mask["rstrip"] = true, true
		}},
		{"a[MASK] [MASK]", "a [UNK] [UNK] [UNK] [MASK]", func(f map[string]any) {
			f["added_tokens"].([]map[string]any)[4]["single_word"] = true
		}},
		{"a [mask] x", "a [MASK] x", func(f map[string]any) {
			f["added_tokens"].([]map[string]any)[4]["normalized"] = true
		}},
		{"newer", "new ##x", func(f map[string]any) {
			f["added_tokens"] = []map[string]any{{"id": 34, "content": "er"}}
		}},
	} {
		if c.text == "café" { // without small letters accents stay, too
			c.want = "[UNK]"
		}
		tokens, words := tokenizerOf(t, c.change).tokenize(c.text, 512)
		want := strings.TrimSpace("[CLS] " + c.want)
		if got := names(tokens); got != want+" [SEP]" {
			t.Errorf("%q has the tokens %s, want %s [SEP]", c.text, got, want)
		}
		for _, x := range tokens[1 : len(tokens)-1] {
			if x.word < 0 || int(x.word) >= len(words) {
				t.Errorf("%q: a token of word %d of %d", c.text, x.word, len(words))
			}
		}
	}
}

func TestWordsAreThoseOfTheText(t *testing.T) {
	const s = "  Cafe\u0301s—中x \xff[MASK]\u200bLearning\u200b!"
	_, words := tokenizerOf(t, nil).tokenize(s, 512)
	var got []string
	for _, w := range words {
		got = append(got, s[w.from:w.to])
	}
	if want := []string{"Cafe\u0301s", "—", "中", "x", "[MASK]", "Learning", "!"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestTextsAreCutOff(t *testing.T) {
	x := tokenizerOf(t, nil)
	for limit, want := range map[int]string{3: "[CLS] learn [SEP]", 4: "[CLS] learn ##ing [SEP]", 5: "[CLS] learn ##ing of [SEP]", 6: "[CLS] learn ##ing of [SEP]"} {
		tokens, _ := x.tokenize("learning of", limit)
		if got := names(tokens); got != want {
			t.Errorf("%d tokens: %s, want %s", limit, got, want)
		}
	}
}

func TestPostProcessors(t *testing.T) {
	for want, p := range map[string]any{
		"of":                  nil,
		"[CLS] of [SEP]":      map[string]any{"type": "BertProcessing", "sep": []any{"[SEP]", 3}, "cls": []any{"[CLS]", 2}},
		"[PAD] of [MASK]":     map[string]any{"type": "RobertaProcessing", "sep": []any{"[MASK]", 4}, "cls": []any{"[PAD]", 0}},
		"of [SEP] [SEP]":      json.RawMessage(`{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"s","type_id":0}}],"special_tokens":{"s":{"id":"s","ids":[3,3],"tokens":["[SEP]","[SEP]"]}}}`),
		"[CLS] [CLS] of deep": json.RawMessage(`{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"c","type_id":0}},{"SpecialToken":{"id":"c","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"d","type_id":0}}],"special_tokens":{"c":{"ids":[2]},"d":{"ids":[5]}}}`),
	} {
		tokens, _ := tokenizerOf(t, func(f map[string]any) { f["post_processor"] = p }).tokenize("of", 9)
		if got := names(tokens); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func FuzzTokenize(f *testing.F) {
	f.Add("Deep learning of Café 中文 [MASK] \xff\u0301", 12)
	f.Add("", 3)
	x := tokenizerOf(f, nil)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = max(3, min(limit, 100))
		tokens, words := x.tokenize(s, limit)
		if len(tokens) > limit || tokens[0].id != 2 || tokens[len(tokens)-1].id != 3 {
			t.Errorf("%d tokens of %d: %v", len(tokens), limit, tokens)
		}
		at := int32(0)
		for _, w := range words {
			if w.from < at || w.to <= w.from || int(w.to) > len(s) {
				t.Fatalf("the words %v of %d bytes", words, len(s))
			}
			if utf8.ValidString(s) && !utf8.ValidString(s[w.from:w.to]) {
				t.Errorf("%q is cut within a character", s[w.from:w.to])
			}
			at = w.to
		}
	})
}

func FuzzNewTokenizer(f *testing.F) {
	data, err := json.Marshal(tokenizerJSON(vocabulary, nil))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"model":{"type":"WordPiece"}}`))
	f.Fuzz(func(_ *testing.T, data []byte) {
		if x, err := newTokenizer(data); err == nil {
			x.tokenize("Deep learning of Café 中文 [MASK] \xff\u0301", 12)
		}
	})
}
