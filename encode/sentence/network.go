package sentence

import "math"

// network is a stack of transformer blocks of the kind of BERT: bidirectional
// attention, norms after the parts.
//
// It is written by hand: the same network as a GoMLX graph takes 170 ms of a
// processor for a text of 200 tokens (6 layers of 384), this 65, since GoMLX's
// exponentials and activations are scalar, and it need not be compiled again for
// each length of text.
type network struct {
	dim, heads int
	words      []float32 // [tokens x dim]
	places     []float32 // [longest text x dim], that of the first token's place first
	norm       layerNorm
	blocks     []block
	near       []float32 // of relative positions, [heads x buckets]; nil if there is none
	act        func([]float32)
}

// block is a layer: attention, then a perceptron for each token.
type block struct {
	qkv      matrix // queries, already divided by the root of a head's width, keys, values
	out      matrix
	outNorm  layerNorm
	up, down matrix
	norm     layerNorm
}

// rowsAtOnce is how many tokens go through a product before the next: so many that
// the weights are read rarely and what comes out stays in the cache.
const rowsAtOnce = 120

// work has what a text needs while it goes through the blocks.
type work struct {
	qkv, context []float32 // [tokens x 3 dim], [tokens x dim]
	scores       []float32 // [rowsAtOnce x tokens, filled up to panels]
	mixed, inner []float32 // [rowsAtOnce x dim], [rowsAtOnce x inner]
	keys, values matrix    // of a head
}

// encode returns the tokens' vectors [tokens x dim] after the first n blocks.
func (net *network) encode(ids []int32, n int) []float32 {
	h := make([]float32, len(ids)*net.dim)
	for i, id := range ids {
		row, place := h[i*net.dim:(i+1)*net.dim], net.places[i*net.dim:]
		sum := float32(0)
		for k, v := range net.words[int(id)*net.dim : (int(id)+1)*net.dim] {
			row[k] = v + place[k]
			sum += row[k]
		}
		net.norm.apply(row, sum/float32(net.dim))
	}
	w := net.newWork(len(ids))
	for i := range net.blocks[:n] {
		b := &net.blocks[i]
		b.qkv.rows(w.qkv, h)
		for head := range net.heads {
			net.attend(w, head, len(ids))
		}
		b.finish(h, w.context, w, net.act)
	}
	return h
}

func (net *network) newWork(tokens int) *work {
	head, inner := net.dim/net.heads, net.blocks[0].up.out
	rows := min(tokens, rowsAtOnce)
	return &work{
		qkv:     make([]float32, tokens*3*net.dim),
		context: make([]float32, tokens*net.dim),
		scores:  make([]float32, rows*panels(tokens)*panel),
		mixed:   make([]float32, rows*net.dim),
		inner:   make([]float32, rows*inner),
		keys:    matrix{in: head, out: tokens, packed: make([]float32, panels(tokens)*panel*head)},
		values:  matrix{in: tokens, out: head, packed: make([]float32, panels(head)*panel*tokens)},
	}
}

// attend sets a head's columns of the context.
func (net *network) attend(w *work, head, tokens int) {
	width, ld := net.dim/net.heads, 3*net.dim
	at := head * width
	w.keys.packRows(w.qkv[net.dim+at:], ld)
	w.values.packColumns(w.qkv[2*net.dim+at:], ld)
	lds := panels(tokens) * panel
	for from := 0; from < tokens; from += rowsAtOnce {
		n := min(rowsAtOnce, tokens-from)
		w.keys.times(w.scores, lds, w.qkv[from*ld+at:], ld, n)
		for i := range n {
			row := w.scores[i*lds : (i+1)*lds]
			if net.near != nil {
				net.addNear(row[:tokens], head, from+i)
			}
			softmax(row, tokens)
		}
		w.values.times(w.context[from*net.dim+at:], net.dim, w.scores, lds, n)
	}
}

// finish does what follows the attention in a block, to rows h with their contexts.
func (b *block) finish(h, context []float32, w *work, act func([]float32)) {
	dim, inner := b.out.out, b.up.out
	for from := 0; from < len(h)/dim; from += rowsAtOnce {
		n := min(rowsAtOnce, len(h)/dim-from)
		x, mixed, up := h[from*dim:(from+n)*dim], w.mixed[:n*dim], w.inner[:n*inner]
		b.out.times(mixed, dim, context[from*dim:], dim, n)
		b.outNorm.add(x, mixed)
		b.up.times(up, inner, x, dim, n)
		act(up)
		b.down.times(mixed, dim, up, inner, n)
		b.norm.add(x, mixed)
	}
}

// rows is times for whole matrices, some rows at once.
func (m matrix) rows(y, x []float32) {
	for from := 0; from < len(x)/m.in; from += rowsAtOnce {
		n := min(rowsAtOnce, len(x)/m.in-from)
		m.times(y[from*m.out:], m.out, x[from*m.in:], m.in, n)
	}
}

// buckets of relative positions, and the distance that the last ones begin before.
const (
	nearBuckets = 32
	farthest    = 128
)

// addNear adds to the scores of token i with all tokens what a head has learned for
// their distances.
func (net *network) addNear(scores []float32, head, i int) {
	values := net.near[head*nearBuckets : (head+1)*nearBuckets]
	for j := range scores {
		scores[j] += values[bucket(j-i)]
	}
}

// bucket is the class of a relative position: 16 for each side, one each for the
// distances up to 7, then ever wider ones (Raffel et al., "Exploring the Limits of
// Transfer Learning", 2020, arXiv:1910.10683, as MPNet has them).
func bucket(distance int) int {
	if distance > 0 {
		return nearBuckets/2 + sideBuckets[min(distance, farthest)]
	}
	return sideBuckets[min(-distance, farthest)]
}

var sideBuckets = func() (b [farthest + 1]int) {
	const exact = nearBuckets / 4
	for d := range b {
		b[d] = d
		if d >= exact {
			// In float32, as where the models are trained: it decides at powers of 2.
			x := float32(math.Log(float64(float32(d)/exact))) / float32(math.Log(farthest/exact)) * exact
			b[d] = min(exact+int(x), nearBuckets/2-1)
		}
	}
	return b
}()
