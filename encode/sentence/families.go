package sentence

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// config is what is used of a config.json, with the names of BERT's fields.
type config struct {
	Type        string  `json:"model_type"`
	Dim         int     `json:"hidden_size"`
	Layers      int     `json:"num_hidden_layers"`
	Heads       int     `json:"num_attention_heads"`
	Inner       int     `json:"intermediate_size"`
	Activation  string  `json:"hidden_act"`
	Eps         float64 `json:"layer_norm_eps"`
	Places      int     `json:"max_position_embeddings"`
	Tokens      int     `json:"vocab_size"`
	Kind        string  `json:"position_embedding_type"`
	Buckets     *int    `json:"relative_attention_num_buckets"`
	Decoder     bool    `json:"is_decoder"`
	DistilDim   int     `json:"dim"`
	DistilHeads int     `json:"n_heads"`
	DistilLayer int     `json:"n_layers"`
	DistilInner int     `json:"hidden_dim"`
	DistilAct   string  `json:"activation"`
}

// family is how the models of one type name their tensors.
type family struct {
	prefix  string // which the names may begin with
	block   string // of a layer, with its number
	q, k, v string // the parts of a layer
	out     string
	outNorm string
	up      string
	down    string
	norm    string
	types   bool // of tokens: first and second text
	skipped int  // places before that of the first token
	near    bool // relative positions
}

var bert = family{
	prefix: "bert.", block: "encoder.layer.%d.",
	q: "attention.self.query", k: "attention.self.key", v: "attention.self.value",
	out: "attention.output.dense", outNorm: "attention.output.LayerNorm",
	up: "intermediate.dense", down: "output.dense", norm: "output.LayerNorm",
	types: true,
}

// families are the supported model types.
var families = map[string]family{
	"bert": bert,
	"distilbert": {
		prefix: "distilbert.", block: "transformer.layer.%d.",
		q: "attention.q_lin", k: "attention.k_lin", v: "attention.v_lin",
		out: "attention.out_lin", outNorm: "sa_layer_norm",
		up: "ffn.lin1", down: "ffn.lin2", norm: "output_layer_norm",
	},
	"mpnet": {
		prefix: "mpnet.", block: "encoder.layer.%d.",
		q: "attention.attn.q", k: "attention.attn.k", v: "attention.attn.v",
		out: "attention.attn.o", outNorm: "attention.LayerNorm",
		up: "intermediate.dense", down: "output.dense", norm: "output.LayerNorm",
		skipped: 2, near: true,
	},
}

var activations = map[string]func([]float32){
	"gelu": gelu, "gelu_python": gelu,
	"gelu_new": geluTanh, "gelu_fast": geluTanh, "gelu_pytorch_tanh": geluTanh,
	"relu": relu,
}

// check fills in what a family names otherwise, and returns the family.
func (c *config) check() (family, error) {
	f, ok := families[c.Type]
	if !ok {
		return f, fmt.Errorf("models of the type %q are not supported: %s are", c.Type, known(families))
	}
	if c.Type == "distilbert" {
		c.Dim, c.Heads, c.Layers, c.Inner, c.Activation, c.Eps = c.DistilDim, c.DistilHeads, c.DistilLayer, c.DistilInner, c.DistilAct, 1e-12
	}
	c.Eps, c.Activation = cmp.Or(c.Eps, 1e-12), cmp.Or(c.Activation, "gelu")
	const most = 1 << 14
	switch {
	case c.Dim < 1 || c.Dim > most || c.Inner < 1 || c.Inner > 8*most || c.Layers < 1 || c.Layers > 200 || c.Heads < 1 || c.Places < 1 || c.Places > most || c.Tokens < 1 || c.Tokens > mostTokens:
		return f, fmt.Errorf("%d layers of %d and %d inner dimensions, %d heads, %d places, %d tokens", c.Layers, c.Dim, c.Inner, c.Heads, c.Places, c.Tokens)
	case c.Dim%c.Heads != 0:
		return f, fmt.Errorf("%d dimensions do not share out among %d heads", c.Dim, c.Heads)
	case !(c.Eps > 0 && c.Eps < 1):
		return f, fmt.Errorf("layer_norm_eps is %v", c.Eps)
	case c.Decoder || c.Kind != "" && c.Kind != "absolute":
		return f, fmt.Errorf("a decoder, or positions of the type %q, are not supported: an encoder with absolute positions is", c.Kind)
	case f.near && c.Buckets != nil && *c.Buckets != nearBuckets:
		return f, fmt.Errorf("%d buckets of relative positions are not supported: %d are", *c.Buckets, nearBuckets)
	case activations[c.Activation] == nil:
		return f, fmt.Errorf("the activation %q is not supported: %s are", c.Activation, known(activations))
	}
	return f, nil
}

