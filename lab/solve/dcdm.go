package solve

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/methods/solve/dcdm"
)

// DCDM reproduces paper 45: conjugate directions proposed by a network.
var DCDM = lab.Reproduction{
	Slug:  "dcdm",
	Claim: "A small convolutional network, trained without solutions on small empty boxes, proposes directions with which Poisson's equation takes a fraction of the iterations of conjugate gradients, and fewer than with incomplete Cholesky, on grids and domains that it has not seen; orthogonalisation against the last two directions is part of it.",
	State: lab.Partly,
	Missing: "Iterations are a tenth of those of conjugate gradients at every size, but not nearly independent of it: 7, 11 and 26 on 32, 64 and 128 cells a side, a growth with the power .99 of the side as CG's own. " +
		"The paper's gain in time does not show on a CPU: CG is some 30 times as fast on 64 x 64 cells, and multigrid as preconditioner takes fewer iterations as well (6, 7, 8).",
	Method:   dcdmName,
	Package:  "methods/solve/dcdm",
	Time:     25 * time.Second,
	FullTime: 10 * time.Minute,
	Run:      runDCDM,
	Broken: []lab.BrokenVariant{
		{Name: "untrained", What: "The network keeps its random weights."},
		{Name: "no-orthogonalisation", What: "Directions are used as they are proposed."},
	},
}

// Names of the variants.
const (
	dcdmName   = "DCDM"
	plainCG    = "CG"
	icName     = "IC(0)-PCG"
	mgName     = "multigrid-PCG"
	noOrth     = "DCDM, no orthogonalisation"
	oneKept    = "DCDM, one direction kept"
	identity   = "residuals as proposals"
	untrained  = "DCDM, untrained"
	deeperName = "DCDM, four levels"
	reluName   = "DCDM, ReLU"
	ritzName   = "DCDM, Ritz vectors"
)

func systemName(n int, d domain, side string) string {
	return fmt.Sprintf("%d, %s, %s", n, d.name, side)
}
func iterations(system string) string { return "iterations: " + system }
func duration(system string) string   { return "wall-clock time: " + system }

// trainedSide is the larger of the grids of the training.
const trainedSide = 32

// dcdmRun is a run of [DCDM].
type dcdmRun struct {
	*lab.Run
	keep int

	mu     sync.Mutex
	traces map[string]map[string][]float64 // residuals of the first seed, by system and variant
}

// sides are the grids that are measured.
func (d *dcdmRun) sides() []int {
	switch {
	case d.Broken != "":
		return []int{32, 64}
	case d.Full:
		return []int{32, 64, 128, 256}
	}
	return []int{32, 64, 128}
}

func runDCDM(ctx context.Context, r *lab.Run) error {
	d := &dcdmRun{Run: r, keep: 2, traces: map[string]map[string][]float64{}}
	seeds := 3
	if r.Is("no-orthogonalisation") {
		d.keep = 0
	}
	if r.Broken != "" {
		seeds = 1
	}
	if err := r.EachSeed(ctx, seeds, d.seed); err != nil {
		return err
	}
	d.check()
	if r.Broken == "" {
		d.notes()
		d.plots()
	}
	return nil
}

