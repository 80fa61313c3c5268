package label

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/plot"
	"github.com/offprint/offprint/methods/label/activelearn"
	"github.com/offprint/offprint/methods/random"
)

// LearnToActivelyLearn reproduces paper 55 on a noisy search for a threshold and
// on a game of 20 questions, both solved exactly.
var LearnToActivelyLearn = lab.Reproduction{
	Slug:     "lal",
	Claim:    "One policy made against an adversary comes near the best loss that any policy can promise for each class of difficulty, for all classes at once and with seven questions: within .02 in a noisy search, and as near as any policy can in a game of 20 questions. Policies made for a prior or by hand promise far less.",
	State:    lab.Reproduced,
	Method:   lalRobust,
	Package:  "methods/label/activelearn",
	Time:     10 * time.Second,
	FullTime: 2 * time.Minute,
	DataSets: []string{"papers"},
	Run:      runLAL,
	Broken: []lab.BrokenVariant{
		{Name: "bayes", What: "the policy is the best on average over the instances, not in the worst case"},
		{Name: "no-offset", What: "the adversary plays for the loss itself, not for the gap to each class's best"},
		{Name: "last-policy", What: "only the last policy of the game is kept, not the mixture"},
	},
}

const (
	lalRobust      = "robust"
	lalBest        = "V, best possible"
	lalHomogeneous = "Bayes, homogeneous prior"
	lalUniform     = "Bayes, uniform prior"
	lalEasy        = "Bayes, easy prior"
	lalRobin       = "round robin"
	lalUncertain   = "uncertainty sampling"
	lalGain        = "information gain"
	lalEliminate   = "successive elimination"
)

// lalOwn is the policy made for a class.
func lalOwn(class string) string { return "made for " + class }

// thresholds is a search for the first of n positions whose answer is yes: the
// answers are 0..n, and a position that is at least the threshold says yes with
// probability (1+d)/2, others with (1-d)/2. Positions next to the threshold, which
// have to be told apart, have one of three gaps d, which is the difficulty; each of
// the others is telling or useless, which misleads whoever trusts it.
func thresholds(n, budget int) (p activelearn.Problem, homogeneous []int) {
	p.Budget = budget
	add := func(threshold int, gap []float64, next float64) {
		row := make([]float64, n)
		for i, d := range gap {
			row[i] = (1 + d) / 2
			if i < threshold {
				row[i] = (1 - d) / 2
			}
		}
		p.P = append(p.P, row)
		p.Truth = append(p.Truth, threshold)
		p.Complexity = append(p.Complexity, 1/(next*next))
	}
	for t := range n + 1 {
		var far []int
		for i := range n {
			if i != t && i != t-1 {
				far = append(far, i)
			}
		}
		for _, next := range lalGaps {
			for pattern := range 1 << len(far) {
				gap := make([]float64, n)
				for i := range gap {
					gap[i] = next
				}
				for k, i := range far {
					gap[i] = .1
					if pattern>>k&1 == 1 {
						gap[i] = .9
					}
				}
				if next == .9 && pattern == 1<<len(far)-1 {
					homogeneous = append(homogeneous, len(p.P))
				}
				add(t, gap, next)
			}
		}
		for _, d := range []float64{.7, .5} {
			homogeneous = append(homogeneous, len(p.P))
			add(t, slices.Repeat([]float64{d}, n), d)
		}
	}
	return p, homogeneous
}

// lalGaps are those of the classes, easy to hard.
var lalGaps = []float64{.9, .7, .5}

// lalBed is a problem with its classes of difficulty and with a prior that a user
// might have, on some of the instances.
type lalBed struct {
	name        string
	problem     activelearn.Problem
	classes     []float64 // complexities
	names       []string  // of the classes
	homogeneous []int
	rounds      int
}

func (b *lalBed) worst(class int) string { return b.name + ", worst loss, " + b.names[class] }
func (b *lalBed) gap() string            { return b.name + ", largest loss above V" }
func (b *lalBed) mean() string           { return b.name + ", mean loss, homogeneous" }

