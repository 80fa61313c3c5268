package vecstore_test

import (
	"context"
	"fmt"
	"log"

	"github.com/offprint/offprint/methods/embed/vecstore"
)

// wish is the simplest task: row x is to be x everywhere.
type wish struct{ ids []int32 }

func (w *wish) Restart() error { return nil }

func (w *wish) Batch(bool) []int32 {
	w.ids = w.ids[:0]
	for x := range int32(100) {
		w.ids = append(w.ids, x)
	}
	return w.ids
}

func (w *wish) Gradient(x, grad []float32, _ bool) error {
	for i := range x {
		grad[i] = x[i] - float32(w.ids[i/4])/100
	}
	return nil
}

func (w *wish) Score(func([]int32, []float32) error) (float64, error) { return 0, nil }

func Example() {
	table, err := vecstore.New("int8", vecstore.Spec{Rows: 100, Dim: 4, Budget: .25, Steps: 300})
	if err != nil {
		log.Fatal(err)
	}
	store, err := table.Fit(context.Background(), &wish{}, .01, nil)
	if err != nil {
		log.Fatal(err)
	}
	row := make([]float32, 4)
	if err := store.Lookup([]int32{50}, row); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d bytes, row 50 is near .5: %v\n", store.Size().Total(), row[0] > .45 && row[0] < .55)
	// Output: 404 bytes, row 50 is near .5: true
}

func ExampleNewUniformRows() {
	codec, err := vecstore.NewUniformRows(4, 8)
	if err != nil {
		log.Fatal(err)
	}
	codes, err := vecstore.EncodeAll(codec, []float32{1, 0, 0, 0, .6, .8, 0, 0})
	if err != nil {
		log.Fatal(err)
	}
	hits, err := codec.Scan([]float32{0, 1, 0, 0}, codes, 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("vector %d, score %.2f\n", hits[0].ID, hits[0].Score)
	// Output: vector 1, score 0.80
}
