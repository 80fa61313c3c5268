package m2trec_test

import (
	"context"
	"fmt"

	"github.com/offprint/offprint/methods/rec/m2trec"
)

// Readers of one subject stay with it. A paper listed a minute ago, which is in
// no session, is recommended by its subject and words.
func Example() {
	paper := func(subject int32, words ...int32) m2trec.Item {
		return m2trec.Item{Fields: []m2trec.Bag{{Values: []int32{subject}}, {Values: words}}}
	}
	papers := []m2trec.Item{paper(0, 0, 1), paper(0, 1, 2), paper(0, 0, 2), paper(1, 3, 4), paper(1, 4, 5), paper(1, 3, 5)}
	var sessions []m2trec.Session
	for range 20 {
		sessions = append(sessions,
			m2trec.Session{History: []int32{0, 1}, Target: 2}, m2trec.Session{History: []int32{2}, Target: 0},
			m2trec.Session{History: []int32{3, 4}, Target: 5}, m2trec.Session{History: []int32{5}, Target: 3})
	}
	m, err := m2trec.Fit(context.Background(), papers, sessions, m2trec.Config{
		Fields: []m2trec.Field{{Name: "subject", Vocab: 2, Dim: 4}, {Name: "words", Vocab: 6, Dim: 4}},
		MaxLen: 3, Layers: 1, Heads: 2, Temperature: .1, LR: .01, Batch: 8, Epochs: 10,
	}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fresh := []m2trec.Item{paper(0, 0, 1, 2), paper(1, 3, 4, 5)}
	hits, err := m.Recommend([]m2trec.Item{papers[3], papers[5]}, fresh, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("fresh paper", hits[0].Item)
	// Output: fresh paper 1
}