func newThresholds(budget, rounds int) *lalBed {
	b := &lalBed{name: "search", rounds: rounds}
	b.problem, b.homogeneous = thresholds(5, budget)
	for _, d := range lalGaps {
		b.classes = append(b.classes, 1/(d*d))
		b.names = append(b.names, fmt.Sprintf("gaps ≥ %g", d))
	}
	return b
}

func newQuiz(ctx context.Context, budget, rounds int) (b *lalBed, questions []string, err error) {
	b = &lalBed{name: "quiz", rounds: rounds}
	if b.problem, questions, err = quiz(ctx, 6, budget); err != nil {
		return nil, nil, err
	}
	for i := range quizTopics {
		b.homogeneous = append(b.homogeneous, i)
	}
	// What takes more questions than there are is beyond any policy.
	for _, c := range []float64{.7, 1.5, float64(budget)} {
		b.classes = append(b.classes, c)
		b.names = append(b.names, fmt.Sprintf("C ≤ %g", c))
	}
	return b, questions, nil
}

func runLAL(ctx context.Context, r *lab.Run) error {
	const budget = 7
	rounds := 400
	if r.Full {
		rounds = 2000
	}
	if r.Broken != "" {
		rounds = 150
	}
	search := &lalRun{Run: r, lalBed: newThresholds(budget, rounds)}
	r.Progress(.05, "search")
	if err := search.all(ctx); err != nil {
		return err
	}
	search.checkSearch()
	if r.Broken != "" {
		return nil
	}
	search.plot()
	r.Progress(.6, "quiz")
	bed, questions, err := newQuiz(ctx, budget, rounds/2)
	if err != nil {
		return err
	}
	game := &lalRun{Run: r, lalBed: bed}
	if err := game.all(ctx); err != nil {
		return err
	}
	game.checkQuiz()
	game.plot()
	r.Note("The quiz asks for %s, to find out one of %s.", strings.Join(questions, "; "), strings.Join(quizTopics, ", "))
	if r.Full {
		return budgets(ctx, r)
	}
	return nil
}

// lalRun measures strategies on a bed.
type lalRun struct {
	*lab.Run
	*lalBed
	cert *activelearn.Certificate
}

// strategy is a policy or a mixture of some.
type strategy interface {
	Loss(on activelearn.Problem) ([]float64, error)
}

func (r *lalRun) all(ctx context.Context) error {
	game, err := activelearn.NewGame(r.problem)
	if err != nil {
		return err
	}
	robust, cert, err := game.Robust(ctx, r.classes, r.rounds)
	if err != nil {
		return err
	}
	r.cert = cert
	for k, c := range cert.Classes {
		r.Metric(r.worst(k), lalBest, r.Seed, c.Value.Upper, "")
	}
	if r.Broken != "" {
		if robust, err = r.broken(ctx, game, robust); err != nil {
			return err
		}
	}
	if err := r.add(lalRobust, robust); err != nil {
		return err
	}
	for k, c := range cert.Classes {
		if err := r.add(lalOwn(r.names[k]), c.Own); err != nil {
			return err
		}
	}
	if err := r.bayes(game); err != nil {
		return err
	}
	return r.byHand()
}

func (r *lalRun) broken(ctx context.Context, game *activelearn.Game, robust *activelearn.Mixture) (*activelearn.Mixture, error) {
	switch {
	case r.Is("bayes"):
		p, _, err := game.Bayes(weights(r.problem, nil))
		return &activelearn.Mixture{Policies: []*activelearn.Policy{p}}, err
	case r.Is("no-offset"):
		m, _, err := game.Minimax(ctx, nil, nil, r.rounds)
		return m, err
	default:
		return &activelearn.Mixture{Policies: robust.Policies[len(robust.Policies)-1:]}, nil
	}
}

// gapOf is the largest of a strategy's worst losses above V over the classes,
// against the lower bound of V.
func (r *lalRun) gapOf(loss []float64) (gap float64, worst []float64) {
	gap = math.Inf(-1)
	for _, c := range r.cert.Classes {
		w := 0.
		for i, l := range loss {
			if r.problem.Complexity[i] <= c.Complexity {
				w = max(w, l)
			}
		}
		worst = append(worst, w)
		gap = max(gap, w-c.Value.Lower)
	}
	return gap, worst
}

