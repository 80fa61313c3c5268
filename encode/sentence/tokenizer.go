package sentence

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Limits of a vocabulary.
const (
	mostTokens   = 2 << 20
	longestToken = 1 << 10 // bytes
)

// tokenizer turns a text into the numbers of its tokens.
type tokenizer struct {
	normalizer
	words         wordPiece
	before, after []int32 // what is put around each text
	raw, folded   []added // looked for in the text as it is, and when normalized
	most          int     // the greatest number
}

// added is a token that is found in a text before it is cut into words.
type added struct {
	id                          int32
	text                        []rune
	word, stripLeft, stripRight bool
}

// token is one of a text: its number, and the word that it is part of.
type token struct {
	id   int32
	word int32 // number of the word, from 0; -1 for what the tokenizer puts there
}

// span is the part of a text that a word is: s[from:to].
type span struct{ from, to int32 }

// tokenize returns a text's tokens, at most limit with those around them, and its
// words.
func (t *tokenizer) tokenize(s string, limit int) ([]token, []span) {
	var tokens []token
	for _, id := range t.before {
		tokens = append(tokens, token{id, -1})
	}
	limit -= len(t.after)
	var words []span
	put := func(text []char, ids ...int32) {
		if len(tokens) >= limit {
			return
		}
		for _, id := range ids[:min(len(ids), limit-len(tokens))] {
			tokens = append(tokens, token{id, int32(len(words))})
		}
		words = append(words, span{text[0].from, text[len(text)-1].to})
	}
	var ids []int32
	plain := func(text []char) {
		fields(text, func(word []char) {
			if len(tokens) < limit {
				ids = t.words.pieces(ids[:0], word)
			}
			put(word, ids...)
		})
	}
	special := func(text []char, id int32) { put(text, id) }
	split(normalizer{}.normalize(s, 0), t.raw, func(text []char) {
		from, to := text[0].from, text[len(text)-1].to
		split(t.normalize(s[from:to], int(from)), t.folded, plain, special)
	}, special)
	for _, id := range t.after {
		tokens = append(tokens, token{id, -1})
	}
	return tokens, words
}

// split cuts a text at the added tokens in it: the leftmost, of those the longest.
func split(text []char, tokens []added, plain func([]char), special func([]char, int32)) {
	from := 0
	for i := 0; i < len(text); {
		best := (*added)(nil)
		for k := range tokens {
			if a := &tokens[k]; a.at(text, i) && (best == nil || len(a.text) > len(best.text)) {
				best = a
			}
		}
		if best == nil {
			i++
			continue
		}
		a, b := i, i+len(best.text)
		for best.stripLeft && a > from && unicode.IsSpace(text[a-1].r) {
			a--
		}
		for best.stripRight && b < len(text) && unicode.IsSpace(text[b].r) {
			b++
		}
		if a > from {
			plain(text[from:a])
		}
		special(text[i:i+len(best.text)], best.id)
		from, i = b, b
	}
	if from < len(text) {
		plain(text[from:])
	}
}

func (a *added) at(text []char, i int) bool {
	if len(text)-i < len(a.text) {
		return false
	}
	for k, r := range a.text {
		if text[i+k].r != r {
			return false
		}
	}
	end := i + len(a.text)
	return !a.word || (i == 0 || !isWordChar(text[i-1].r)) && (end == len(text) || !isWordChar(text[end].r))
}

func isWordChar(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
}

// tokenizerFile is what is used of a tokenizer.json.
type tokenizerFile struct {
	AddedTokens []struct {
		ID         int32  `json:"id"`
		Content    string `json:"content"`
		SingleWord bool   `json:"single_word"`
		LStrip     bool   `json:"lstrip"`
		RStrip     bool   `json:"rstrip"`
		Normalized bool   `json:"normalized"`
	} `json:"added_tokens"`
	Normalizer *struct {
		Type         string `json:"type"`
		CleanText    bool   `json:"clean_text"`
		Chinese      bool   `json:"handle_chinese_chars"`
		StripAccents *bool  `json:"strip_accents"`
		Lowercase    bool   `json:"lowercase"`
	} `json:"normalizer"`
	PreTokenizer *struct {
		Type string `json:"type"`
	} `json:"pre_tokenizer"`
	PostProcessor json.RawMessage `json:"post_processor"`
	Model         struct {
		Type     string          `json:"type"`
		Unknown  string          `json:"unk_token"`
		Prefix   *string         `json:"continuing_subword_prefix"`
		MaxChars *int            `json:"max_input_chars_per_word"`
		Vocab    json.RawMessage `json:"vocab"`
	} `json:"model"`
}

