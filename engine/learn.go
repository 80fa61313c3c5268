package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/encode"
	"github.com/offprint/offprint/encode/sentence"
	"github.com/offprint/offprint/taxonomy"
	"github.com/offprint/offprint/topics"
)

// FewestPapers is how many papers there must be before anything is learned from them.
const FewestPapers = 1000

// mostPapers is how many papers are learned from: the newest.
const mostPapers = 200_000

// Options say how [Learn] learns.
type Options struct {
	// From is the folder of a sentence-transformer, to be used in place of an
	// encoder that is trained here.
	From string
	// Afresh starts from the beginning where a training that was cut off would
	// go on.
	Afresh bool
	Seed   uint64
	// Dim and Epochs are those of the encoder; 0 for its defaults.
	Dim, Epochs int
	// Progress, if set, is told which share of the work is done.
	Progress func(done float64, what string)
}

// Learned says what was learned. It is written last: the files that it names
// belong together.
type Learned struct {
	Time     time.Time     `json:"time"`
	Took     time.Duration `json:"took"`
	Papers   int           `json:"papers"` // that were learned from
	Encoder  string        `json:"encoder"`
	From     string        `json:"from,omitempty"` // folder of the sentence-transformer
	Dim      int           `json:"dim"`
	Words    int           `json:"words,omitempty"`
	Loss     []float64     `json:"loss,omitempty"`     // of each epoch
	Examples []string      `json:"examples,omitempty"` // words and those nearest to them
	Topics   int           `json:"topics"`
	Guesses  bool          `json:"guesses"` // it can guess categories
}

const learnedFile = "learned.json"

func (l Learned) file(kind string) string { return kind + "-" + l.Encoder + ".bin" }

// Learn learns from the papers of a store and leaves the result in dir, where an
// [Engine] finds it. What was there before stays in use until then. A training
// that is cut off goes on from its last epoch when it is called again.
func Learn(ctx context.Context, store offprint.PaperStore, dir string, o Options) (Learned, error) {
	if o.Progress == nil {
		o.Progress = func(float64, string) {}
	}
	start := time.Now()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Learned{}, fmt.Errorf("learn: %w", err)
	}
	o.Progress(0, "reading papers")
	papers, err := readPapers(ctx, store)
	if err != nil {
		return Learned{}, err
	}
	l := Learned{Papers: len(papers.texts)}
	encoder, err := papers.encoder(ctx, dir, o, &l)
	if err != nil {
		return Learned{}, err
	}
	l.Encoder, l.Dim = encoder.Fingerprint(), encoder.Dim()
	if err := papers.learnMore(ctx, dir, encoder, o, &l); err != nil {
		return Learned{}, err
	}
	l.Time, l.Took = time.Now().UTC(), time.Since(start).Round(time.Second)
	err = writeFile(filepath.Join(dir, learnedFile), func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "\t")
		return enc.Encode(l)
	})
	if err == nil {
		tidy(dir, l)
	}
	return l, err
}

// learning is what is learned from, a row a paper, oldest first.
type learning struct {
	texts      []encode.Text
	days       []offprint.Date
	categories [][]string
}

