package semid

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers/activation"

	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
)

// blobs are n rows around k centres.
func blobs(n, dim, k int, spread float64, seed uint64) []float32 {
	rng := random.New(seed, 0)
	centres, x := make([]float32, k*dim), make([]float32, n*dim)
	random.Normal(rng, centres, 1)
	random.Normal(rng, x, spread)
	for i := range n {
		c := rng.IntN(k)
		for j := range dim {
			x[i*dim+j] += centres[c*dim+j]
		}
	}
	return x
}

func squares(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return sum
}

// An ID and what its last level leaves over make up the vector exactly, each
// code is the nearest, and each level comes closer.
func TestResiduals(t *testing.T) {
	const dim, levels = 6, 4
	x := blobs(300, dim, 20, .3, 1)
	q, err := ResidualKMeans(t.Context(), x, dim, levels, 8, 1)
	if err != nil {
		t.Fatal(err)
	}
	ids, residual, err := q.encode(x)
	if err != nil {
		t.Fatal(err)
	}
	var left [levels + 1]float64
	for i, id := range ids {
		row := x[i*dim : (i+1)*dim]
		z, err := q.Decode(id)
		if err != nil {
			t.Fatal(err)
		}
		for j := range row {
			if math.Abs(float64(row[j]-z[j]-residual[i*dim+j])) > 1e-5 {
				t.Fatalf("row %d: %v is not %v and %v", i, row[j], z[j], residual[i*dim+j])
			}
		}
		for l := range levels + 1 {
			z, err := q.Decode(id[:l])
			if err != nil {
				t.Fatal(err)
			}
			r := slices.Clone(row)
			for j := range r {
				r[j] -= z[j]
			}
			left[l] += squares(r)
			if l == levels {
				break
			}
			best := math.Inf(1)
			for k := range q.Codes {
				d := 0.0
				for j, c := range q.codeword(l, uint16(k)) {
					d += float64(r[j]-c) * float64(r[j]-c)
				}
				best = min(best, d)
			}
			d := 0.0
			for j, c := range q.codeword(l, id[l]) {
				d += float64(r[j]-c) * float64(r[j]-c)
			}
			if d > best+1e-4 {
				t.Fatalf("row %d, level %d: at distance %v, and %v is possible", i, l, d, best)
			}
		}
	}
	for l := range levels {
		if left[l+1] >= left[l] {
			t.Errorf("level %d leaves %v, and the one before %v", l, left[l+1], left[l])
		}
	}
}

