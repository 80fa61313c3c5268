package attrib

import (
	"context"
	"fmt"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"github.com/offprint/offprint/lab/plot"
	"github.com/offprint/offprint/methods/attrib/unlearn"
	"github.com/offprint/offprint/methods/random"
)

// rival is a method with the settings that it is tried with.
type rival struct {
	name     string
	settings []setting
}

type setting func(ctx context.Context, m unlearn.Model, e unlearn.Examples, forget []int, seed uint64) error

// rivals take 100 steps with a falling rate, the ascent alone 5. Of each one's
// settings the best is taken by the very measure that it is then reported with, a
// favour, for nobody could choose so: for all groups at once, as DMM has one
// setting for all, and for each group.
func rivals() []rival {
	fineTune, both, scrub := rival{name: forgetFineTune}, rival{name: forgetBoth}, rival{name: forgetSCRUB}
	for _, rate := range []float64{.1, .2} {
		fineTune.settings = append(fineTune.settings, func(ctx context.Context, m unlearn.Model, e unlearn.Examples, forget []int, seed uint64) error {
			return unlearn.FineTune(ctx, m, e, forget, unlearn.Options{Rate: rate, Falls: true, Seed: seed})
		})
	}
	for _, weight := range []float64{.01, .02} {
		both.settings = append(both.settings, func(ctx context.Context, m unlearn.Model, e unlearn.Examples, forget []int, seed uint64) error {
			return unlearn.DescendAscend(ctx, m, e, forget, unlearn.Options{Rate: .03, Falls: true, Ascent: weight, Seed: seed})
		})
	}
	for _, rate := range []float64{.03, .1} {
		scrub.settings = append(scrub.settings, func(ctx context.Context, m unlearn.Model, e unlearn.Examples, forget []int, seed uint64) error {
			return unlearn.SCRUB(ctx, m, e, forget, unlearn.SCRUBOptions{Options: unlearn.Options{Rate: rate, Falls: true, Seed: seed}, Away: .3})
		})
	}
	ascent := rival{forgetAscent, []setting{func(ctx context.Context, m unlearn.Model, e unlearn.Examples, forget []int, seed uint64) error {
		return unlearn.Ascend(ctx, m, e, forget, unlearn.Options{Steps: 5, Rate: .01, Seed: seed})
	}}}
	return []rival{fineTune, both, scrub, ascent}
}

// group forgets one group with all methods.
func (u *unlearningRun) group(ctx context.Context, name string, from, share float64) error {
	forget, retain, err := u.forget(name)
	if err != nil {
		return err
	}
	g := &forgetting{unlearningRun: u, name: name, forget: forget, retain: retain}
	u.says(from, "%s: retraining without it", name)
	oracles, err := u.models(ctx, retain, random.Mix(2, u.seed))
	if err != nil {
		return err
	}
	outputs, err := u.outputs(oracles)
	if err != nil {
		return err
	}
	if g.oracle, err = u.margins(outputs); err != nil {
		return err
	}
	if err := g.change(outputs); err != nil {
		return err
	}

	if g.draw && name == drawnGroup {
		g.drawn = append(g.drawn, g.curve("retrained", g.oracle))
	}
	if err := g.keep(forgetNothing, 0, u.logits); err != nil {
		return err
	}
	if u.Broken == "" && name == drawnGroup {
		again, err := u.models(ctx, retain, random.Mix(3, u.seed))
		if err != nil {
			return err
		}
		outputs, err := u.outputs(again)
		if err != nil {
			return err
		}
		if err := g.keep(forgetFloor, 0, outputs); err != nil {
			return err
		}
	}
	u.says(from+.5*share, "%s: forgetting by DMM", name)
	dmm := func(ctx context.Context, m unlearn.Model, e unlearn.Examples, forget []int, seed uint64) error {
		return unlearn.DMM(ctx, m, e, u.data, forget, unlearn.Options{Seed: seed})
	}
	if err := g.try(ctx, rival{forgetDMM, []setting{dmm}}, 0); err != nil {
		return err
	}
	if u.Broken != "" {
		return nil
	}
	removed, err := u.data.Removed(forget)
	if err != nil {
		return err
	}
	direct := make([][]float32, len(u.logits))
	for i, z := range u.logits {
		direct[i] = slices.Clone(z)
		for k := range z {
			direct[i][k] -= float32(removed[k])
		}
	}
	if err := g.keep(forgetDirect, 0, direct); err != nil {
		return err
	}
	for i, v := range rivals() {
		u.says(from+share*(.6+.1*float64(i)), "%s: forgetting by %s", name, v.name)
		if err := g.try(ctx, v, smallDecay); err != nil {
			return err
		}
	}
	return nil
}

