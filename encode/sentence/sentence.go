// Package sentence encodes texts with a sentence-transformer: a network of the kind
// of BERT that somebody else has trained, read from the directory that the Python
// library sentence-transformers saves. It can stand in the place of package
// encode's own encoder.
//
// Of the networks, BERT, DistilBERT and MPNet are supported, which many of the small
// and middle-sized ones in use are (all-MiniLM, all-mpnet, bge, e5, gte, multi-qa,
// msmarco, SPECTER), with WordPiece tokenizers, mean, [CLS] or maximum pooling, and
// dense layers after it. Weights are read from safetensors as float32, float16 or
// bfloat16, and calculated with as float32.
//
// The vectors are those of sentence-transformers scaled to length 1, but for the
// last digits. Each text is encoded by itself, without padding.
package sentence

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/offprint/offprint/encode"
	"github.com/offprint/offprint/methods/vector"
)

// mostDim is the greatest length of a vector.
const mostDim = 1 << 12

// Model turns texts into vectors. It is safe for concurrent use.
type Model struct {
	tokens      *tokenizer
	net         *network
	limit       int // tokens of a text
	mode        string
	after       []dense
	prompt      string // before a document, and a query
	queryPrompt string
	form        string
	fingerprint string
}

// Open reads a model from the directory that SentenceTransformer.save_pretrained
// has written. The error says which file is missing, damaged or of a kind that is
// not supported, and what to do.
func Open(dir string) (*Model, error) {
	m, err := open(dir)
	if err != nil {
		return nil, fmt.Errorf("sentence-transformer %s: %w", dir, err)
	}
	return m, nil
}

func open(dir string) (*Model, error) {
	d := directory{dir, sha256.New()}
	modules, err := d.modules()
	if err != nil {
		return nil, err
	}
	m := &Model{}
	if err := m.prompts(d); err != nil {
		return nil, err
	}
	if err := m.transformer(d, modules[0].Path); err != nil {
		return nil, err
	}
	if err := m.pooling(d, modules[1].Path); err != nil {
		return nil, err
	}
	for _, next := range modules[2:] {
		// The vectors are scaled to length 1 at the end, and dropout is for training.
		if next.kind() != "Dense" {
			if next.kind() == "Normalize" && next != modules[len(modules)-1] {
				return nil, errors.New("modules.json: a Normalize before the end is not supported")
			}
			continue
		}
		layer, err := d.dense(next.Path, m.Dim())
		if err != nil {
			return nil, err
		}
		m.after = append(m.after, layer)
	}
	if m.Dim() > mostDim {
		return nil, fmt.Errorf("vectors of %d are not supported, but up to %d", m.Dim(), mostDim)
	}
	m.fingerprint = hex.EncodeToString(d.hash.Sum(nil)[:16])
	if v := m.Encode(encode.Text{Title: "A text"}); math.Abs(float64(vector.Norm(v))-1) > 1e-3 {
		return nil, errors.New("model.safetensors: its weights make no vector of a text: they are damaged")
	}
	return m, nil
}

// Dim is the length of a vector.
func (m *Model) Dim() int {
	if n := len(m.after); n > 0 {
		return m.after[n-1].out
	}
	return m.net.dim
}

// Fingerprint returns 32 hexadecimal digits that differ between models that differ
// in anything that their vectors depend on.
func (m *Model) Fingerprint() string { return m.fingerprint }

// String describes the model in some words.
func (m *Model) String() string {
	return fmt.Sprintf("%s, %s pooling, %d dimensions, texts of up to %d tokens", m.form, m.mode, m.Dim(), m.limit)
}

// Encode returns the vector of a paper's title and abstract: Dim values, of length
// 1, or 0 for an empty text. What does not fit into the model's longest text is not
// read.
func (m *Model) Encode(t encode.Text) []float32 { return m.vector(m.prompt, join(t)) }

// EncodeQuery returns the vector of a query. It differs from that of a text with
// these words if the model wants something else before a query.
func (m *Model) EncodeQuery(s string) []float32 { return m.vector(m.queryPrompt, s) }

// EncodeAll returns the vectors of texts, row by row [len(texts) x Dim], with as many
// texts at once as there are processors. It calls progress, which may be nil, with
// the number of texts that are done, one call at a time.
func (m *Model) EncodeAll(ctx context.Context, texts []encode.Text, progress func(done int)) ([]float32, error) {
	dim := m.Dim()
	out := make([]float32, len(texts)*dim)
	var next atomic.Int64
	var mu sync.Mutex
	var all sync.WaitGroup
	done := 0
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(texts) {
					return
				}
				copy(out[i*dim:], m.Encode(texts[i]))
				mu.Lock()
				done++
				if progress != nil {
					progress(done)
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

// join makes one text of a title and an abstract.
func join(t encode.Text) string {
	title := strings.TrimSpace(t.Title)
	if title == "" || strings.TrimSpace(t.Abstract) == "" {
		return title + t.Abstract
	}
	if last, _ := utf8.DecodeLastRuneInString(title); isMark(last) {
		return title + " " + t.Abstract
	}
	return title + ". " + t.Abstract
}

func (m *Model) vector(prompt, s string) []float32 {
	if strings.TrimSpace(s) == "" {
		return make([]float32, m.Dim())
	}
	tokens, _ := m.tokens.tokenize(prompt+s, m.limit)
	h := m.net.encode(ids(tokens), len(m.net.blocks))
	return m.finish(pools[m.mode](h, m.net.dim))
}

// finish does what follows the pooling, and scales to length 1.
func (m *Model) finish(v []float32) []float32 {
	for _, d := range m.after {
		next := make([]float32, d.out)
		d.times(next, d.out, v, d.in, 1)
		d.act(next)
		v = next
	}
	vector.Normalize(v)
	return v
}

// pools are the ways to make one vector of the tokens' [tokens x dim].
var pools = map[string]func(h []float32, dim int) []float32{
	"cls":  func(h []float32, dim int) []float32 { return h[:dim:dim] },
	"mean": func(h []float32, dim int) []float32 { return sum(h, dim, float32(dim)/float32(len(h))) },
	"mean_sqrt_len_tokens": func(h []float32, dim int) []float32 {
		return sum(h, dim, float32(math.Sqrt(float64(dim)/float64(len(h)))))
	},
	"max": highest,
}

func sum(h []float32, dim int, scale float32) []float32 {
	v := make([]float32, dim)
	for i := 0; i < len(h); i += dim {
		vector.AddScaled(v, 1, h[i:i+dim])
	}
	for k := range v {
		v[k] *= scale
	}
	return v
}

func highest(h []float32, dim int) []float32 {
	v := append([]float32(nil), h[:dim]...)
	for i := dim; i < len(h); i += dim {
		for k, x := range h[i : i+dim] {
			v[k] = max(v[k], x)
		}
	}
	return v
}
