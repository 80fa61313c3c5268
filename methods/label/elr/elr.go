// Package elr trains classifiers on labels of which some are wrong, without
// knowing which (Liu, Niles-Weed, Razavian and Fernandez-Granda, "Early-Learning
// Regularization Prevents Memorization of Noisy Labels", 2020, arXiv:2007.00151).
// A network learns the right labels first and memorises the wrong ones later. The
// loss keeps a running average of the network's predictions for each training
// example, and adds a term that pulls the output towards it.
//
// For example i with logits z, p = softmax(z) and one-hot label y,
//
//	T_i <- beta T_i + (1 - beta) p,   without a gradient,                      (1)
//	L_i = CE(z, y) + lambda log(1 - <T_i, p>),                                (2)
//	dL_i/dz_c = p_c - y_c + lambda p_c (<T_i, p> - T_ic) / (1 - <T_i, p>).     (3)
//
// Targets T start at 0, so that nothing is changed early on. Where T_i is sure of
// a class that the label is not, the second part of (3) cancels p - y; where both
// agree, it keeps the gradient from vanishing. A cross-entropy to T would not: its
// gradient is 0 at p = T.
//
// [Loss] has this by hand, for any network that hands out logits and takes their
// gradient; [GraphLoss] for networks that are GoMLX graphs. ELR+, the variant
// with two networks, is made of [Loss.Update] with the other network's averaged
// weights ([Average]) and [Loss.Mixed].
package elr

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// least is the bound that keeps the logarithm in (2) finite: p is held within
// least and 1 - least, as in the authors' code.
const least = 1e-4

// Loss is the loss (2) with its targets.
type Loss struct {
	Lambda float64 // strength of the second term; 0 is cross-entropy. The authors' 3 suits 10 classes, 7 a hundred
	Beta   float64 // share of a target that is kept in a step: .7, and .9 for a hundred classes

	classes int
	targets []float64 // T [n x classes]
}

// New returns a loss for n training examples, with targets of 0.
func New(n, classes int, lambda, beta float64) (*Loss, error) {
	if n < 1 || classes < 2 || !(lambda >= 0) || math.IsInf(lambda, 1) || !(beta >= 0 && beta < 1) {
		return nil, fmt.Errorf("elr: %d examples of %d classes, lambda %v, beta %v", n, classes, lambda, beta)
	}
	return &Loss{Lambda: lambda, Beta: beta, classes: classes, targets: make([]float64, n*classes)}, nil
}

// Target returns the target of training example i [classes]: the loss's own. Its
// sum is 1 - beta^k after k visits.
func (l *Loss) Target(i int) []float64 {
	return l.targets[i*l.classes : (i+1)*l.classes]
}

// Batch moves the targets of the training examples with the numbers rows [b] by
// (1), returns the mean loss (2) of their logits [b x classes] and labels [b], and
// sets grad [b x classes] to its gradient. Rows are the examples' own numbers,
// whatever the order that they come in.
func (l *Loss) Batch(rows []int, logits []float32, labels []int, grad []float32) (float64, error) {
	if err := l.Update(rows, logits); err != nil {
		return 0, err
	}
	return l.Mixed(rows, Mix{Share: 1}, logits, labels, grad)
}

// Update moves the targets of training examples by (1) alone. The logits may be
// those of another network.
func (l *Loss) Update(rows []int, logits []float32) error {
	if err := l.check(rows, logits); err != nil {
		return err
	}
	p := make([]float64, l.classes)
	for b, i := range rows {
		softmax(p, logits[b*l.classes:(b+1)*l.classes])
		sum := 0.
		for c, v := range p {
			p[c] = min(max(v, least), 1-least)
			sum += p[c]
		}
		for c, t := range l.Target(i) {
			l.Target(i)[c] = l.Beta*t + (1-l.Beta)*p[c]/sum
		}
	}
	return nil
}