func readPapers(ctx context.Context, store offprint.PaperStore) (*learning, error) {
	n, err := store.PaperCount(ctx)
	if err != nil {
		return nil, err
	}
	var papers learning
	skip := n - mostPapers
	err = store.AllPapers(ctx, func(p *offprint.Paper) error {
		if skip--; skip >= 0 || p.Withdrawn {
			return ctx.Err()
		}
		papers.texts = append(papers.texts, TextOf(p))
		papers.days = append(papers.days, p.Listed)
		papers.categories = append(papers.categories, p.Categories)
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	if len(papers.texts) < FewestPapers {
		return nil, offprint.Errorf(offprint.KindInvalid, "there are %d papers here, and learning needs %d: collect or import more first.", len(papers.texts), FewestPapers)
	}
	return &papers, nil
}

// encoder trains an encoder, or opens the one that is asked for, and writes it
// to its file.
func (papers *learning) encoder(ctx context.Context, dir string, o Options, l *Learned) (Encoder, error) {
	if o.From != "" {
		from, err := filepath.Abs(o.From)
		if err != nil {
			return nil, err
		}
		l.From = from
		m, err := sentence.Open(from)
		if err != nil {
			return nil, err
		}
		return m, nil
	}
	c := encode.Config{
		Dim: o.Dim, Epochs: o.Epochs, Seed: o.Seed,
		Progress: func(done float64, what string) { o.Progress(.02+.8*done, what) },
		Checkpoint: func(epoch int, e *encode.Encoder) error {
			return writeEncoder(filepath.Join(dir, checkpoint(epoch)), e)
		},
	}
	if !o.Afresh {
		c.Resume, c.Epoch = lastCheckpoint(dir)
	}
	e, report, err := encode.Train(ctx, papers.texts, c)
	if err != nil {
		return nil, err
	}
	l.Words, l.Loss = report.Words, report.Loss
	for _, n := range e.Learned(12) {
		l.Examples = append(l.Examples, n.String())
	}
	l.Encoder = e.Fingerprint()
	return e, writeEncoder(filepath.Join(dir, l.file("encoder")), e)
}

// mostSlow is how many papers a sentence-transformer encodes for topics and
// categories: it takes a hundred times as long as an encoder trained here.
const mostSlow = 4000

// learnMore finds topics and learns to guess categories.
func (papers *learning) learnMore(ctx context.Context, dir string, encoder Encoder, o Options, l *Learned) error {
	if l.From != "" && len(papers.texts) > mostSlow {
		papers = papers.newest(mostSlow)
	}
	vectors := make([]float32, 0, len(papers.texts)*l.Dim)
	for i, t := range papers.texts {
		if err := ctx.Err(); err != nil {
			return err
		}
		if i%500 == 0 {
			o.Progress(.85+.05*float64(i)/float64(len(papers.texts)), "encoding papers")
		}
		vectors = append(vectors, encoder.Encode(t)...)
	}
	titles, abstracts := make([]string, len(papers.texts)), make([]string, len(papers.texts))
	for i, t := range papers.texts {
		titles[i], abstracts[i] = t.Title, t.Abstract
	}
	o.Progress(.9, "finding topics")
	themes, err := topics.Find(ctx, topics.Input{
		Vectors: vectors, Dim: l.Dim, Titles: titles, Abstracts: abstracts, Days: papers.days, Seed: o.Seed, Previous: topicsBefore(dir),
		Progress: func(done float64) { o.Progress(.9+.06*done, "finding topics") },
	})
	if err != nil {
		return fmt.Errorf("topics: %w", err)
	}
	l.Topics = len(themes.Topics)
	if err := writeFile(filepath.Join(dir, l.file("topics")), writerTo(themes)); err != nil {
		return err
	}
	o.Progress(.96, "learning categories")
	guesser, err := taxonomy.Train(ctx, vectors, l.Dim, papers.categories, taxonomy.Options{Seed: o.Seed})
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		return nil // no categories here, or one: nothing to guess
	}
	l.Guesses = true
	return writeFile(filepath.Join(dir, l.file("categories")), writerTo(guesser))
}

func (papers *learning) newest(n int) *learning {
	from := len(papers.texts) - n
	return &learning{papers.texts[from:], papers.days[from:], papers.categories[from:]}
}

// TextOf is what the encoder reads of a paper.
func TextOf(p *offprint.Paper) encode.Text {
	text := p.Abstract
	if text == "" {
		text = p.Summary
	}
	return encode.Text{Title: p.Title, Abstract: text}
}

func checkpoint(epoch int) string { return fmt.Sprintf("checkpoint-%02d.bin", epoch) }

// lastCheckpoint is the newest that can be read, if there is any.
func lastCheckpoint(dir string) (*encode.Encoder, int) {
	files, _ := filepath.Glob(filepath.Join(dir, "checkpoint-*.bin")) // the pattern is right
	slices.Sort(files)
	for _, f := range slices.Backward(files) {
		var epoch int
		if _, err := fmt.Sscanf(filepath.Base(f), "checkpoint-%d.bin", &epoch); err != nil {
			continue
		}
		if e, err := readFile(f, encode.Read); err == nil {
			return e, epoch
		}
	}
	return nil, 0
}

func topicsBefore(dir string) *topics.Model {
	l, err := readLearned(dir)
	if err != nil {
		return nil
	}
	m, err := readFile(filepath.Join(dir, l.file("topics")), topics.Read)
	if err != nil {
		return nil
	}
	return m
}

// readLearned reads what was learned last. An [os.ErrNotExist] says that
// nothing was.
func readLearned(dir string) (l Learned, err error) {
	b, err := os.ReadFile(filepath.Join(dir, learnedFile))
	if err != nil {
		return l, err
	}
	if err := json.Unmarshal(b, &l); err != nil {
		return l, fmt.Errorf("%s: %w", learnedFile, err)
	}
	if l.Encoder == "" || strings.ContainsFunc(l.Encoder, func(r rune) bool { return !strings.ContainsRune("0123456789abcdef", r) }) {
		return l, fmt.Errorf("%s: not a fingerprint: %.80q", learnedFile, l.Encoder)
	}
	return l, nil
}

// tidy removes files that are not of what was learned last.
func tidy(dir string, l Learned) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, f := range files {
		kind, _, ok := strings.Cut(f.Name(), "-")
		if ok && strings.HasSuffix(f.Name(), ".bin") && f.Name() != l.file(kind) && slices.Contains([]string{"encoder", "topics", "categories", "checkpoint"}, kind) {
			_ = os.Remove(filepath.Join(dir, f.Name())) // it does no harm
		}
	}
}

func writeEncoder(path string, e *encode.Encoder) error { return writeFile(path, writerTo(e)) }

func writerTo(v io.WriterTo) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := v.WriteTo(w)
		return err
	}
}

// writeFile writes a file whole or not at all.
func writeFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write %s: %w", path, err), f.Close(), os.Remove(f.Name()))
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return f.Close()
}

func readFile[T any](path string, read func(io.Reader) (T, error)) (v T, err error) {
	f, err := os.Open(path)
	if err != nil {
		return v, err
	}
	defer f.Close()
	if v, err = read(f); err != nil {
		return v, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return v, nil
}
