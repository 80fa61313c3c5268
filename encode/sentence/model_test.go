package sentence

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// tiny says how a small model with random weights is written.
type tiny struct {
	family           string
	dim, heads       int
	layers, inner    int
	places, limit    int // limit 0: no sentence_bert_config.json
	activation, mode string
	dtype            string // F32 where it is empty
	prefix           string // of the tensors' names
	dense            string // activation of a dense layer from dim to 20, if any
	prompts          map[string]string
}

var base = tiny{family: "bert", dim: 48, heads: 4, layers: 2, inner: 80, places: 200, limit: 160, activation: "gelu", mode: "mean"}

// vocabulary has the pieces that the tests' texts are made of.
var vocabulary = []string{
	"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "deep", "learn", "##ing", "##ed", "graph", "##s", "neural", "net", "##work",
	"cafe", "a", "of", "the", "new", "model", ".", ",", "-", "!", "(", ")", "中", "文", "b", "c", "##a", "##b", "##c", "x", "##x", "1", "##2", "$",
}

// saved is what was written: the values by tensor as they were stored.
type saved struct {
	tiny
	dir     string
	tensors map[string][]float64
	shapes  map[string][]int
}

func (m tiny) write(t testing.TB) *saved {
	t.Helper()
	s := &saved{m, t.TempDir(), map[string][]float64{}, map[string][]int{}}
	var c map[string]any
	switch m.family {
	case "distilbert":
		c = map[string]any{"model_type": "distilbert", "dim": m.dim, "n_heads": m.heads, "n_layers": m.layers, "hidden_dim": m.inner, "activation": m.activation, "max_position_embeddings": m.places, "vocab_size": len(vocabulary)}
	default:
		c = map[string]any{
			"model_type": m.family, "hidden_size": m.dim, "num_attention_heads": m.heads, "num_hidden_layers": m.layers, "intermediate_size": m.inner,
			"hidden_act": m.activation, "layer_norm_eps": 1e-5, "max_position_embeddings": m.places, "vocab_size": len(vocabulary),
			"pad_token_id": map[string]int{"bert": 0, "mpnet": 1}[m.family],
		}
	}
	s.json(t, "config.json", c)
	if m.limit > 0 {
		s.json(t, "sentence_bert_config.json", map[string]any{"max_seq_length": m.limit, "do_lower_case": false})
	}
	s.json(t, "tokenizer.json", tokenizerJSON(vocabulary, nil))
	modules := []map[string]any{
		{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
		{"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
	}
	s.json(t, "1_Pooling/config.json", map[string]any{
		"word_embedding_dimension": m.dim, "pooling_mode_cls_token": m.mode == "cls", "pooling_mode_mean_tokens": m.mode == "mean",
		"pooling_mode_max_tokens": m.mode == "max", "pooling_mode_mean_sqrt_len_tokens": m.mode == "mean_sqrt_len_tokens",
	})
	if m.prompts != nil {
		s.json(t, "config_sentence_transformers.json", map[string]any{"prompts": m.prompts, "default_prompt_name": nil})
	}
	rng := rand.New(rand.NewPCG(3, 4))
	f := families[m.family]
	values := map[string][]float64{}
	put := func(name string, scale float64, shape ...int) {
		n := 1
		for _, d := range shape {
			n *= d
		}
		v := make([]float64, n)
		for i := range v {
			v[i] = scale * rng.NormFloat64()
		}
		values[m.prefix+name], s.shapes[m.prefix+name] = v, shape
	}
	linear := func(name string, in, out int) {
		put(name+".weight", 1.5/math.Sqrt(float64(in)), out, in)
		put(name+".bias", .3, out)
	}
	norm := func(name string) {
		put(name+".weight", 1, m.dim)
		put(name+".bias", .3, m.dim)
	}
	put("embeddings.word_embeddings.weight", 1, len(vocabulary), m.dim)
	put("embeddings.position_embeddings.weight", .5, m.places, m.dim)
	if f.types {
		put("embeddings.token_type_embeddings.weight", .5, 2, m.dim)
		put("pooler.dense.weight", 1, m.dim, m.dim)
	}
	norm("embeddings.LayerNorm")
	if f.near {
		put("encoder.relative_attention_bias.weight", 1, nearBuckets, m.heads)
	}
	for i := range m.layers {
		l := fmt.Sprintf(f.block, i)
		for _, n := range []string{f.q, f.k, f.v, f.out} {
			linear(l+n, m.dim, m.dim)
		}
		linear(l+f.up, m.dim, m.inner)
		linear(l+f.down, m.inner, m.dim)
		norm(l + f.outNorm)
		norm(l + f.norm)
	}
	s.safetensors(t, "model.safetensors", values)
	if m.dense != "" {
		modules = append(modules, map[string]any{"idx": 2, "name": "2", "path": "2_Dense", "type": "sentence_transformers.models.Dense"})
		s.json(t, "2_Dense/config.json", map[string]any{"in_features": m.dim, "out_features": 20, "bias": true, "activation_function": "torch.nn.modules.activation." + m.dense})
		values, m.prefix = map[string][]float64{}, ""
		linear("linear", m.dim, 20)
		s.safetensors(t, "2_Dense/model.safetensors", values)
	}
	modules = append(modules, map[string]any{"idx": 3, "name": "3", "path": "3_Normalize", "type": "sentence_transformers.models.Normalize"})
	s.json(t, "modules.json", modules)
	return s
}

func (m tiny) open(t testing.TB) (*Model, *saved) {
	t.Helper()
	s := m.write(t)
	got, err := Open(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	return got, s
}

func tokenizerJSON(vocabulary []string, change func(map[string]any)) map[string]any {
	vocab := map[string]int{}
	for i, w := range vocabulary {
		vocab[w] = i
	}
	var added []map[string]any
	for i, w := range vocabulary[:5] {
		added = append(added, map[string]any{"id": i, "content": w, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true})
	}
	special := func(w string) map[string]any {
		return map[string]any{"id": w, "ids": []int{vocab[w]}, "tokens": []string{w}}
	}
	f := map[string]any{
		"version":      "1.0",
		"truncation":   map[string]any{"max_length": 128, "strategy": "LongestFirst", "stride": 0, "direction": "Right"},
		"padding":      nil,
		"added_tokens": added,
		"normalizer":   map[string]any{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": nil, "lowercase": true},
		"pre_tokenizer": map[string]any{
			"type": "BertPreTokenizer",
		},
		"post_processor": map[string]any{
			"type": "TemplateProcessing",
			"single": []any{
				map[string]any{"SpecialToken": map[string]any{"id": "[CLS]", "type_id": 0}},
				map[string]any{"Sequence": map[string]any{"id": "A", "type_id": 0}},
				map[string]any{"SpecialToken": map[string]any{"id": "[SEP]", "type_id": 0}},
			},
			"pair":           []any{},
			"special_tokens": map[string]any{"[CLS]": special("[CLS]"), "[SEP]": special("[SEP]")},
		},
		"decoder": map[string]any{"type": "WordPiece", "prefix": "##", "cleanup": true},
		"model":   map[string]any{"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": vocab},
	}
	if change != nil {
		change(f)
	}
	return f
}

func (s *saved) json(t testing.TB, name string, v any) {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	s.file(t, name, data)
}

func (s *saved) file(t testing.TB, name string, data []byte) {
	t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// safetensors writes values as the model's type, and keeps what they then are.
func (s *saved) safetensors(t testing.TB, name string, values map[string][]float64) {
	t.Helper()
	dtype := s.dtype
	if dtype == "" {
		dtype = "F32"
	}
	header := map[string]any{"__metadata__": map[string]string{"format": "pt"}}
	var data bytes.Buffer
	names := make([]string, 0, len(values))
	for n := range values {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		from := data.Len()
		for i, v := range values[n] {
			switch dtype {
			case "F32":
				values[n][i] = float64(float32(v))
				binary.Write(&data, binary.LittleEndian, float32(v))
			case "BF16": // cut off
				b := math.Float32bits(float32(v)) >> 16
				values[n][i] = float64(math.Float32frombits(b << 16))
				binary.Write(&data, binary.LittleEndian, uint16(b))
			case "F16": // to the nearest multiple of 2^-10 of the power of two below, by value
				if math.Abs(v) < 1e-4 {
					v = 0
				}
				b := uint16(0)
				if v != 0 {
					fraction, e := math.Frexp(math.Abs(v)) // within [.5, 1)
					k := math.Floor((2*fraction - 1) * 1024)
					v = math.Copysign((1+k/1024)*math.Pow(2, float64(e-1)), v)
					b = uint16(e-1+15)<<10 | uint16(k)
					if v < 0 {
						b |= 1 << 15
					}
				}
				values[n][i] = v
				binary.Write(&data, binary.LittleEndian, b)
			}
		}
		header[n] = map[string]any{"dtype": dtype, "shape": s.shapes[n], "data_offsets": []int{from, data.Len()}}
		s.tensors[n] = values[n]
	}
	h, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	for len(h)%8 != 0 {
		h = append(h, ' ')
	}
	s.file(t, name, slices.Concat(binary.LittleEndian.AppendUint64(nil, uint64(len(h))), h, data.Bytes()))
}