// forgetting is the forgetting of one group.
type forgetting struct {
	*unlearningRun
	name           string
	forget, retain []int
	oracle         *mat.Dense // margins [models x images] of networks retrained without it
}

// change compares the change of the logits that the datamodel predicts for the
// forgotten images with the true one, the mean of the networks.
func (g *forgetting) change(oracles [][]float32) error {
	removed, err := g.data.Removed(g.forget)
	if err != nil {
		return err
	}
	var predicted, truth []float64
	for _, i := range g.forget {
		for k := i * classes; k < (i+1)*classes; k++ {
			d := 0.
			for m, z := range oracles {
				d += float64(z[k]-g.logits[m][k]) / float64(len(oracles))
			}
			predicted, truth = append(predicted, -removed[k]), append(truth, d)
		}
	}
	g.changes[g.name] = stat.Correlation(predicted, truth, nil)
	return nil
}

// keep keeps the KLoM of networks, given the logits of all images, for a variant
// and one of its settings.
func (g *forgetting) keep(variant string, setting int, logits [][]float32) error {
	margins, err := g.margins(logits)
	if err != nil {
		return err
	}
	k, err := g.measure(margins)
	if err != nil {
		return err
	}
	for len(g.found[variant]) <= setting {
		g.found[variant] = append(g.found[variant], outcome{})
	}
	g.found[variant][setting][g.name] = k
	// Of fine-tuning the second setting, the better one.
	if g.draw && g.name == drawnGroup && (variant == forgetNothing || variant == forgetDMM || variant == forgetFineTune && setting == 1) {
		g.drawn = append(g.drawn, g.curve(variant, margins))
	}
	return nil
}

// try applies a method with each of its settings to all networks. The weights
// decay as they are told.
func (g *forgetting) try(ctx context.Context, v rival, decay float64) error {
	for i, apply := range v.settings {
		logits := make([][]float32, len(g.trained))
		err := each(ctx, len(g.trained), func(k int) error {
			m := g.trained[k].clone(decay)
			if err := apply(ctx, m, g.examples, g.forget, random.Mix(uint64(k), g.seed)); err != nil {
				return err
			}
			var err error
			logits[k], err = m.Logits(g.all)
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", v.name, err)
		}
		if err := g.keep(v.name, i, logits); err != nil {
			return err
		}
	}
	return nil
}

// measure returns the 95th percentiles of KLoM of the three parts.
func (g *forgetting) measure(margins *mat.Dense) ([]float64, error) {
	all, err := unlearn.KLoM(margins, g.oracle, unlearn.Bins)
	if err != nil {
		return nil, err
	}
	var of [3][]float64
	for _, i := range g.forget {
		of[0] = append(of[0], all[i])
	}
	for _, i := range g.retain {
		of[1] = append(of[1], all[i])
	}
	of[2] = all[g.fit.Len():]
	out := make([]float64, len(of))
	for p, v := range of {
		slices.Sort(v)
		out[p] = stat.Quantile(.95, stat.LinInterp, v, nil)
	}
	return out, nil
}

// curve is the distribution of the forgotten images' mean margin over networks.
func (g *forgetting) curve(name string, margins *mat.Dense) plot.Series {
	models, _ := margins.Dims()
	values := make([]float64, models)
	for m := range values {
		for _, i := range g.forget {
			values[m] += margins.At(m, i) / float64(len(g.forget))
		}
	}
	slices.Sort(values)
	s := plot.Series{Name: name, Method: name == forgetDMM}
	for i, v := range values {
		s.X, s.Y = append(s.X, v), append(s.Y, (float64(i)+.5)/float64(models))
	}
	return s
}
