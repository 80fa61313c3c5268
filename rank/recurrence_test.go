package rank

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/offprint/offprint/methods/random"
)

// storyOf is a text of four sentences. Each says the text's own name, and has
// words that are everybody's.
func storyOf(name string, rng *rand.Rand) string {
	var b strings.Builder
	for range 4 {
		b.WriteString(name)
		for range 6 {
			fmt.Fprintf(&b, " common%c", 'a'+rng.IntN(20))
		}
		b.WriteString(". ")
	}
	return b.String()
}

func TestRecurrence(t *testing.T) {
	rng := random.New(4, 0)
	var texts []string
	for i := range 300 {
		texts = append(texts, storyOf(fmt.Sprintf("NAME%d", i), rng))
	}
	r, err := LearnRecurrence(t.Context(), texts, 1)
	if err != nil {
		t.Fatal(err)
	}
	// Names that it has never seen tell whose half is whose all the same.
	var asked, papers []string
	for i := range 30 {
		s := Sentences(storyOf(fmt.Sprintf("NEW%d", i), rng))
		asked = append(asked, strings.Join(s[:2], " "))
		papers = append(papers, strings.Join(s[2:], " "))
	}
	for i, q := range asked {
		scores := r.Scores(q, papers)
		if best := slices.Max(scores); scores[i] != best {
			t.Errorf("passage %d is not found", i)
		}
		if again := r.Scores(q, papers); !slices.Equal(scores, again) {
			t.Fatal("the scores of the same papers differ")
		}
	}
	again, err := LearnRecurrence(t.Context(), texts, 1)
	if err != nil || !slices.Equal(again.Scores(asked[0], papers), r.Scores(asked[0], papers)) {
		t.Errorf("learned again from the same texts it scores otherwise (%v)", err)
	}
	if got := r.Scores("", nil); len(got) != 0 {
		t.Errorf("no papers have the scores %v", got)
	}
	if got := r.Scores("", []string{"", "x"}); len(got) != 2 || got[0] != 0 {
		t.Errorf("empty texts have the scores %v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := LearnRecurrence(ctx, texts, 1); err == nil {
		t.Error("cancelled learning goes on")
	}
}

func TestRecurrenceOfNothing(t *testing.T) {
	r, err := LearnRecurrence(t.Context(), []string{"", "one sentence alone"}, 1)
	if err != nil {
		t.Fatal(err)
	}
	got := r.Scores("graph networks", []string{"graph networks", "other words"})
	if !(got[0] >= got[1]) { // nor NaN
		t.Errorf("a paper with the passage's words has %v, one without %v", got[0], got[1])
	}
}

func TestSentences(t *testing.T) {
	for text, want := range map[string][]string{
		"":                                       nil,
		" One.  Two! Three? ":                    {"One.", "Two!", "Three?"},
		"As in e.g. this, it goes on.":           {"As in e.g. this, it goes on."},
		`He said "no." She left (early.)`:        {`He said "no."`, "She left (early.)"},
		"A gain of 3.5 points. \n\t$x$ is small": {"A gain of 3.5 points.", "$x$ is small"},
		"Ends. Ünlike":                           {"Ends.", "Ünlike"},
	} {
		if got := Sentences(text); !slices.Equal(got, want) {
			t.Errorf("Sentences(%q) = %q, want %q", text, got, want)
		}
	}
}

func FuzzSentences(f *testing.F) {
	f.Add("One. two? Three\xff. “Four.” ) .")
	f.Fuzz(func(t *testing.T, s string) {
		whole := strings.Join(strings.Fields(s), " ")
		if got := strings.Join(Sentences(s), " "); got != whole {
			t.Errorf("the sentences of %q are %q together", s, got)
		}
	})
}
