package sentence

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Limits of the files that are read whole.
const (
	mostConfig    = 1 << 20
	mostTokenizer = 32 << 20
)

// directory reads a model's files, and everything that it reads goes into a hash.
// Links are followed: a download cache is made of them.
type directory struct {
	path string
	hash hash.Hash
}

// open opens a file that a model has to have.
func (d directory) open(name string) (*os.File, int64, error) {
	f, err := os.Open(filepath.Join(d.path, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, fmt.Errorf("%s is missing%s", name, d.hint(name))
	}
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a file", name)
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	fmt.Fprintf(d.hash, "%s %d\n", filepath.ToSlash(name), info.Size())
	return f, info.Size(), nil
}

// hint says what to do about a missing file.
func (d directory) hint(name string) string {
	has := func(other string) bool {
		_, err := os.Stat(filepath.Join(d.path, filepath.Dir(name), other))
		return err == nil
	}
	const again = ": save the model again with SentenceTransformer(…).save_pretrained(…) of a current sentence-transformers"
	switch base := filepath.Base(name); {
	case base == "modules.json" && has("config.json"):
		return ", so this is a model of transformers, not of sentence-transformers" + again
	case base == "modules.json":
		return ": give the directory that SentenceTransformer(…).save_pretrained(…) has written"
	case base == "model.safetensors" && has("model.safetensors.index.json"):
		return ", and weights in several files are not supported" + again
	case base == "model.safetensors" && has("pytorch_model.bin"):
		return ", and pytorch_model.bin is a program, which is not run" + again
	case base == "tokenizer.json":
		return again
	}
	return ""
}

// bytes reads a whole file.
func (d directory) bytes(name string, most int64) ([]byte, error) {
	f, size, err := d.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > most {
		return nil, fmt.Errorf("%s has %d bytes, more than %d", name, size, most)
	}
	data, err := io.ReadAll(io.TeeReader(io.LimitReader(f, most), d.hash))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return data, nil
}

// json reads a file into v.
func (d directory) json(name string, v any) error {
	data, err := d.bytes(name, mostConfig)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// optional is json for a file that need not be there.
func (d directory) optional(name string, v any) error {
	if _, err := os.Stat(filepath.Join(d.path, name)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return d.json(name, v)
}

// tensors reads a model.safetensors.
func (d directory) tensors(name string, wanted func(string) bool) (map[string]*tensor, error) {
	f, size, err := d.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t, err := readSafetensors(io.TeeReader(f, d.hash), size, wanted)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}

// module is an entry of a modules.json.
type module struct {
	Path string `json:"path"`
	Type string `json:"type"` // such as sentence_transformers.models.Pooling
}

// kind is the type without its package, which has changed over time.
func (m module) kind() string { return m.Type[strings.LastIndex(m.Type, ".")+1:] }

// modules reads modules.json: a transformer, a pooling, and what follows.
func (d directory) modules() ([]module, error) {
	var modules []module
	if err := d.json("modules.json", &modules); err != nil {
		return nil, err
	}
	if len(modules) < 2 || len(modules) > 20 || modules[0].kind() != "Transformer" || modules[1].kind() != "Pooling" {
		return nil, errors.New("modules.json: want a Transformer, then a Pooling")
	}
	for i, m := range modules {
		if m.Path != "" && !filepath.IsLocal(m.Path) {
			return nil, fmt.Errorf("modules.json: the path %q leads out of the directory", m.Path)
		}
		if i < 2 {
			continue
		}
		switch m.kind() {
		case "Dense", "Normalize", "Dropout":
		default:
			return nil, fmt.Errorf("modules.json: a module %q at this place is not supported: Dense, Normalize and Dropout are", m.Type)
		}
	}
	return modules, nil
}

// transformer reads the network and its tokenizer.
func (m *Model) transformer(d directory, path string) error {
	var c config
	if err := d.json(filepath.Join(path, "config.json"), &c); err != nil {
		return err
	}
	f, err := c.check()
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(path, "config.json"), err)
	}
	var own struct {
		Most  *int `json:"max_seq_length"`
		Lower bool `json:"do_lower_case"`
	}
	if err := d.optional(filepath.Join(path, "sentence_bert_config.json"), &own); err != nil {
		return err
	}
	name := filepath.Join(path, "tokenizer.json")
	data, err := d.bytes(name, mostTokenizer)
	if err != nil {
		return err
	}
	if m.tokens, err = newTokenizer(data); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	m.tokens.lowerFirst = own.Lower
	if m.tokens.most >= c.Tokens {
		return fmt.Errorf("%s: it has a token number %d, and config.json speaks of %d tokens", name, m.tokens.most, c.Tokens)
	}

	name = filepath.Join(path, "model.safetensors")
	tensors, err := d.tensors(name, func(n string) bool {
		n = strings.TrimPrefix(n, f.prefix)
		return strings.HasPrefix(n, "embeddings.") && !strings.HasSuffix(n, "position_ids") || strings.HasPrefix(n, "encoder.") || strings.HasPrefix(n, "transformer.")
	})
	if err != nil {
		return err
	}
	if m.net, err = newNetwork(c, f, tensors); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	m.limit = len(m.net.places) / c.Dim
	if own.Most != nil {
		m.limit = min(m.limit, *own.Most)
	} else {
		var t struct {
			Most float64 `json:"model_max_length"` // an absurd number where there is no limit
		}
		if err := d.optional(filepath.Join(path, "tokenizer_config.json"), &t); err != nil {
			return err
		}
		if t.Most >= 1 && t.Most < float64(m.limit) {
			m.limit = int(t.Most)
		}
	}
	if m.limit <= len(m.tokens.before)+len(m.tokens.after) {
		return fmt.Errorf("a text may have %d tokens, which is too few", m.limit)
	}
	m.form = fmt.Sprintf("%s, %d layers of %d", c.Type, c.Layers, c.Dim)
	return nil
}

// pooling reads how the tokens' vectors become one.
func (m *Model) pooling(d directory, path string) error {
	name := filepath.Join(path, "config.json")
	var c struct {
		OldDim int   `json:"word_embedding_dimension"`
		Dim    int   `json:"embedding_dimension"`
		Mode   any   `json:"pooling_mode"`
		CLS    bool  `json:"pooling_mode_cls_token"`
		Mean   bool  `json:"pooling_mode_mean_tokens"`
		Max    bool  `json:"pooling_mode_max_tokens"`
		Root   bool  `json:"pooling_mode_mean_sqrt_len_tokens"`
		Weight bool  `json:"pooling_mode_weightedmean_tokens"`
		Last   bool  `json:"pooling_mode_lasttoken"`
		Prompt *bool `json:"include_prompt"`
	}
	if err := d.json(name, &c); err != nil {
		return err
	}
	if dim := cmp.Or(c.Dim, c.OldDim); dim != m.net.dim {
		return fmt.Errorf("%s: it is for vectors of %d, and the network's have %d", name, dim, m.net.dim)
	}
	var modes []string
	switch v := c.Mode.(type) {
	case string:
		modes = append(modes, v)
	case []any:
		for _, x := range v {
			s, _ := x.(string)
			modes = append(modes, s)
		}
	}
	for _, x := range []struct {
		on   bool
		name string
	}{{c.CLS, "cls"}, {c.Mean, "mean"}, {c.Max, "max"}, {c.Root, "mean_sqrt_len_tokens"}, {c.Weight, "weightedmean"}, {c.Last, "lasttoken"}} {
		if x.on {
			modes = append(modes, x.name)
		}
	}
	if len(modes) != 1 || pools[modes[0]] == nil {
		return fmt.Errorf("%s: pooling by %q is not supported: one of %s is", name, modes, known(pools))
	}
	if c.Prompt != nil && !*c.Prompt && m.prompt+m.queryPrompt != "" {
		return fmt.Errorf("%s: a prompt that is not pooled is not supported", name)
	}
	m.mode = modes[0]
	return nil
}

// prompts reads what is put before the texts.
func (m *Model) prompts(d directory) error {
	const name = "config_sentence_transformers.json"
	var c struct {
		Prompts map[string]string `json:"prompts"`
		Default *string           `json:"default_prompt_name"`
	}
	if err := d.optional(name, &c); err != nil {
		return err
	}
	if c.Default != nil {
		p, ok := c.Prompts[*c.Default]
		if !ok {
			return fmt.Errorf("%s: the prompt %q is missing", name, *c.Default)
		}
		m.prompt, m.queryPrompt = p, p
	}
	for _, n := range []string{"document", "passage", "corpus"} {
		if p, ok := c.Prompts[n]; ok {
			m.prompt = p
			break
		}
	}
	if p, ok := c.Prompts["query"]; ok {
		m.queryPrompt = p
	}
	return nil
}

// dense is a layer after the pooling.
type dense struct {
	matrix
	act func([]float32)
}

// dense reads a layer for vectors of length in.
func (d directory) dense(path string, in int) (dense, error) {
	name := filepath.Join(path, "config.json")
	var c struct {
		In   int    `json:"in_features"`
		Out  int    `json:"out_features"`
		Bias *bool  `json:"bias"`
		Act  string `json:"activation_function"`
		Of   string `json:"module_input_name"`
		Add  bool   `json:"use_residual"`
	}
	if err := d.json(name, &c); err != nil {
		return dense{}, err
	}
	if c.Add || cmp.Or(c.Of, "sentence_embedding") != "sentence_embedding" {
		return dense{}, fmt.Errorf("%s: a layer with a residual, or of %q, is not supported", name, c.Of)
	}
	act := map[string]func([]float32){"Tanh": tanh, "Identity": identity, "ReLU": relu, "GELU": gelu}[c.Act[strings.LastIndex(c.Act, ".")+1:]]
	if act == nil || c.In != in || c.Out < 1 || c.Out > mostDim {
		return dense{}, fmt.Errorf("%s: a layer from %d to %d with %q is not supported after vectors of %d", name, c.In, c.Out, c.Act, in)
	}
	name = filepath.Join(path, "model.safetensors")
	tensors, err := d.tensors(name, func(n string) bool { return strings.HasPrefix(n, "linear.") })
	if err != nil {
		return dense{}, err
	}
	w := &weights{tensors: tensors}
	wt, bias := w.take("linear.weight", c.Out, c.In), []float32(nil)
	if c.Bias == nil || *c.Bias {
		bias = w.take("linear.bias", c.Out)
	}
	if w.err != nil {
		return dense{}, fmt.Errorf("%s: %w", name, w.err)
	}
	return dense{newMatrix(wt, bias, c.In, c.Out), act}, nil
}