func (r *lalRun) add(name string, s strategy) error {
	loss, err := s.Loss(r.problem)
	if err != nil {
		return err
	}
	gap, worst := r.gapOf(loss)
	for k, w := range worst {
		r.Metric(r.worst(k), name, r.Seed, w, "")
	}
	r.Metric(r.gap(), name, r.Seed, gap, "")
	same := 0.
	for _, i := range r.homogeneous {
		same += loss[i] / float64(len(r.homogeneous))
	}
	r.Metric(r.mean(), name, r.Seed, same, "")
	return nil
}

// weights are 1 for some instances, or for all.
func weights(p activelearn.Problem, rows []int) []float64 {
	w := make([]float64, len(p.P))
	for i := range w {
		if rows == nil || slices.Contains(rows, i) {
			w[i] = 1
		}
	}
	return w
}

// lalTies is how many policies of a kind are made and mixed, each with ties broken
// by chance: in a fixed order they would all favour the same questions, and look
// worse in the worst case than they are.
const lalTies = 20

// bayes adds the policies that are best for a prior.
func (r *lalRun) bayes(game *activelearn.Game) error {
	var easy []int
	for i, c := range r.problem.Complexity {
		if c <= r.classes[0] {
			easy = append(easy, i)
		}
	}
	rng := random.New(r.Seed, 55)
	for _, b := range []struct {
		name string
		rows []int
	}{{lalHomogeneous, r.homogeneous}, {lalUniform, nil}, {lalEasy, easy}} {
		m := &activelearn.Mixture{}
		for range lalTies {
			w := weights(r.problem, b.rows)
			for i := range w {
				w[i] *= 1 + 1e-6*rng.Float64()
			}
			p, _, err := game.Bayes(w)
			if err != nil {
				return err
			}
			m.Policies = append(m.Policies, p)
		}
		if err := r.add(b.name, m); err != nil {
			return err
		}
	}
	return nil
}

// byHand adds the strategies that were not made by looking ahead.
func (r *lalRun) byHand() error {
	a := asker{r.problem, weights(r.problem, nil), random.New(r.Seed, 5500)}
	for _, b := range []struct {
		name string
		ask  func(activelearn.History) int
	}{{lalUncertain, a.mostUncertain}, {lalGain, a.mostGain}, {lalRobin, a.inTurn}} {
		m, err := r.mixed(b.ask, a.likeliest)
		if err != nil {
			return err
		}
		if err := r.add(b.name, m); err != nil {
			return err
		}
	}
	// The best of some widths is successive elimination.
	var best strategy
	least := math.Inf(1)
	for _, width := range []float64{0, .1, .25, .5, 1} {
		e := newEliminator(r.problem, width, random.New(r.Seed, 5501))
		m, err := r.mixed(e.ask, e.answer)
		if err != nil {
			return err
		}
		loss, err := m.Loss(r.problem)
		if err != nil {
			return err
		}
		if gap, _ := r.gapOf(loss); gap < least {
			least, best = gap, m
		}
	}
	return r.add(lalEliminate, best)
}

func (r *lalRun) mixed(ask, answer func(activelearn.History) int) (*activelearn.Mixture, error) {
	m := &activelearn.Mixture{}
	for range lalTies {
		p, err := activelearn.NewPolicy(r.problem.Budget, r.problem.Questions(), ask, answer)
		if err != nil {
			return nil, err
		}
		m.Policies = append(m.Policies, p)
	}
	return m, nil
}

// spread is how far the bounds of V are apart: the least, and the most.
func (r *lalRun) spread() (least, most float64) {
	least = math.Inf(1)
	for _, c := range r.cert.Classes {
		d := c.Value.Upper - c.Value.Lower
		least, most = min(least, d), max(most, d)
	}
	return least, most
}

