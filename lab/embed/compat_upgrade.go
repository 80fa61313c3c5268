package embed

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/embed/bag"
	"github.com/offprint/offprint/methods/embed/compat"
	"github.com/offprint/offprint/methods/embed/contrast"
	"github.com/offprint/offprint/methods/lowrank"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/sparse"
	"github.com/offprint/offprint/methods/train"
	"github.com/offprint/offprint/methods/vector"
)

// The second half of the reproduction of Compat is what a service asks: a text
// encoder was trained on half of the pairs, a new one on all, and the stored
// abstracts are those of the old one. There are no classes, so there is no
// simplex: only HOC, for which each pair is a class of its own. Near duplicates
// (TF-IDF cosine above .8) would be wrong negatives, but there are only two such
// pairs among the 6,000 abstracts. Both encoders have the same vocabulary.
const upgradeDim = 64

// Names of the rows and their metrics.
const (
	upgradeOld     = "old encoder"
	upgradeFree    = "new encoder, free"
	upgradeRotated = "new encoder, free, then rotated"
	upgradeStarted = "new encoder, from the old weights"
	upgradeHOC     = "new encoder, HOC"
	upgradeHalf    = "new encoder, HOC, lambda .5"
	upgradeL2      = "new encoder, L2, lambda .5"

	metricCross = "MRR, old documents"
	metricNew   = "MRR, own documents"
)

// upgrades is the bed with what the encoders start from.
type upgrades struct {
	bed                *pairs
	half               int        // pairs that the old encoder is trained on
	oldBasis, newBasis *mat.Dense // LSA of the abstracts that each is trained on
	target             []int
}

func newUpgrades(ctx context.Context, w window) (*upgrades, error) {
	bed, err := loadPairs(ctx, w)
	if err != nil {
		return nil, err
	}
	u := &upgrades{bed: bed, half: bed.TrainD.Rows / 2, target: make([]int, bed.TestQ.Rows)}
	for i := range u.target {
		u.target[i] = i
	}
	if u.newBasis, err = bed.lsa(ctx, upgradeDim); err != nil {
		return nil, err
	}
	_, _, u.oldBasis, err = lowrank.SVD(ctx, head(bed.TrainD, u.half), upgradeDim, random.New(0, 15))
	return u, err
}

// head is the first rows of a matrix.
func head(x *sparse.Matrix, rows int) *sparse.Matrix {
	n := x.RowPtr[rows]
	return &sparse.Matrix{Rows: rows, Cols: x.Cols, RowPtr: x.RowPtr[:rows+1], Col: x.Col[:n], Val: x.Val[:n]}
}

// rotated returns an encoder that starts as LSA in a random rotation, so that
// versions do not agree by accident.
func rotated(basis *mat.Dense, rng *rand.Rand) (*bag.Encoder, error) {
	normal := mat.NewDense(upgradeDim, upgradeDim, nil)
	for i := range upgradeDim {
		for j := range upgradeDim {
			normal.Set(i, j, rng.NormFloat64())
		}
	}
	var qr mat.QR
	qr.Factorize(normal)
	var q, v mat.Dense
	qr.QTo(&q)
	v.Mul(basis, &q)
	return bag.FromBasis(&v, upgradeDim, 4)
}

// upgrade is a way to train the new encoder.
type upgrade struct {
	name    string
	lambda  float64 // share of the task's loss
	tie     func(zOld, zNew, labels *graph.Node) *graph.Node
	epochs  int
	fromOld bool
}

func hoc(zOld, zNew, labels *graph.Node) *graph.Node {
	return compat.HOC(zOld, zNew, labels, compat.Mu, true)
}

var upgradeRows = []upgrade{
	{name: upgradeHOC, lambda: compat.Lambda, tie: hoc},
	{name: upgradeFree, lambda: 1},
	{name: upgradeStarted, lambda: 1, epochs: 4, fromOld: true},
	{name: upgradeHalf, lambda: .5, tie: hoc},
	{name: upgradeL2, lambda: .5, tie: func(zOld, zNew, _ *graph.Node) *graph.Node {
		return graph.MulScalar(compat.L2(zOld, zNew), 10)
	}},
}

// loss has the inputs titles, abstracts, the abstracts' old directions and
// labels.
func (u upgrade) loss(in []*graph.Node) *graph.Node {
	task := contrast.InfoNCE(in[0], in[1], temperature)
	if u.tie == nil {
		return task
	}
	return compat.Combine(task, u.tie(in[2], contrast.Normalize(in[1]), in[3]), u.lambda)
}

