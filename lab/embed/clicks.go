package embed

import (
	"context"
	"fmt"
	"sync"

	"github.com/offprint/offprint/dataset"
	"github.com/offprint/offprint/methods/eval"
	"github.com/offprint/offprint/methods/mlp"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
)

// clicks is the bed movielens-ctr: which movies a user rates 4 or 5, from eight
// categorical fields, in movielens-100k's own split.
type clicks struct {
	fields      []string
	sizes       []int // values of each field
	train, test impressions
}

// impressions are rows of one value a field. Values are numbered over all
// fields: those of field 0 first, then those of field 1, and so on.
type impressions struct {
	ids   []int32   // [rows x fields]
	liked []float32 // [rows], 0 or 1
	time  []int64   // [rows], Unix seconds
}

// values is the number of values of all fields.
func (c *clicks) values() int {
	n := 0
	for _, s := range c.sizes {
		n += s
	}
	return n
}

// offsets are the numbers of the fields' first values.
func (c *clicks) offsets() []int {
	offsets := make([]int, len(c.sizes))
	for f := range offsets[1:] {
		offsets[f+1] = offsets[f] + c.sizes[f]
	}
	return offsets
}

// loadClicks reads the bed, once.
var loadClicks = sync.OnceValues(func() (*clicks, error) {
	m, err := dataset.ReadMovieLens()
	if err != nil {
		return nil, err
	}
	c := &clicks{fields: []string{"user", "item", "age", "sex", "occupation", "zip", "year", "genres"}}
	seen := make([]map[string]int32, len(c.fields)) // value -> number in its field
	for f := range seen {
		seen[f] = map[string]int32{}
	}
	// Number each field's values in the order of users and movies, so that
	// values of the test set that the training set lacks have a number too.
	number := func(f int, value string) int32 {
		n, ok := seen[f][value]
		if !ok {
			n = int32(len(seen[f]))
			seen[f][value] = n
		}
		return n
	}
	users := make([][5]int32, len(m.Users))
	for i, u := range m.Users {
		users[i] = [5]int32{number(0, fmt.Sprint(i)), number(2, fmt.Sprint(u.Age/5)), number(3, u.Sex), number(4, u.Occupation), number(5, u.ZIP)}
	}
	movies := make([][3]int32, len(m.Movies))
	for i, v := range m.Movies {
		movies[i] = [3]int32{number(1, fmt.Sprint(i)), number(6, fmt.Sprint(v.Year)), number(7, fmt.Sprint(v.Genres))}
	}
	for _, s := range seen {
		c.sizes = append(c.sizes, len(s))
	}
	at := c.offsets()
	for _, part := range []struct {
		ratings []dataset.Rating
		to      *impressions
	}{{m.Train, &c.train}, {m.Test, &c.test}} {
		for _, r := range part.ratings {
			u, v := users[r.User], movies[r.Movie]
			for f, n := range []int32{u[0], v[0], u[1], u[2], u[3], u[4], v[1], v[2]} {
				part.to.ids = append(part.to.ids, int32(at[f])+n)
			}
			liked := float32(0)
			if r.Value >= 4 {
				liked = 1
			}
			part.to.liked = append(part.to.liked, liked)
			part.to.time = append(part.to.time, r.Time)
		}
	}
	return c, nil
})

// clickTable is what learns the values' vectors. The ids are those of whole
// impressions, [rows x fields].
type clickTable interface {
	Lookup(ids []int32, out []float32) error      // out [rows x inputs of the model]
	Accumulate(ids []int32, grad []float32) error // the gradient of out
	Step(lr float64)
}

// clickModel says how a click model is trained.
type clickModel struct {
	inputs int // numbers that the table gives for an impression
	hidden int // 0 for a logistic head
	epochs int
	seed   uint64
}

// The bed's training: Adam at this rate, with this weight decay and batch.
const (
	clickRate  = 5e-3
	clickDecay = 1e-5
	clickBatch = 512
)

// fit learns a table and a model on top of it, on the training impressions,
// and returns the model and its AUC on the test impressions. progress may be
// nil; it is told the share that is done.
func (c *clicks) fit(ctx context.Context, table clickTable, m clickModel, progress func(done float64)) (*mlp.Net, float64, error) {
	rng := random.New(m.seed, 57)
	net, err := mlp.New(m.inputs, m.hidden, clickRate, clickDecay, rng)
	if err != nil {
		return nil, 0, err
	}
	fields := len(c.fields)
	ids := make([]int32, 0, clickBatch*fields)
	y := make([]float32, 0, clickBatch)
	x := make([]float32, clickBatch*m.inputs)
	dx := make([]float32, len(x))
	loop := train.Loop{Examples: len(c.train.liked), Batch: clickBatch, Epochs: m.epochs, Rand: rng}
	if progress != nil {
		loop.Progress = func(done, _ float64) { progress(done) }
	}
	err = loop.Run(ctx, func(batch []int) (float64, error) {
		ids = train.Gather(ids, c.train.ids, fields, batch)
		y = train.Gather(y, c.train.liked, 1, batch)
		if err := table.Lookup(ids, x); err != nil {
			return 0, err
		}
		loss, err := net.Step(x, y, dx)
		if err != nil {
			return 0, err
		}
		if err := table.Accumulate(ids, dx); err != nil {
			return 0, err
		}
		table.Step(clickRate)
		return loss, nil
	})
	if err != nil {
		return nil, 0, err
	}
	auc, err := c.auc(table, net)
	return net, auc, err
}

// auc is the area under the ROC curve on the test impressions.
func (c *clicks) auc(table clickTable, net *mlp.Net) (float64, error) {
	liked := make([]bool, len(c.test.liked))
	for i, y := range c.test.liked {
		liked[i] = y == 1
	}
	x := make([]float32, len(liked)*net.In)
	if err := table.Lookup(c.test.ids, x); err != nil {
		return 0, err
	}
	z, err := net.Logits(x)
	if err != nil {
		return 0, err
	}
	return eval.AUC(z, liked), nil
}
