package quality

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"github.com/offprint/offprint/collab"
	"github.com/offprint/offprint/methods/attrib/datamodel"
	"github.com/offprint/offprint/methods/attrib/unlearn"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/vector"
)

const (
	forgetVoters  = 30
	forgetCircles = 6
	forgotten     = 3    // readers who go
	forgetError   = 1e-6 // of a score

	// The factors, which are trained by steps, and their datamodel.
	factorPapers = 80 // that most readers voted for
	factorDim    = 8
	factorSteps  = 150
	factorRate   = 1.
	factorSeeds  = 100 // models of each kind
	dataRuns     = 400
	dataShare    = .8
	matchSteps   = 100
	matchRate    = .02
)

// Forgetting deletes readers. What the service has learned is compared with a
// model that never saw them. Beside it stands what the service would need if it
// learned by steps from a random start: factors of papers that forget by datamodel
// matching, compared in distribution with factors trained without those readers
// (KLoM). To train them once more is the floor, to do nothing the ceiling.
func (b *Bench) Forgetting(ctx context.Context) error {
	b.Heading("Forgetting: %d of %d simulated readers", forgotten, forgetVoters)
	e, err := b.newElectorate(ctx)
	if err != nil {
		return err
	}
	if len(e.circles) < forgetCircles {
		b.Note("too few authors have written several papers", "")
		return nil
	}
	voters := e.voters(forgetVoters, forgetCircles, random.New(e.Seed, 59))
	if err := e.forgetExactly(ctx, voters); err != nil {
		return err
	}
	return e.forgetFactors(ctx, voters)
}

// forgetExactly looks at the model of package collab. The first voters go.
func (e *electorate) forgetExactly(ctx context.Context, voters []voter) error {
	with, err := e.model(ctx, voters, true)
	if err != nil {
		return err
	}
	without := with
	for r := range int64(forgotten) {
		if without, err = without.Forget(ctx, r); err != nil {
			return err
		}
	}
	var stay []collab.Vote
	for u, v := range voters[forgotten:] {
		for _, i := range slices.Concat(v.before, v.early) {
			stay = append(stay, collab.Vote{Reader: int64(forgotten + u), Paper: int64(i)})
		}
	}
	never, err := e.learn(ctx, stay)
	if err != nil {
		return err
	}
	b := e.Bench
	b.Note("what readers have in common: largest difference", "")
	b.Note("  nothing done", fmt.Sprintf("%.2g", e.apart(with, never)))
	left := e.apart(without, never)
	b.Figure("  forgotten", fmt.Sprintf("%.2g", left), fmt.Sprintf("%.0e", forgetError), left <= forgetError)
	return nil
}

// apart is the largest difference in anything that two models tell those who stay.
func (e *electorate) apart(x, y *collab.Model) float64 {
	most := 0.
	for r := forgotten; r < forgetVoters; r++ {
		told := func(m *collab.Model) []float64 {
			t := m.Taste(int64(r))
			all := make([]float64, 2*len(e.Papers))
			for i := range e.Papers {
				all[i] = float64(t.Votes(int64(i)))
			}
			for _, x := range t.Examples(len(e.Papers)) {
				all[len(e.Papers)+int(x.Paper)] = float64(x.Weight)
			}
			return all
		}
		s := told(y)
		for i, v := range told(x) {
			most = max(most, math.Abs(v-s[i]))
		}
	}
	return most
}

// factors score papers for a reader from their votes x, by z = V W^T x. They are
// trained to the share of the votes that each paper has. With the votes as inputs
// they score a reader whom they have not seen, too.
type factors struct {
	w, v   []float32 // [papers x factorDim]
	papers int
}

func newFactors(papers int, rng *rand.Rand) *factors {
	f := &factors{w: make([]float32, papers*factorDim), v: make([]float32, papers*factorDim), papers: papers}
	random.Normal(rng, f.w, .3)
	random.Normal(rng, f.v, .3)
	return f
}

// hidden is x W for rows of votes.
func (f *factors) hidden(x []float32) []float32 {
	h := make([]float32, len(x)/f.papers*factorDim)
	vector.MulAdd(h, x, f.w, f.papers, factorDim)
	return h
}

// Logits implements [unlearn.Model].
func (f *factors) Logits(x []float32) ([]float32, error) {
	h := f.hidden(x)
	z := make([]float32, len(x))
	for r := range len(x) / f.papers {
		for p := range f.papers {
			z[r*f.papers+p] = vector.Dot(h[r*factorDim:(r+1)*factorDim], f.v[p*factorDim:(p+1)*factorDim])
		}
	}
	return z, nil
}

// Step implements [unlearn.Model].
func (f *factors) Step(x []float32, lr float64, gradient func(logits []float32)) error {
	z, err := f.Logits(x)
	if err != nil {
		return err
	}
	gradient(z)
	h := f.hidden(x)
	dh, dv, dw := make([]float32, len(h)), make([]float32, len(f.v)), make([]float32, len(f.w))
	vector.MulAdd(dh, z, f.v, f.papers, factorDim)
	vector.MulAddTrans(dv, z, h, f.papers, factorDim)
	vector.MulAddTrans(dw, x, dh, f.papers, factorDim)
	vector.AddScaled(f.v, -float32(lr), dv)
	vector.AddScaled(f.w, -float32(lr), dw)
	return nil
}