func (r *lalRun) checkSearch() {
	least, most := r.spread()
	r.AtMost("search: bounds of V, upper - lower", most, .03)
	r.AtLeast("search: bounds of V, the same, at least", least, -1e-9)
	r.AtMost("search: robust, largest loss above V", r.Mean(r.gap(), lalRobust), .02)
	r.AtLeast("search: robust pays, mean loss above Bayes with a homogeneous prior", r.Mean(r.mean(), lalRobust)-r.Mean(r.mean(), lalHomogeneous), .03)
	if r.Broken != "" {
		return
	}
	r.Note("Of all others the nearest is %s, with %.3f above V; robustness costs %.3f on average over homogeneous instances.", lalEasy, r.Mean(r.gap(), lalEasy), r.Mean(r.mean(), lalRobust)-r.Mean(r.mean(), lalHomogeneous))
	hardest := lalOwn(r.names[len(r.names)-1])
	r.AtLeast("search: made for the hardest class, loss above V in the easiest", r.Mean(r.worst(0), hardest)-r.cert.Classes[0].Value.Lower, .05)
	for _, c := range []struct {
		name string
		bar  float64
	}{{lalHomogeneous, .25}, {lalUniform, .12}, {lalUncertain, .12}, {lalGain, .12}, {lalEliminate, .12}} {
		r.AtLeast("search: "+c.name+", largest loss above V", r.Mean(r.gap(), c.name), c.bar)
	}
}

func (r *lalRun) checkQuiz() {
	robust := r.Mean(r.gap(), lalRobust)
	r.AtMost("quiz: robust, largest loss above V, over the least possible", robust-r.cert.Gap.Lower, .02)
	for _, name := range []string{lalHomogeneous, lalUniform, lalUncertain, lalGain, lalEliminate} {
		r.AtLeast("quiz: "+name+", largest loss above V, over robust", r.Mean(r.gap(), name)-robust, .05)
	}
	r.Note("In the quiz the robust policy loses up to %.3f more than a policy made for one class would; no policy has less than %.3f. How near one policy comes to all depends on the problem.", r.cert.Gap.Upper, r.cert.Gap.Lower)
}

// plot has the worst losses by class.
func (r *lalRun) plot() {
	p := plot.Plot{
		Name: r.name + "-worst-loss", Title: "Worst loss by class of difficulty, " + r.name + " with 7 questions",
		X: plot.Axis{Label: "class, easy to hard", Labels: r.names}, Y: plot.Axis{Label: "probability of a wrong answer"},
	}
	x, names := make([]float64, len(r.names)), make([]string, len(r.names))
	for k := range r.names {
		x[k], names[k] = float64(k), r.worst(k)
	}
	best := r.Series(lalBest, x, names)
	for k, c := range r.cert.Classes {
		best.Low[k] = c.Value.Lower
	}
	p.Lines = append(p.Lines, best)
	for _, v := range []string{lalRobust, lalOwn(r.names[len(r.names)-1]), lalHomogeneous, lalUniform, lalEliminate} {
		p.Lines = append(p.Lines, r.Series(v, x, names))
	}
	r.Plot(p)
}

// budgets has the search with more questions and fewer.
func budgets(ctx context.Context, r *lab.Run) error {
	p := plot.Plot{
		Name: "gap-by-budget", Title: "Search: largest loss above V by the number of questions",
		X: plot.Axis{Label: "questions"}, Y: plot.Axis{Label: "loss above V"},
	}
	var x []float64
	var names []string
	for budget := 2; budget <= 9; budget++ {
		r.Progress(.7+.03*float64(budget), "search with %d questions", budget)
		b := &lalRun{Run: r, lalBed: newThresholds(budget, 300)}
		b.name = fmt.Sprintf("search with %d questions", budget)
		if err := b.all(ctx); err != nil {
			return err
		}
		x, names = append(x, float64(budget)), append(names, b.gap())
	}
	for _, v := range []string{lalRobust, lalHomogeneous, lalUniform, lalGain, lalEliminate} {
		p.Lines = append(p.Lines, r.Series(v, x, names))
	}
	r.Plot(p)
	return nil
}
