// Package engine is what Offprint has learned from its store, kept in step with
// it: an encoder of texts, an index of all papers' vectors, their authors and
// days, topics, and what readers have in common. It answers the pages with
// papers and with reasons.
//
// What is learned at length is learned by [Learn], in a process of its own, and
// written to files in a folder; an [Engine] reads these, follows the store from
// paper to paper ([Engine.Sync]) and takes up a new encoder while it answers.
// All of it can be lost: it is made again from the store.
package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/encode"
	"github.com/offprint/offprint/index"
	"github.com/offprint/offprint/rank"
	"github.com/offprint/offprint/taxonomy"
	"github.com/offprint/offprint/topics"
)

// Encoder turns texts into vectors: the one that is trained here ([encode.Encoder]),
// or a sentence-transformer.
type Encoder interface {
	// Dim is the length of a vector.
	Dim() int
	// Encode returns the vector of a text, of length 1, or zeros for a text that
	// says nothing to the encoder.
	Encode(t encode.Text) []float32
	// Explain returns the n words of a text that do most for its cosine with v.
	Explain(t encode.Text, v []float32, n int) []encode.Word
	// Fingerprint tells encoders apart.
	Fingerprint() string
}

// Config is what an [Engine] needs.
type Config struct {
	Store offprint.Store
	Dir   string       // of the files; created when absent
	Log   *slog.Logger // slog.Default when nil

	// Train, if set, learns anew from the store, as [Learn] does, in a process
	// of its own. It is called when there is enough to learn.
	// from is the folder of the sentence-transformer in use, if there is one.
	Train func(ctx context.Context, from string) error
	Now   func() time.Time // time.Now when nil
}

// Engine answers from what has been learned. Create it with [Open]; its methods
// may be called from several goroutines. Before anything has been learned they
// give nothing, without an error.
type Engine struct {
	Config
	graph  atomic.Pointer[rank.Authors]
	asks   atomic.Pointer[questions]
	common atomic.Pointer[common]

	mu     sync.RWMutex
	papers *papers
	model  *model    // nil before anything has been learned
	coming *model    // a model that is about to replace it, while its index fills
	tried  time.Time // when training was last begun

	syncing sync.Mutex // one Sync at a time; what follows is Sync's alone
	drawn   int        // changes of papers that the graph knows
	changed bool       // the index, since it was saved
	saved   time.Time
}

// model is an encoder with what was made with its vectors.
type model struct {
	encoder Encoder
	index   *index.Index
	learned Learned
	topics  *topics.Model     // may be nil
	guesser *taxonomy.Guesser // may be nil

	spread atomic.Pointer[rank.Background]

	indexed int64 // generation of the store up to which the index on disk has rows of this encoder
	since   int64 // generation that has been followed since
}

// ready returns the model, or nil.
func (e *Engine) ready() *model {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.model
}

// Ready reports whether anything has been learned.
func (e *Engine) Ready() bool { return e != nil && e.ready() != nil }

// Open reads what has been learned. What is damaged or missing is reported to
// the log and made again: the index by the first [Engine.Sync], the rest by
// training.
func Open(cfg Config) (*Engine, error) {
	if cfg.Store == nil || cfg.Dir == "" {
		return nil, errors.New("engine: no store or no folder")
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	return &Engine{Config: cfg, papers: newPapers()}, nil
}