// With a codeword for each point, one level has no error.
func TestOneLevelOfAllPoints(t *testing.T) {
	x := blobs(16, 5, 16, 1, 2)
	q, err := ResidualKMeans(t.Context(), x, 5, 1, 16, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, residual, err := q.encode(x); err != nil || squares(residual) > 1e-9 {
		t.Errorf("left over %v, %v", squares(residual), err)
	}
}

// The hand-written gradients are those that GoMLX derives from the loss of the
// package comment.
func TestGradientsAgainstGraph(t *testing.T) {
	const dim, n, beta = 7, 40, .25
	x := blobs(n, dim, 10, .5, 3)
	q, err := Train(t.Context(), x, dim, Config{Levels: 3, Codes: 5, Latent: 4, Hidden: 9, Epochs: 2, WarmUp: 1, Batch: 20, LR: 1e-2, Beta: beta})
	if err != nil {
		t.Fatal(err)
	}
	for _, plain := range []bool{true, false} {
		codewords := q.Codewords
		if plain {
			q.Codewords = nil
		}
		var shapes [][]int
		var weights, got [][]float32
		var s step
		loss, err := q.gradients(&s, x, beta)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range q.layers() {
			shapes = append(shapes, []int{l.In, l.Out}, []int{1, l.Out})
			weights = append(weights, l.W, l.B)
			got = append(got, l.DW, l.DB)
		}
		if !plain {
			for l := range q.Levels {
				size := q.Codes * q.Dim
				shapes = append(shapes, []int{q.Codes, q.Dim})
				weights = append(weights, q.level(l))
				got = append(got, s.dc[l*size:(l+1)*size])
			}
		}
		ref, err := graphLoss(len(weights), beta)
		if err != nil {
			t.Fatal(err)
		}
		var in []*tensors.Tensor
		for i, w := range weights {
			in = append(in, tensors.FromFlatDataAndDimensions(w, shapes[i]...))
		}
		want, grads, err := ref.Call(append(in, tensors.FromFlatDataAndDimensions(x, n, dim))...)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(loss-want) > 1e-4*want {
			t.Errorf("loss %v, want %v", loss, want)
		}
		for i := range grads {
			for j := range grads[i] {
				if math.Abs(float64(got[i][j]-grads[i][j])) > 1e-4 {
					t.Errorf("plain %v: gradient %d at %d is %v, want %v", plain, i, j, got[i][j], grads[i][j])
					break
				}
			}
		}
		q.Codewords = codewords
	}
}

// graphLoss is the loss as a GoMLX graph, of so many weights.
func graphLoss(weights int, beta float64) (*train.Loss, error) {
	distance := func(a, b *graph.Node) *graph.Node {
		return graph.ReduceAllMean(graph.ReduceSum(graph.Square(graph.Sub(a, b)), -1))
	}
	return train.NewLoss(weights, func(in []*graph.Node) *graph.Node {
		x := in[weights]
		dense := func(i int, x *graph.Node) *graph.Node { return graph.Add(graph.MatMul(x, in[2*i]), in[2*i+1]) }
		z := dense(1, activation.Relu(dense(0, x)))
		top, quantising := z, graph.ScalarZero(x.Graph(), dtypes.Float32)
		if weights > 8 {
			r, sum := z, graph.ZerosLike(z)
			for _, c := range in[8:weights] {
				half := graph.MulScalar(graph.ReduceSum(graph.Square(c), -1), .5)
				score := graph.Sub(graph.Einsum("bd,kd->bk", r, c), graph.ExpandAxes(half, 0))
				nearest := graph.Gather(c, graph.ExpandAxes(graph.ArgMax(graph.StopGradient(score), -1, dtypes.Int32), -1))
				frozen := graph.StopGradient(nearest)
				quantising = graph.Add(quantising, graph.Add(
					distance(graph.StopGradient(r), nearest),
					graph.MulScalar(distance(r, frozen), beta)))
				r, sum = graph.Sub(r, frozen), graph.Add(sum, frozen)
			}
			top = graph.Add(z, graph.StopGradient(graph.Sub(sum, z)))
		}
		return graph.Add(distance(x, dense(3, activation.Relu(dense(2, top)))), quantising)
	})
}

func TestTrain(t *testing.T) {
	const dim, n = 16, 400
	x := blobs(n, dim, 12, .1, 4)
	c := Config{Levels: 2, Codes: 16, Latent: 8, Hidden: 32, Epochs: 40, Batch: 50, LR: 5e-3, Seed: 1}
	q, err := Train(t.Context(), x, dim, c)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := q.Encode(x)
	if err != nil {
		t.Fatal(err)
	}
	miss, used := 0.0, map[uint16]bool{}
	for i, id := range ids {
		y, err := q.Decode(id)
		if err != nil {
			t.Fatal(err)
		}
		for j := range y {
			y[j] -= x[i*dim+j]
		}
		miss += squares(y)
		used[id[0]] = true
	}
	if share := miss / squares(x); share > .15 {
		t.Errorf("%.2f of the content is lost", share)
	}
	if len(used) < 14 {
		t.Errorf("%d of 16 codes of the first level are used", len(used))
	}
	again, err := Train(t.Context(), x, dim, c)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(q.Codewords, again.Codewords) {
		t.Error("the same seed gives other codewords")
	}
}

// A codeword that nobody uses comes back as some row's residual.
func TestRevive(t *testing.T) {
	const dim = 6
	x := blobs(60, dim, 6, .2, 5)
	q, err := Train(t.Context(), x, dim, Config{Levels: 2, Codes: 4, Latent: 3, Hidden: 8, Epochs: 1, WarmUp: 1})
	if err != nil {
		t.Fatal(err)
	}
	far := q.codeword(1, 2)
	for j := range far {
		far[j] = 1e6
	}
	if err := q.revive(x, random.New(1, 0)); err != nil {
		t.Fatal(err)
	}
	if squares(far) > 1e6 {
		t.Errorf("the codeword is still at %v", far)
	}
}

func TestErrors(t *testing.T) {
	x := blobs(20, 4, 4, 1, 6)
	for name, c := range map[string]Config{
		"more codes than rows": {Codes: 30},
		"negative epochs":      {Codes: 4, Epochs: -1},
		"negative levels":      {Codes: 4, Levels: -1},
		"too many codes":       {Codes: 1 << 17},
	} {
		if _, err := Train(t.Context(), x, 4, c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := Train(t.Context(), x[:7], 4, Config{}); err == nil {
		t.Error("ragged rows: no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Train(ctx, x, 4, Config{Codes: 4}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	q, err := ResidualKMeans(t.Context(), x, 4, 2, 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.Encode(x[:3]); err == nil {
		t.Error("ragged rows: no error")
	}
	for _, id := range [][]uint16{{1, 2, 3}, {4}} {
		if _, err := q.Decode(id); err == nil {
			t.Errorf("ID %v of 2 levels of 4: no error", id)
		}
	}
}

func Example() {
	// Sixty items in two groups; the first of each group is shown most.
	content := blobs(60, 8, 2, .1, 7)
	q, err := ResidualKMeans(context.Background(), content, 8, 2, 4, 1)
	if err != nil {
		panic(err)
	}
	ids, err := q.Encode(content)
	if err != nil {
		panic(err)
	}
	shown := make([]float64, 60)
	for i := range shown {
		shown[i] = 1
	}
	shown[0] = 1000
	pieces, err := TrainSPM(ids, shown, 10)
	if err != nil {
		panic(err)
	}
	fmt.Println(len(pieces.Split(ids[0])), "piece for the item that all know, of", pieces.Rows(), "rows")
	// Output: 1 piece for the item that all know, of 11 rows
}

// BenchmarkStep has the step of the RQ-VAE by hand and as a GoMLX graph, for a
// batch of 256 contents of 64 numbers; the graph lacks Adam.
func BenchmarkStep(b *testing.B) {
	const dim = 64
	x := blobs(256, dim, 64, .5, 1)
	q, err := Train(b.Context(), x, dim, Config{WarmUp: 1, Epochs: 1})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("kernels", func(b *testing.B) {
		var s step
		b.ReportAllocs()
		for b.Loop() {
			if _, err := q.gradients(&s, x, .25); err != nil {
				b.Fatal(err)
			}
			for _, l := range q.layers() {
				l.Step(1e-3, 0)
			}
		}
	})
	b.Run("graph", func(b *testing.B) {
		loss, err := graphLoss(8+q.Levels, .25)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			var in []*tensors.Tensor
			for _, l := range q.layers() {
				in = append(in, tensors.FromFlatDataAndDimensions(l.W, l.In, l.Out), tensors.FromFlatDataAndDimensions(l.B, 1, l.Out))
			}
			for l := range q.Levels {
				in = append(in, tensors.FromFlatDataAndDimensions(q.level(l), q.Codes, q.Dim))
			}
			if _, _, err := loss.Call(append(in, tensors.FromFlatDataAndDimensions(x, 256, dim))...); err != nil {
				b.Fatal(err)
			}
		}
	})
}
