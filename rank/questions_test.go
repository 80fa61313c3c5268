package rank

import (
	"slices"
	"testing"

	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/vector"
)

// themes makes papers around so many directions: paper i is of theme i % k.
func themes(n, k, dim int) (vectors []float32, ids []int64) {
	rng := random.New(1, 2)
	centres := make([]float32, k*dim)
	random.Normal(rng, centres, 1)
	vector.NormalizeRows(centres, dim)
	vectors = make([]float32, n*dim)
	random.Normal(rng, vectors, .06)
	for i := range n {
		c := i % k
		vector.AddScaled(vectors[i*dim:(i+1)*dim], 1, centres[c*dim:(c+1)*dim])
		ids = append(ids, int64(1000+i))
	}
	vector.NormalizeRows(vectors, dim)
	return vectors, ids
}

// ask lets a reader of some themes answer.
func ask(t *testing.T, q *Questions, k int, likes ...int) []Answer {
	t.Helper()
	var answers []Answer
	seen := map[int64]bool{}
	for {
		ids := q.Next(answers)
		if again := q.Next(answers); !slices.Equal(ids, again) {
			t.Fatal("the same answers bring another question")
		}
		if len(ids) == 0 {
			return answers
		}
		for _, id := range ids {
			if seen[id] {
				t.Fatalf("paper %d is asked again", id)
			}
			seen[id] = true
			a := Answer{id, No}
			for _, c := range likes {
				if int(id-1000)%k == c {
					a.Reply = Yes
				}
			}
			answers = append(answers, a)
		}
	}
}

// TestQuestions: ten answers, or fewer, find each of eight themes, and two at once.
func TestQuestions(t *testing.T) {
	const n, k, dim = 800, 8, 64
	vectors, ids := themes(n, k, dim)
	q, err := NewQuestions(t.Context(), vectors, dim, ids, 1)
	if err != nil {
		t.Fatal(err)
	}
	for c := range k {
		for _, likes := range [][]int{{c}, {c, (c + 3) % k}} {
			answers := ask(t, q, k, likes...)
			if len(answers) > MaxQuestions*Shown {
				t.Fatalf("%d papers", len(answers))
			}
			taste := q.Taste(answers)
			sum, in := [2]float64{}, [2]float64{}
			for i := range n {
				at := 0
				for _, l := range likes {
					if i%k == l {
						at = 1
					}
				}
				sum[at] += taste.Like(vectors[i*dim : (i+1)*dim])
				in[at]++
			}
			if yes, no := sum[1]/in[1], sum[0]/in[0]; yes < 2*no {
				t.Errorf("themes %v: like %.3f, others %.3f after %d answers", likes, yes, no, len(answers))
			}
		}
	}
}

// TestQuestionsSkip: a reader who skips all is asked ten different papers.
func TestQuestionsSkip(t *testing.T) {
	vectors, ids := themes(300, 5, 16)
	q, err := NewQuestions(t.Context(), vectors, 16, ids, 1)
	if err != nil {
		t.Fatal(err)
	}
	answers := []Answer{{ID: 5, Reply: Yes}} // never asked: no matter
	for {
		ids := q.Next(answers)
		if len(ids) == 0 {
			break
		}
		for _, id := range ids {
			answers = append(answers, Answer{id, Skip})
		}
	}
	if n := len(answers) - 1; n == 0 || n > MaxQuestions*Shown {
		t.Errorf("%d answers", n)
	}
}

func TestQuestionsErrors(t *testing.T) {
	vectors, ids := themes(100, 5, 16)
	if _, err := NewQuestions(t.Context(), vectors[1:], 16, ids, 1); err == nil {
		t.Error("no error of ragged vectors")
	}
	if _, err := NewQuestions(t.Context(), vectors[:16*10], 16, ids[:10], 1); err == nil {
		t.Error("no error of ten papers")
	}
}
