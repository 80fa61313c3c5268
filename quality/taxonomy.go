package quality

import (
	"context"
	"fmt"
	"slices"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/taxonomy"
)

// surePrecision is the bar: guesses that are shown should be right as often as they say.
const surePrecision = float64(taxonomy.LeastConfidence)

// Categories measures the guess of a category for papers without any: learned
// from the papers before the tested month, asked about its own.
func (b *Bench) Categories(ctx context.Context) error {
	b.Heading("Category guess: learned from the papers before %s, asked about its %d", b.Month, len(b.Tested()))
	categories := make([][]string, b.Test)
	count := make(map[string]int)
	for i := range categories {
		categories[i] = b.Papers[i].Categories
		if len(categories[i]) > 0 {
			count[categories[i][0]]++
		}
	}
	dim := b.Encoder.Dim()
	learned := b.Vectors[:b.Test*dim]
	most := ""
	for c, n := range count {
		if n > count[most] || n == count[most] && c < most {
			most = c
		}
	}
	b.Note("", "first any distance²")
	b.Note("always "+most, b.measureGuesses(func([]float32) taxonomy.Guess { return taxonomy.Guess{Category: most} }).String())
	var got guessFigures
	for _, o := range []taxonomy.Options{{Argmax: true}, {}} {
		g, err := taxonomy.Train(ctx, learned, dim, categories, o)
		if offprint.KindOf(err) == offprint.KindInvalid {
			b.Note(err.Error(), "")
			return nil
		}
		if err != nil {
			return err
		}
		got = b.measureGuesses(g.Best)
		name := fmt.Sprintf("nearest to all that it may be, of %d categories", len(g.Categories()))
		if o.Argmax {
			name = "most probable"
		}
		b.Note(name, got.String())
	}
	if got.sure == 0 {
		b.Note("no guess is sure enough to be shown", "")
		return nil
	}
	b.Figure(fmt.Sprintf("right, of the guesses with a confidence of %.1f", taxonomy.LeastConfidence), fmt.Sprintf("%.3f", got.precision), fmt.Sprintf("%.2f", surePrecision), got.precision >= surePrecision)
	b.Note("papers with such a guess", fmt.Sprintf("%.3f", got.sure))
	return nil
}

// guessFigures are means over the papers of the tested month.
type guessFigures struct {
	first, any float64 // guesses that are the paper's first category, and any
	squared    float64 // distance in the tree to the first
	sure       float64 // papers with a guess that is shown
	precision  float64 // of those, with any of the paper's categories
}

func (f guessFigures) String() string {
	return fmt.Sprintf("%.3f %.3f %.3f", f.first, f.any, f.squared)
}

func (b *Bench) measureGuesses(guess func(v []float32) taxonomy.Guess) (f guessFigures) {
	var n, sure, right float64
	for i, p := range b.Tested() {
		if len(p.Categories) == 0 {
			continue
		}
		n++
		g := guess(b.Row(b.Test + i))
		d := taxonomy.Distance(g.Category, p.Categories[0])
		f.squared += d * d
		if d == 0 {
			f.first++
		}
		any := slices.Contains(p.Categories, g.Category)
		if any {
			f.any++
		}
		if g.Confidence >= taxonomy.LeastConfidence {
			sure++
			if any {
				right++
			}
		}
	}
	if n > 0 {
		f.first, f.any, f.squared, f.sure = f.first/n, f.any/n, f.squared/n, sure/n
	}
	if sure > 0 {
		f.precision = right / sure
	}
	return f
}