func (d *dcdmRun) seed(ctx context.Context, seed uint64, progress func(float64, string)) error {
	o := dcdm.Options{Seed: seed, OnStep: func(done, _ float64) { progress(.5*done, "training") }}
	if d.Full {
		o.Steps = 500
	}
	if d.Is("untrained") {
		o.Steps = -1
	}
	nets := map[string]*dcdm.Net{}
	var err error
	if nets[dcdmName], err = dcdm.Train(ctx, o); err != nil {
		return err
	}
	if d.Broken == "" {
		if nets[untrained], err = dcdm.Train(ctx, dcdm.Options{Seed: seed, Steps: -1}); err != nil {
			return err
		}
	}
	if d.Full {
		for name, o := range map[string]dcdm.Options{
			deeperName: {Steps: 500, Levels: 4, Grids: []int{32, 64}},
			reluName:   {Steps: 1500, ReLU: true},
			ritzName: {Steps: 500, Samples: func(n int) (dcdm.Sampler, error) {
				p, err := dcdm.NewPoisson(n, nil)
				if err != nil {
					return nil, err
				}
				m := n * n / 3
				return dcdm.RitzSamples(ctx, p, m, m/20, stream(45, seed, "Ritz", n))
			}},
		} {
			o.Seed = seed
			o.OnStep = func(float64, float64) { progress(.5, "training "+name) }
			if nets[name], err = dcdm.Train(ctx, o); err != nil {
				return err
			}
		}
	}
	var systems []system
	add := func(n int, dom domain, side string) error {
		s, err := newSystem(n, dom, side, seed)
		systems = append(systems, s)
		return err
	}
	for _, n := range d.sides() {
		for _, side := range []string{white, bumps} {
			if err := add(n, wholeBox, side); err != nil {
				return err
			}
		}
	}
	for _, dom := range []domain{discOut, cornerL, winding} {
		if err := add(64, dom, white); err != nil {
			return err
		}
	}
	for i, s := range systems {
		progress(.5+.5*float64(i)/float64(len(systems)), s.name)
		if err := d.measure(ctx, seed, s, nets); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// measure solves a system by everything.
func (d *dcdmRun) measure(ctx context.Context, seed uint64, s system, nets map[string]*dcdm.Net) error {
	mg, err := dcdm.NewMultigrid(s.p)
	if err != nil {
		return err
	}
	whiteBox := s.name == systemName(s.p.Grid(), wholeBox, white)
	type variant struct {
		name string
		run  func() (dcdm.Result, error)
	}
	pcg := func(name string, pre dcdm.Direction) variant {
		return variant{name, func() (dcdm.Result, error) { return dcdm.PCG(ctx, s.p, s.b, pre, dcdm.Stop{MaxIter: 2000}) }}
	}
	directions := func(name string, f dcdm.Direction, keep int) variant {
		return variant{name, func() (dcdm.Result, error) { return dcdm.Solve(ctx, s.p, s.b, f, keep, dcdm.Stop{}) }}
	}
	f, err := nets[dcdmName].On(s.p)
	if err != nil {
		return err
	}
	variants := []variant{directions(dcdmName, f, d.keep), pcg(plainCG, dcdm.Identity{})}
	if whiteBox && s.p.Grid() <= 64 {
		variants = append(variants, directions(identity, dcdm.Identity{}, d.keep))
	}
	if d.Broken == "" {
		variants = append(variants, pcg(icName, dcdm.NewIncompleteCholesky(s.p)), pcg(mgName, mg))
		if whiteBox && (s.p.Grid() <= 64 || s.p.Grid() == 128 && seed == d.Seed) { // slow
			variants = append(variants, directions(noOrth, f, 0))
		}
		if whiteBox && s.p.Grid() == 64 {
			variants = append(variants, directions(oneKept, f, 1))
		}
		for _, name := range []string{untrained, deeperName, reluName, ritzName} {
			net, ok := nets[name]
			if !ok || name == untrained && (!whiteBox || s.p.Grid() > trainedSide) {
				continue
			}
			g, err := net.On(s.p)
			if err != nil {
				return err
			}
			variants = append(variants, directions(name, g, d.keep))
		}
	}
	// The first call on a grid builds the graph: not part of a solution's time.
	if err := f.Propose(make([]float64, s.p.Size()), s.b); err != nil {
		return err
	}
	for _, v := range variants {
		start := time.Now()
		r, err := v.run()
		if err != nil {
			return fmt.Errorf("%s: %w", v.name, err)
		}
		took := time.Since(start)
		count := float64(r.Iterations())
		if !r.Converged {
			count++ // more than the most there may be
		}
		d.Metric(iterations(s.name), v.name, seed, count, "")
		if whiteBox && v.name != untrained && v.name != identity {
			d.Metric(duration(s.name), v.name, seed, 1000*took.Seconds(), "ms")
		}
		if seed == d.Seed {
			d.mu.Lock()
			if d.traces[s.name] == nil {
				d.traces[s.name] = map[string][]float64{}
			}
			d.traces[s.name][v.name] = r.Residuals
			d.mu.Unlock()
		}
	}
	return nil
}

// most is the largest over the seeds of a variant's iterations, as a share of
// another's if one is named.
func (d *dcdmRun) most(system, variant, of string) float64 {
	values := slices.Clone(d.Values(iterations(system), variant))
	if of != "" {
		for i, v := range d.Values(iterations(system), of) {
			values[i] /= v
		}
	}
	return slices.Max(values)
}

func (d *dcdmRun) check() {
	for _, c := range []struct {
		n     int
		most  float64
		ofCG  float64
		below bool // incomplete Cholesky
	}{{32, 12, .25, true}, {64, 20, .2, true}, {128, 45, .2, true}} {
		if !slices.Contains(d.sides(), c.n) {
			continue
		}
		for _, side := range []string{white, bumps} {
			s := systemName(c.n, wholeBox, side)
			d.AtMost(s+", every seed: iterations", d.most(s, dcdmName, ""), c.most)
			d.AtMost(s+", every seed: iterations over CG's", d.most(s, dcdmName, plainCG), c.ofCG)
			if c.below && d.Broken == "" {
				d.AtMost(s+", every seed: iterations over those with incomplete Cholesky", d.most(s, dcdmName, icName), .8)
			}
		}
	}
	for _, dom := range []domain{discOut, cornerL, winding} {
		s := systemName(64, dom, white)
		d.AtMost(s+", every seed: iterations over CG's", d.most(s, dcdmName, plainCG), .25)
	}
	for _, n := range []int{32, 64} {
		s := systemName(n, wholeBox, white)
		off := 0.0
		cg := d.Values(iterations(s), plainCG)
		for i, v := range d.Values(iterations(s), identity) {
			off = max(off, v-cg[i], cg[i]-v)
		}
		d.AtMost(s+": residuals as proposals, iterations off CG's by", off, 1)
	}
	if d.Broken != "" {
		return
	}
	s := systemName(trainedSide, wholeBox, white)
	d.AtLeast(s+": iterations of an untrained net", slices.Min(d.Values(iterations(s), untrained)), 301)
	s = systemName(64, wholeBox, white)
	d.AtLeast(s+", every seed: iterations without orthogonalisation over those with", 1/d.most(s, dcdmName, noOrth), 1.5)
	s = systemName(128, wholeBox, white)
	d.AtLeast(s+", one seed: iterations without orthogonalisation over those with", d.Values(iterations(s), noOrth)[0]/d.Values(iterations(s), dcdmName)[0], 2)
}