// trainFactors trains on rows of votes.
func trainFactors(ctx context.Context, x []float32, papers int, seed uint64) (*factors, error) {
	f := newFactors(papers, random.New(seed, 592))
	for range factorSteps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := f.Step(x, factorRate, func(z []float32) {
			for r := 0; r < len(z); r += papers {
				votes := x[r : r+papers]
				share := z[r : r+papers]
				softmax(share)
				for p, v := range votes {
					share[p] -= v * v // rows have length 1: squares of votes are shares
					share[p] *= float32(papers) / float32(len(z))
				}
			}
		}); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func softmax(z []float32) {
	top, sum := slices.Max(z), float32(0)
	for i, v := range z {
		z[i] = float32(math.Exp(float64(v - top)))
		sum += z[i]
	}
	for i := range z {
		z[i] /= sum
	}
}

// forgetFactors measures datamodel matching. The first voters go.
func (e *electorate) forgetFactors(ctx context.Context, voters []voter) error {
	b := e.Bench
	x, papers := votesOfMany(voters)
	n := forgetVoters
	train := func(ctx context.Context, x []float32, seed uint64) (*factors, error) {
		return trainFactors(ctx, x, papers, seed)
	}
	start := time.Now()
	runs, err := datamodel.Sample(ctx, n, dataRuns, dataShare, e.Seed, func(ctx context.Context, subset []int, seed uint64) ([]float64, error) {
		var some []float32
		for _, r := range subset {
			some = append(some, x[r*papers:(r+1)*papers]...)
		}
		f, err := train(ctx, some, seed)
		if err != nil {
			return nil, err
		}
		z, err := f.Logits(x)
		out := make([]float64, len(z))
		for i, v := range z {
			out[i] = float64(v)
		}
		return out, err
	}, nil)
	if err != nil {
		return err
	}
	lambdas := []float64{.01, .03, .1, .3, 1, 3}
	explained, err := datamodel.Validate(ctx, runs, lambdas, 4)
	if err != nil {
		return err
	}
	best := slices.Index(explained, slices.Max(explained))
	data, err := datamodel.Fit(runs, lambdas[best])
	if err != nil {
		return err
	}
	took := time.Since(start)

	// Margins of each reader's first paper, over models.
	labels := make([]int, n)
	for r := range labels {
		row := x[r*papers : (r+1)*papers]
		labels[r] = slices.Index(row, slices.Max(row))
	}
	gone := make([]int, forgotten)
	for r := range gone {
		gone[r] = r
	}
	margins := make(map[string]*mat.Dense)
	kinds := []struct {
		name   string
		from   int // the first reader that is trained on
		stream uint64
		forget bool
	}{{"nothing done", 0, 1, false}, {"datamodel matching", 0, 1, true}, {"trained once more", forgotten, 2, false}, {"never seen", forgotten, 3, false}}
	var once time.Duration
	for _, k := range kinds {
		m := mat.NewDense(factorSeeds, n, nil)
		for s := range factorSeeds {
			start := time.Now()
			f, err := train(ctx, x[k.from*papers:], random.Mix(uint64(s), e.Seed+k.stream))
			if err != nil {
				return err
			}
			once = time.Since(start)
			if k.forget {
				o := unlearn.Options{Steps: matchSteps, Rate: matchRate, Seed: uint64(s)}
				if err := unlearn.DMM(ctx, f, unlearn.Examples{X: x, Dim: papers}, data, gone, o); err != nil {
					return err
				}
			}
			z, err := f.Logits(x)
			if err != nil {
				return err
			}
			row, err := unlearn.Margins(z, labels)
			if err != nil {
				return err
			}
			m.SetRow(s, row)
		}
		margins[k.name] = m
	}
	b.Note(fmt.Sprintf("factors, trained by steps: KLoM over %d seeds", factorSeeds), "gone stay, mean")
	for _, k := range kinds[:3] {
		klom, err := unlearn.KLoM(margins[k.name], margins["never seen"], unlearn.Bins)
		if err != nil {
			return err
		}
		b.Note("  "+k.name, fmt.Sprintf("%.2f %.2f", stat.Mean(klom[:forgotten], nil), stat.Mean(klom[forgotten:], nil)))
	}
	b.Note("  variance that the datamodel explains", fmt.Sprintf("%.2f", explained[best]))
	b.Note("  time for a datamodel / to train anew", fmt.Sprintf("%.0f", took.Seconds()/once.Seconds()))
	return nil
}

// votesOfMany are rows of length 1 with the voters' votes for those papers that
// most of them voted for.
func votesOfMany(voters []voter) (x []float32, papers int) {
	count := make(map[int]int)
	for _, v := range voters {
		for _, i := range v.before {
			count[i]++
		}
	}
	var most []int
	for i := range count {
		most = append(most, i)
	}
	slices.SortFunc(most, func(a, b int) int {
		if count[a] != count[b] {
			return count[b] - count[a]
		}
		return a - b
	})
	papers = min(factorPapers, len(most))
	x = make([]float32, len(voters)*papers)
	for r, v := range voters {
		row := x[r*papers : (r+1)*papers]
		for p, i := range most[:papers] {
			if slices.Contains(v.before, i) {
				row[p] = 1
			}
		}
		vector.Normalize(row)
	}
	return x, papers
}
