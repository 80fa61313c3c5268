package sentence

import (
	"cmp"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/offprint/offprint/encode"
	"github.com/offprint/offprint/methods/vector"
)

// texts are a short one, one of some tokens, and one that is cut off.
var texts = []encode.Text{
	{Title: "Deep"},
	{Title: "Deep learning of graphs", Abstract: "A new neural network model, the unheard-of (中文) café!"},
	{Title: "The graph", Abstract: strings.Repeat("a deep learned model of new networks. ", 40)},
}

func TestVectorsAreThoseOfTheDefinition(t *testing.T) {
	change := func(f func(m *tiny)) tiny {
		m := base
		f(&m)
		return m
	}
	for name, m := range map[string]tiny{
		"bert":       base,
		"distilbert": change(func(m *tiny) { m.family, m.prefix = "distilbert", "distilbert." }),
		"mpnet":      change(func(m *tiny) { m.family, m.places, m.limit = "mpnet", 202, 200 }),
		"wide heads": change(func(m *tiny) { m.dim, m.heads, m.inner = 64, 1, 33 }),
		"gelu_new":   change(func(m *tiny) { m.activation, m.mode, m.prefix = "gelu_new", "cls", "bert." }),
		"relu":       change(func(m *tiny) { m.activation, m.mode = "relu", "max" }),
		"root":       change(func(m *tiny) { m.mode = "mean_sqrt_len_tokens" }),
		"F16":        change(func(m *tiny) { m.dtype = "F16" }),
		"BF16":       change(func(m *tiny) { m.dtype, m.family = "BF16", "distilbert" }),
		"dense":      change(func(m *tiny) { m.dense = "Identity" }),
		"tanh":       change(func(m *tiny) { m.dense, m.mode = "Tanh", "cls" }),
		"unlimited":  change(func(m *tiny) { m.limit, m.places = 0, 30 }),
	} {
		got, s := m.open(t)
		rows, err := got.EncodeAll(context.Background(), texts, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range texts {
			tokens, _ := got.tokens.tokenize(join(x), got.limit)
			if want := map[string]int{"mpnet": 200, "unlimited": 30}[name]; i == 2 && len(tokens) != cmp.Or(want, 160) {
				t.Errorf("%s: the long text has %d tokens", name, len(tokens))
			}
			v, want := got.Encode(x), s.reference(ids(tokens), nil)
			if len(v) != got.Dim() || len(v) != len(want) {
				t.Fatalf("%s: a vector of %d, Dim is %d, want %d", name, len(v), got.Dim(), len(want))
			}
			worst := 0.
			for k := range v {
				worst = max(worst, math.Abs(float64(v[k])-want[k]))
			}
			if !(worst < 3e-6) {
				t.Errorf("%s: text %d is %.2g off", name, i, worst)
			}
			if !slices.Equal(v, rows[i*len(v):(i+1)*len(v)]) {
				t.Errorf("%s: text %d has another vector among others", name, i)
			}
		}
	}
}

func TestEmptyTextsHaveNoDirection(t *testing.T) {
	m, _ := base.open(t)
	if v := m.Encode(encode.Text{Title: " ", Comment: "no text"}); len(v) != m.Dim() || vector.Norm(v) != 0 {
		t.Errorf("%v", v)
	}
	for _, x := range []encode.Text{{Title: "\x00\xff"}, {Abstract: "\u0301"}} {
		if v := m.Encode(x); math.Abs(float64(vector.Norm(v))-1) > 1e-5 {
			t.Errorf("%q has the length %g", x, vector.Norm(v))
		}
	}
}

func TestTitleAndAbstractAreJoined(t *testing.T) {
	for _, c := range [][3]string{{"A", "b", "A. b"}, {"Why? ", "b", "Why? b"}, {"A", "", "A"}, {"", "b", "b"}} {
		if got := join(encode.Text{Title: c[0], Abstract: c[1]}); got != c[2] {
			t.Errorf("%q, want %q", got, c[2])
		}
	}
}

func TestPromptsGoBeforeTexts(t *testing.T) {
	plain, _ := base.open(t)
	with := base
	with.prompts = map[string]string{"query": "new: ", "passage": "model: "}
	m, _ := with.open(t)
	if !slices.Equal(m.EncodeQuery("graph"), plain.EncodeQuery("new: graph")) {
		t.Error("a query goes without its prompt")
	}
	if !slices.Equal(m.Encode(encode.Text{Title: "graph"}), plain.Encode(encode.Text{Title: "model: graph"})) {
		t.Error("a document goes without its prompt")
	}
	if m.Fingerprint() == plain.Fingerprint() {
		t.Error("prompts do not change the fingerprint")
	}
	for _, w := range m.Explain(encode.Text{Title: "graph model"}, m.EncodeQuery("graph"), 9) {
		if w.Text != "graph" && w.Text != "model" {
			t.Errorf("the prompt is explained: %v", w)
		}
	}
}

func TestExplainSumsToTheCosine(t *testing.T) {
	for _, mode := range []string{"mean", "mean_sqrt_len_tokens", "max"} {
		for _, layer := range []string{"", "Identity", "Tanh"} {
			x := base
			x.mode, x.dense = mode, layer
			m, _ := x.open(t)
			v := m.Encode(texts[2])
			tokens, words := m.tokens.tokenize(join(texts[1]), m.limit)
			// Tokens that are no word's belong to one more here.
			for i := range tokens {
				if tokens[i].word < 0 {
					tokens[i].word = int32(len(words))
				}
			}
			shares := m.parts(tokens, len(words)+1, v)
			sum := 0.
			for _, s := range shares {
				sum += float64(s)
			}
			if layer != "" { // the biases' part
				z := pools[mode](m.net.encode(ids(tokens), len(m.net.blocks)), m.net.dim)
				sum = float64(vector.Dot(z, m.pull(z, v)))
				d := m.after[0]
				y := make([]float32, d.out)
				d.times(y, d.out, z, d.in, 1)
				out := slices.Clone(y)
				d.act(out)
				for k := range out {
					sum += float64(out[k] / y[k] * d.start[k] * v[k] / vector.Norm(out))
				}
			}
			if want := float64(vector.Dot(m.Encode(texts[1]), v)); math.Abs(sum-want) > 1e-5 {
				t.Errorf("%s, %q: the shares sum to %g, the cosine is %g", mode, layer, sum, want)
			}
		}
	}
}

func TestExplainListsWords(t *testing.T) {
	m, _ := base.open(t)
	text := encode.Text{Title: "Graph networks", Abstract: "The graph, a model of Café 中!"}
	words := m.Explain(text, m.Encode(text), 100)
	var got []string
	for i, w := range words {
		got = append(got, w.Text)
		if i > 0 && w.Share > words[i-1].Share {
			t.Errorf("%v says more than %v", w, words[i-1])
		}
	}
	slices.Sort(got)
	// A word with two occurrences is one; "the", "a", "of" and "model" say nothing.
	if want := []string{"Café", "Graph", "networks", "中"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if top := m.Explain(text, m.Encode(text), 2); !slices.Equal(top, words[:2]) {
		t.Errorf("the first two are %v, want %v", top, words[:2])
	}
	if none := m.Explain(encode.Text{}, m.Encode(text), 2); len(none) != 0 {
		t.Errorf("an empty text has %v", none)
	}
}

func TestExplainHidesWordsFromCLS(t *testing.T) {
	for _, family := range []string{"bert", "mpnet"} {
		x := base
		x.family, x.mode, x.dense = family, "cls", "Tanh"
		m, s := x.open(t)
		v := m.Encode(texts[0])
		tokens, words := m.tokens.tokenize(join(texts[1]), m.limit)
		cosine := func(hidden map[int]bool) float64 {
			sum := 0.
			for k, z := range s.reference(ids(tokens), hidden) {
				sum += z * float64(v[k])
			}
			return sum
		}
		shares := m.unseen(tokens, len(words), v)
		for w := range words {
			hidden := map[int]bool{}
			for i, token := range tokens {
				if int(token.word) == w {
					hidden[i] = true
				}
			}
			if want := cosine(nil) - cosine(hidden); math.Abs(float64(shares[w])-want) > 1e-5 {
				t.Errorf("%s: word %d has the share %g, want %g", family, w, shares[w], want)
			}
		}
		// More words than go through a product at once.
		if got := m.Explain(texts[2], v, 1); len(got) != 1 {
			t.Errorf("%v", got)
		}
	}
}

func TestEncodeAllStopsAndReports(t *testing.T) {
	m, _ := base.open(t)
	many := slices.Repeat(texts[:2], 10)
	last := 0
	if _, err := m.EncodeAll(context.Background(), many, func(done int) {
		if done != last+1 {
			t.Errorf("%d is done after %d", done, last)
		}
		last = done
	}); err != nil || last != len(many) {
		t.Errorf("%d of %d, %v", last, len(many), err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := m.EncodeAll(ctx, many, func(int) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled encoding ends with %v", err)
	}
}

func TestFingerprintIsTheContents(t *testing.T) {
	a, _ := base.open(t)
	b, s := base.open(t)
	if a.Fingerprint() != b.Fingerprint() || len(a.Fingerprint()) != 32 {
		t.Errorf("the same files have the fingerprints %q and %q", a.Fingerprint(), b.Fingerprint())
	}
	s.json(t, "sentence_bert_config.json", map[string]any{"max_seq_length": 100})
	c, err := Open(s.dir)
	if err != nil || c.Fingerprint() == a.Fingerprint() {
		t.Errorf("another limit has the same fingerprint (%v)", err)
	}
	if want := "bert, 2 layers of 48, mean pooling, 48 dimensions, texts of up to 100 tokens"; c.String() != want {
		t.Errorf("%q, want %q", c, want)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	rename := func(from, to string) func(*testing.T, *saved) {
		return func(t *testing.T, s *saved) {
			if err := os.Rename(filepath.Join(s.dir, from), filepath.Join(s.dir, to)); err != nil {
				t.Fatal(err)
			}
		}
	}
	write := func(name, data string) func(*testing.T, *saved) {
		return func(t *testing.T, s *saved) { s.file(t, name, []byte(data)) }
	}
	tokenizer := func(change func(map[string]any)) func(*testing.T, *saved) {
		return func(t *testing.T, s *saved) { s.json(t, "tokenizer.json", tokenizerJSON(vocabulary, change)) }
	}
	modules := func(kind, path string) func(*testing.T, *saved) {
		return write("modules.json", `[{"path":"","type":"x.Transformer"},{"path":"1_Pooling","type":"x.Pooling"},{"path":"`+path+`","type":"x.`+kind+`"}]`)
	}
	for want, damage := range map[string]func(*testing.T, *saved){
		"modules.json is missing, so this is a model of transformers": rename("modules.json", "other"),
		"config.json is missing":           rename("config.json", "other"),
		"1_Pooling/config.json is missing": rename("1_Pooling/config.json", "other"),
		"tokenizer.json is missing: save":  rename("tokenizer.json", "vocab.txt"),
		"pytorch_model.bin is a program":   rename("model.safetensors", "pytorch_model.bin"),
		"several files":                    rename("model.safetensors", "model.safetensors.index.json"),
		`want a Transformer`:               write("modules.json", "[]"),
		`"x.LSTM"`:                         modules("LSTM", ""),
		"leads out of the directory":       modules("Dense", "../x"),
		"with a residual": func(t *testing.T, s *saved) {
			modules("Dense", "2_Dense")(t, s)
			write("2_Dense/config.json", `{"in_features":48,"out_features":48,"activation_function":"torch.nn.Tanh","use_residual":true}`)(t, s)
		},
		"2_Dense/config.json is missing": modules("Dense", "2_Dense"),
		`type "t5"`:                      write("config.json", `{"model_type":"t5"}`),
		`activation "silu"`:              write("config.json", `{"model_type":"bert","hidden_size":48,"num_attention_heads":4,"num_hidden_layers":2,"intermediate_size":80,"hidden_act":"silu","max_position_embeddings":200,"vocab_size":38}`),
		`5 heads`:                        write("config.json", `{"model_type":"bert","hidden_size":48,"num_attention_heads":5,"num_hidden_layers":2,"intermediate_size":80,"max_position_embeddings":200,"vocab_size":38}`),
		`has the shape [38 48], want [1000000 48]`:      write("config.json", `{"model_type":"bert","hidden_size":48,"num_attention_heads":4,"num_hidden_layers":2,"intermediate_size":80,"max_position_embeddings":200,"vocab_size":1000000}`),
		`"encoder.layer.2.attention.self.query.weight"`: write("config.json", `{"model_type":"bert","hidden_size":48,"num_attention_heads":4,"num_hidden_layers":3,"intermediate_size":80,"max_position_embeddings":200,"vocab_size":38}`),
		`relative_key`:                   write("config.json", `{"model_type":"bert","hidden_size":48,"num_attention_heads":4,"num_hidden_layers":2,"intermediate_size":80,"max_position_embeddings":200,"vocab_size":38,"position_embedding_type":"relative_key"}`),
		`pooling by ["lasttoken"]`:       write("1_Pooling/config.json", `{"word_embedding_dimension":48,"pooling_mode_lasttoken":true}`),
		`pooling by ["cls" "mean"]`:      write("1_Pooling/config.json", `{"embedding_dimension":48,"pooling_mode":["cls","mean"]}`),
		`vectors of 49`:                  write("1_Pooling/config.json", `{"embedding_dimension":49,"pooling_mode":"mean"}`),
		`2 tokens, which is too few`:     write("sentence_bert_config.json", `{"max_seq_length":2}`),
		`the prompt "q" is missing`:      write("config_sentence_transformers.json", `{"default_prompt_name":"q"}`),
		`model "BPE"`:                    tokenizer(func(f map[string]any) { f["model"].(map[string]any)["type"] = "BPE" }),
		`normalizer "NFC"`:               tokenizer(func(f map[string]any) { f["normalizer"] = map[string]any{"type": "NFC"} }),
		`pre-tokenizer is not supported`: tokenizer(func(f map[string]any) { f["pre_tokenizer"] = nil }),
		`unknown, "<x>"`:                 tokenizer(func(f map[string]any) { f["model"].(map[string]any)["unk_token"] = "<x>" }),
		`token number 38`:                tokenizer(func(f map[string]any) { f["model"].(map[string]any)["vocab"].(map[string]int)["y"] = 38 }),
		`post-processor "ByteLevel"`:     tokenizer(func(f map[string]any) { f["post_processor"] = map[string]any{"type": "ByteLevel"} }),
		`want one text`:                  tokenizer(func(f map[string]any) { f["post_processor"].(map[string]any)["single"] = []any{} }),
		`config.json: invalid character`: write("config.json", "no JSON"),
	} {
		s := base.write(t)
		damage(t, s)
		if _, err := Open(s.dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "give the directory") {
		t.Errorf("an empty directory: %v", err)
	}
}

func TestOpenSurvivesDamage(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	m := base
	m.layers, m.places = 1, 20
	s := m.write(t)
	for _, name := range []string{"model.safetensors", "tokenizer.json", "config.json", "modules.json", "1_Pooling/config.json"} {
		whole, err := os.ReadFile(filepath.Join(s.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for range 60 {
			bad := slices.Clone(whole)
			if at := rng.IntN(min(len(bad), 4000)); rng.IntN(3) == 0 {
				bad = bad[:at]
			} else {
				bad[at] ^= 1 << rng.IntN(8)
			}
			s.file(t, name, bad)
			if m, err := Open(s.dir); err == nil {
				m.Encode(texts[1])
			}
		}
		s.file(t, name, whole)
	}
}

// BenchmarkEncode is with the sizes of all-MiniLM-L6-v2, but for the vocabulary,
// which takes no time: a text of 10 tokens, such as a query, and of 200, such as an
// abstract.
func BenchmarkEncode(b *testing.B) {
	m := tiny{family: "bert", dim: 384, heads: 12, layers: 6, inner: 1536, places: 512, limit: 256, activation: "gelu", mode: "mean"}
	model, _ := m.open(b)
	for name, text := range map[string]encode.Text{
		"10":  {Title: "a deep learned model of new"},
		"200": {Title: strings.Repeat("a deep learned model of new networks. ", 18)},
	} {
		b.Run(name, func(b *testing.B) {
			tokens, _ := model.tokens.tokenize(join(text), model.limit)
			for b.Loop() {
				model.Encode(text)
			}
			b.ReportMetric(float64(len(tokens)), "tokens")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "texts/s")
		})
	}
}