// Mixed returns the mean loss (2) of logits [b x classes] of mixed examples, with
// labels and targets mixed alike, and sets grad [b x classes] to its gradient.
// Targets stay.
func (l *Loss) Mixed(rows []int, m Mix, logits []float32, labels []int, grad []float32) (float64, error) {
	if err := l.check(rows, logits); err != nil {
		return 0, err
	}
	if len(labels) != len(rows) || len(grad) != len(logits) {
		return 0, fmt.Errorf("elr: %d labels and %d gradients of %d examples of %d classes", len(labels), len(grad), len(rows), l.classes)
	}
	for b, y := range labels {
		if y < 0 || y >= l.classes {
			return 0, fmt.Errorf("elr: label %d of example %d is not within 0..%d", y, rows[b], l.classes-1)
		}
	}
	if err := m.check(len(rows)); err != nil {
		return 0, err
	}
	p, g, t := make([]float64, l.classes), make([]float64, l.classes), make([]float64, l.classes)
	loss := 0.
	for b, i := range rows {
		z := logits[b*l.classes : (b+1)*l.classes]
		out := grad[b*l.classes : (b+1)*l.classes]
		lse := softmax(p, z)
		y, other, share := labels[b], labels[b], 1.
		copy(t, l.Target(i))
		if m.Share < 1 {
			other, share = labels[m.With[b]], m.Share
			for c, v := range l.Target(rows[m.With[b]]) {
				t[c] = share*t[c] + (1-share)*v
			}
		}
		loss += lse - share*float64(z[y]) - (1-share)*float64(z[other])
		copy(g, p)
		g[y] -= share
		g[other] -= 1 - share
		if l.Lambda != 0 {
			loss += l.Lambda * regulariser(p, t, l.Lambda, g)
		}
		for c, v := range g {
			out[c] = float32(v / float64(len(rows)))
		}
	}
	return loss / float64(len(rows)), nil
}

// regulariser returns log(1 - <t, p>) with p held within its bounds, and adds
// lambda times its gradient in the logits to g.
func regulariser(p, t []float64, lambda float64, g []float64) float64 {
	inside := 0.
	for c, v := range p {
		inside += t[c] * min(max(v, least), 1-least)
	}
	// dp_c is nothing where p_c is at a bound; then back through the softmax.
	dp := func(c int) float64 {
		if p[c] < least || p[c] > 1-least {
			return 0
		}
		return -t[c] / (1 - inside)
	}
	mean := 0.
	for c, v := range p {
		mean += v * dp(c)
	}
	for c, v := range p {
		g[c] += lambda * v * (dp(c) - mean)
	}
	return math.Log(1 - inside)
}

// softmax sets p to softmax(z) and returns the logarithm of the sum of
// exponentials.
func softmax(p []float64, z []float32) float64 {
	top := float64(slices.Max(z))
	sum := 0.
	for c, v := range z {
		p[c] = math.Exp(float64(v) - top)
		sum += p[c]
	}
	for c := range p {
		p[c] /= sum
	}
	return top + math.Log(sum)
}

func (l *Loss) check(rows []int, logits []float32) error {
	if len(rows) == 0 || len(logits) != len(rows)*l.classes {
		return fmt.Errorf("elr: %d logits of %d examples of %d classes", len(logits), len(rows), l.classes)
	}
	for _, i := range rows {
		if i < 0 || (i+1)*l.classes > len(l.targets) {
			return fmt.Errorf("elr: example %d of %d", i, len(l.targets)/l.classes)
		}
	}
	for k, z := range logits {
		if math.IsNaN(float64(z)) || math.IsInf(float64(z), 0) {
			return fmt.Errorf("elr: a logit of example %d is %v", rows[k/l.classes], z)
		}
	}
	return nil
}

// Suspect is a training example whose label the network distrusts.
type Suspect struct {
	Example int
	Class   int     // which it takes it for
	Margin  float64 // by how much more: the difference of the targets, up to 1
}

// Suspects returns the training examples whose targets prefer another class to
// their label [n] by more than a margin, the worst first.
func (l *Loss) Suspects(labels []int, margin float64) ([]Suspect, error) {
	if len(labels)*l.classes != len(l.targets) {
		return nil, fmt.Errorf("elr: %d labels of %d examples", len(labels), len(l.targets)/l.classes)
	}
	var out []Suspect
	for i, y := range labels {
		if y < 0 || y >= l.classes {
			return nil, fmt.Errorf("elr: label %d of example %d is not within 0..%d", y, i, l.classes-1)
		}
		t := l.Target(i)
		best := slices.Index(t, slices.Max(t))
		if m := t[best] - t[y]; best != y && m > margin {
			out = append(out, Suspect{i, best, m})
		}
	}
	slices.SortStableFunc(out, func(a, b Suspect) int { return cmp.Compare(b.Margin, a.Margin) })
	return out, nil
}