// known lists names for an error.
func known[V any](m map[string]V) string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// weights takes tensors from a file by their names. The first error stays.
type weights struct {
	tensors map[string]*tensor
	prefix  string
	err     error
}

// take returns a tensor's values, and forgets it. After an error it returns nil.
func (w *weights) take(name string, shape ...int) []float32 {
	t := w.tensors[w.prefix+name]
	if t == nil {
		// As files that are converted from the oldest ones have it.
		old := strings.NewReplacer("LayerNorm.weight", "LayerNorm.gamma", "LayerNorm.bias", "LayerNorm.beta").Replace(name)
		t = w.tensors[w.prefix+old]
	}
	switch {
	case t == nil:
		w.fail(fmt.Errorf("the tensor %q is missing", name))
	case !slices.EqualFunc(t.Shape, shape, func(a int64, b int) bool { return a == int64(b) }):
		w.fail(fmt.Errorf("the tensor %q has the shape %v, want %v", name, t.Shape, shape))
	default:
		values := t.values
		t.values = nil
		return values
	}
	return nil
}

func (w *weights) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

func (w *weights) linear(name string, in, out int) matrix {
	wt, bias := w.take(name+".weight", out, in), w.take(name+".bias", out)
	if w.err != nil {
		return matrix{}
	}
	return newMatrix(wt, bias, in, out)
}

func (w *weights) norm(name string, dim int, eps float64) layerNorm {
	return layerNorm{w.take(name+".weight", dim), w.take(name+".bias", dim), float32(eps)}
}

// newNetwork makes a network of a file's tensors. It takes their memory.
func newNetwork(c config, f family, tensors map[string]*tensor) (*network, error) {
	w := &weights{tensors: tensors}
	if _, ok := tensors[f.prefix+"embeddings.word_embeddings.weight"]; ok {
		w.prefix = f.prefix
	}
	// The sizes first: what follows asks for memory by them.
	net := &network{
		dim: c.Dim, heads: c.Heads, act: activations[c.Activation],
		words:  w.take("embeddings.word_embeddings.weight", c.Tokens, c.Dim),
		places: w.take("embeddings.position_embeddings.weight", c.Places, c.Dim),
	}
	if w.err != nil {
		return nil, w.err
	}
	if f.skipped >= c.Places {
		return nil, fmt.Errorf("it has %d places, of which %d are skipped", c.Places, f.skipped)
	}
	net.places = net.places[f.skipped*c.Dim:]
	if f.types {
		t := w.tensors[w.prefix+"embeddings.token_type_embeddings.weight"]
		if t == nil || len(t.Shape) != 2 || t.Shape[0] < 1 || t.Shape[1] != int64(c.Dim) || int64(len(t.values)) != t.Shape[0]*t.Shape[1] {
			return nil, errors.New("the tensor \"embeddings.token_type_embeddings.weight\" is missing or of another shape")
		}
		for i := range net.places {
			net.places[i] += t.values[i%c.Dim]
		}
	}
	net.norm = w.norm("embeddings.LayerNorm", c.Dim, c.Eps)
	if f.near {
		near := w.take("encoder.relative_attention_bias.weight", nearBuckets, c.Heads)
		if w.err != nil {
			return nil, w.err
		}
		net.near = make([]float32, len(near))
		for i := range nearBuckets {
			for h := range c.Heads {
				net.near[h*nearBuckets+i] = near[i*c.Heads+h]
			}
		}
	}
	for i := range c.Layers {
		if w.err != nil {
			return nil, w.err
		}
		name := fmt.Sprintf(f.block, i)
		net.blocks = append(net.blocks, block{
			qkv:     w.attention(name, f, c.Dim, c.Heads),
			out:     w.linear(name+f.out, c.Dim, c.Dim),
			outNorm: w.norm(name+f.outNorm, c.Dim, c.Eps),
			up:      w.linear(name+f.up, c.Dim, c.Inner),
			down:    w.linear(name+f.down, c.Inner, c.Dim),
			norm:    w.norm(name+f.norm, c.Dim, c.Eps),
		})
	}
	return net, w.err
}

// attention joins the matrices of queries, keys and values.
func (w *weights) attention(name string, f family, dim, heads int) matrix {
	q, bias := w.take(name+f.q+".weight", dim, dim), w.take(name+f.q+".bias", dim)
	scale := float32(1 / math.Sqrt(float64(dim/heads)))
	for _, values := range [][]float32{q, bias} {
		for i := range values {
			values[i] *= scale
		}
	}
	for _, part := range []string{f.k, f.v} {
		q = append(q, w.take(name+part+".weight", dim, dim)...)
		bias = append(bias, w.take(name+part+".bias", dim)...)
	}
	if w.err != nil {
		return matrix{}
	}
	return newMatrix(q, bias, dim, 3*dim)
}