// newTokenizer reads a tokenizer.json.
func newTokenizer(data []byte) (*tokenizer, error) {
	var f tokenizerFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, err
	}
	const want = "; Offprint has BERT's: WordPiece with BertNormalizer and BertPreTokenizer"
	if f.Model.Type != "WordPiece" {
		return nil, fmt.Errorf("a tokenizer with the model %q is not supported%s", f.Model.Type, want)
	}
	if f.PreTokenizer == nil || f.PreTokenizer.Type != "BertPreTokenizer" {
		return nil, errors.New("its pre-tokenizer is not supported" + want)
	}
	t := &tokenizer{}
	if n := f.Normalizer; n != nil {
		if n.Type != "BertNormalizer" {
			return nil, fmt.Errorf("its normalizer %q is not supported%s", n.Type, want)
		}
		t.normalizer = normalizer{clean: n.CleanText, chinese: n.Chinese, accents: n.Lowercase, lower: n.Lowercase}
		if n.StripAccents != nil {
			t.accents = *n.StripAccents
		}
	}
	var vocab map[string]int32
	if err := json.Unmarshal(f.Model.Vocab, &vocab); err != nil {
		return nil, fmt.Errorf("its vocabulary: %w", err)
	}
	if err := t.setWords(vocab, f); err != nil {
		return nil, err
	}
	for _, a := range f.AddedTokens {
		if a.Content == "" || len(a.Content) > longestToken || len(f.AddedTokens) > 1000 {
			return nil, errors.New("it has too many added tokens, or an empty or overlong one")
		}
		if err := t.count(a.Content, a.ID); err != nil {
			return nil, err
		}
		x := added{a.ID, []rune(a.Content), a.SingleWord, a.LStrip, a.RStrip}
		if !a.Normalized {
			t.raw = append(t.raw, x)
			continue
		}
		x.text = x.text[:0]
		for _, c := range t.normalize(a.Content, 0) {
			x.text = append(x.text, c.r)
		}
		if len(x.text) > 0 {
			t.folded = append(t.folded, x)
		}
	}
	return t, t.setTemplate(f.PostProcessor)
}

// count takes note of a token's number.
func (t *tokenizer) count(name string, id int32) error {
	if id < 0 || id >= mostTokens {
		return fmt.Errorf("its token %q has the number %d", name, id)
	}
	t.most = max(t.most, int(id))
	return nil
}

func (t *tokenizer) setWords(vocab map[string]int32, f tokenizerFile) error {
	prefix := "##"
	if f.Model.Prefix != nil {
		prefix = *f.Model.Prefix
	}
	w := wordPiece{first: map[string]int32{}, later: map[string]int32{}, mostChars: 100}
	if n := f.Model.MaxChars; n != nil {
		w.mostChars = min(max(*n, 0), longestToken)
	}
	for piece, id := range vocab {
		if err := t.count(piece, id); err != nil {
			return err
		}
		if len(piece) > longestToken {
			return fmt.Errorf("its token %.20q... is too long", piece)
		}
		if rest, ok := strings.CutPrefix(piece, prefix); ok && rest != "" {
			w.later[rest] = id
		}
		w.first[piece] = id
		w.longest = max(w.longest, len(piece))
	}
	unknown, ok := vocab[f.Model.Unknown]
	if !ok {
		return fmt.Errorf("its token for the unknown, %q, is not in the vocabulary", f.Model.Unknown)
	}
	w.unknown = unknown
	t.words = w
	return nil
}

// setTemplate reads what is put around a text.
func (t *tokenizer) setTemplate(data json.RawMessage) error {
	type special struct {
		ID   string `json:"id"`
		Type int    `json:"type_id"`
	}
	var p struct {
		Type     string `json:"type"`
		CLS, SEP [2]any
		Single   []struct{ SpecialToken, Sequence *special }
		Special  map[string]struct{ IDs []int32 } `json:"special_tokens"`
	}
	if len(data) == 0 || string(data) == "null" {
		return nil
	}
	if err := json.Unmarshal(data, &p); err != nil {
		return fmt.Errorf("its post-processor: %w", err)
	}
	switch p.Type {
	case "BertProcessing", "RobertaProcessing":
		for i, x := range [][2]any{p.CLS, p.SEP} {
			name, _ := x[0].(string)
			id, ok := x[1].(float64)
			if !ok || id != float64(int32(id)) {
				return errors.New("its post-processor lacks the tokens around a text")
			}
			if err := t.count(name, int32(id)); err != nil {
				return err
			}
			if i == 0 {
				t.before = []int32{int32(id)}
			} else {
				t.after = []int32{int32(id)}
			}
		}
		return nil
	case "TemplateProcessing":
		texts := 0
		for _, part := range p.Single {
			s := cmp.Or(part.SpecialToken, part.Sequence)
			if s == nil || s.Type != 0 {
				return errors.New("its template has a part that is not supported: a type other than 0")
			}
			if part.Sequence != nil {
				texts++
				continue
			}
			ids := p.Special[s.ID].IDs
			if len(ids) == 0 || len(ids) > 16 {
				return fmt.Errorf("its template's token %q has no number", s.ID)
			}
			for _, id := range ids {
				if err := t.count(s.ID, id); err != nil {
					return err
				}
			}
			if texts == 0 {
				t.before = append(t.before, ids...)
			} else {
				t.after = append(t.after, ids...)
			}
		}
		if texts != 1 || len(t.before)+len(t.after) > 16 {
			return errors.New("its template is not supported: want one text and a few tokens around it")
		}
		return nil
	}
	return fmt.Errorf("its post-processor %q is not supported", p.Type)
}

// ids are the tokens' numbers.
func ids(tokens []token) []int32 {
	return slices.Collect(func(yield func(int32) bool) {
		for _, t := range tokens {
			if !yield(t.id) {
				return
			}
		}
	})
}