// upgrades trains an old encoder, and the new ones of a seed.
func (c *compatRun) upgrades(ctx context.Context, seed uint64, progress func(done float64, what string)) error {
	rows := upgradeRows
	if c.Broken != "" {
		rows = rows[:1]
	}
	u, runs := c.texts, float64(len(rows)+1)
	fit := func(i int, enc *bag.Encoder, up upgrade, recipe pairRecipe) error {
		loss, err := train.NewLoss(2, up.loss)
		if err != nil {
			return err
		}
		return u.bed.fit(ctx, enc, loss, recipe, seed, func(done float64) { progress((float64(i)+done)/runs, up.name) })
	}
	old, err := rotated(u.oldBasis, random.New(seed, 1510))
	if err != nil {
		return err
	}
	recipe := usualRecipe
	recipe.Rows = u.half
	if err := fit(0, old, upgrade{name: upgradeOld}, recipe); err != nil {
		return err
	}
	oldQ, oldD, err := u.bed.test(old)
	if err != nil {
		return err
	}
	stored, err := u.bed.trained(old)
	if err != nil {
		return err
	}
	anchor := make([]int, u.bed.TrainD.Rows)
	for i := range anchor {
		anchor[i] = i
	}
	if c.Is("shuffled-anchors") {
		anchor = random.New(seed, 1530).Perm(len(anchor))
	}
	if err := c.report(upgradeOld, seed, oldQ, oldQ, oldD, oldD); err != nil {
		return err
	}

	for i, up := range rows {
		enc, err := rotated(u.newBasis, random.New(seed, 1520))
		if err != nil {
			return err
		}
		recipe := usualRecipe
		if up.fromOld {
			copy(enc.E, old.E)
			recipe.Epochs = up.epochs
		}
		if up.tie != nil {
			recipe.Constants = anchors(stored, anchor)
		}
		if err := fit(i+1, enc, up, recipe); err != nil {
			return fmt.Errorf("%s: %w", up.name, err)
		}
		q, d, err := u.bed.test(enc)
		if err != nil {
			return err
		}
		if err := c.report(up.name, seed, oldQ, q, oldD, d); err != nil {
			return err
		}
		if up.name != upgradeFree {
			continue
		}
		own, err := u.bed.trained(enc)
		if err != nil {
			return err
		}
		rotate, err := compat.Procrustes(own, stored, upgradeDim)
		if err != nil {
			return err
		}
		if err := c.report(upgradeRotated, seed, oldQ, apply(q, rotate), oldD, apply(d, rotate)); err != nil {
			return err
		}
	}
	return nil
}

// trained returns the directions of the training abstracts.
func (p *pairs) trained(enc *bag.Encoder) ([]float32, error) {
	z, err := enc.Encode(p.TrainD)
	if err != nil {
		return nil, err
	}
	vector.NormalizeRows(z, enc.Dim)
	return z, nil
}

// anchors gives a batch the stored vectors of its abstracts, and each abstract a
// label of its own.
func anchors(stored []float32, anchor []int) func(rows []int) []*tensors.Tensor {
	return func(rows []int) []*tensors.Tensor {
		z, labels := make([]float32, 0, len(rows)*upgradeDim), make([]int32, len(rows))
		for i, r := range rows {
			at := anchor[r] * upgradeDim
			z = append(z, stored[at:at+upgradeDim]...)
			labels[i] = int32(r)
		}
		return []*tensors.Tensor{tensors.FromFlatDataAndDimensions(z, len(rows), upgradeDim), tensors.FromFlatDataAndDimensions(labels, len(rows))}
	}
}

func (c *compatRun) report(row string, seed uint64, oldQ, newQ, oldD, newD []float32) error {
	e, err := compat.Evaluate(oldQ, newQ, oldD, newD, upgradeDim, c.texts.target)
	if err != nil {
		return err
	}
	c.Metric(metricCross, row, seed, e.Cross, "")
	c.Metric(metricNew, row, seed, e.New, "")
	return nil
}

func (c *compatRun) checkUpgrades() {
	old, cross := c.Mean(metricCross, upgradeOld), c.Mean(metricCross, upgradeHOC)
	c.AtLeast("texts: MRR on old documents, HOC / old encoder", cross/old, .95)
	c.AtLeast("texts: MRR on own documents, HOC - old encoder", c.Mean(metricNew, upgradeHOC)-old, .005)
	if c.Broken != "" {
		return
	}
	c.AtLeast("texts: MRR on old documents, HOC - rotated", cross-c.Mean(metricCross, upgradeRotated), .15)
	c.AtMost("texts: MRR on old documents, free", c.Mean(metricCross, upgradeFree), .02)
	if l2 := c.Mean(metricCross, upgradeL2); l2 > cross {
		c.Note("The plain squared distance to the old vectors does as well as HOC on texts: %.3f against %.3f on old documents.", l2, cross)
	}
	if cross <= old {
		c.Note("Strict compatibility, a search of the old documents that gets better with the new queries, is missed by %.3f: a switch keeps %.0f%% of what was found, until the documents are encoded again.", old-cross, 100*cross/old)
	}
}
