package rec

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/plot"
	"github.com/offprint/offprint/methods/eval"
	"github.com/offprint/offprint/methods/mlp"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/rec/semid"
	"github.com/offprint/offprint/methods/vector"
)

// SemanticIDs is paper 48: codes of an item's content, in pieces, in place of a
// random ID in a ranking model.
var SemanticIDs = lab.Reproduction{
	Slug:  "semantic-ids",
	Claim: "In a ranking model, pieces of a code of an item's content do better than a random ID hashed into as many rows, overall and above all on new items; pieces learned from the log do better than bigrams; the content vector itself falls behind an ID of one's own overall.",
	State: lab.Partly,
	Missing: "Learned pieces lead bigrams on new items (by .07), but overall they are level at 2,000 rows (+.000, where .002 was asked for). " +
		"They lead in smaller tables (by .006 at 1,000 rows, .019 at 500), and bigrams in larger ones (by .006 at 4,000), where the paper has it the other way round. " +
		"With initial values five times larger, which harm bigrams and random IDs most, learned pieces lead by .006 at 2,000 rows.",
	Method:   semidSPM,
	Package:  "methods/rec/semid",
	Time:     25 * time.Second,
	FullTime: 4 * time.Minute,
	DataSets: []string{"papers"},
	Run:      runSemid,
	Broken: []lab.BrokenVariant{
		{Name: "shuffled", What: "The codes are shuffled over the items, so that sharing a piece means nothing."},
		{Name: "whole", What: "The vocabulary of pieces has no limit, so that each item that was shown has a piece of its own, which is a random ID again."},
	},
}

// The variants of [SemanticIDs], and its metrics.
const (
	semidRandom   = "random ID, 2,000 rows"
	semidOwn      = "random ID, a row each"
	semidContent  = "content, linear layer"
	semidUnigrams = "semantic ID, single codes"
	semidBigrams  = "semantic ID, bigrams"
	semidTrigrams = "semantic ID, trigrams"
	semidPrefixes = "semantic ID, prefixes"
	semidSPM      = "semantic ID, SPM"
	semidLong     = "semantic ID of 8 codes of 256, SPM"
	kmeansPrefix  = "residual k-means, "

	aucShown = "AUC, shown items"
	aucTail  = "AUC, rarely shown items"
	aucNew   = "AUC, new items"
	aucWarm  = "AUC, next paper of an author among 50 known ones"
	aucLate  = "AUC, next paper of an author among 50 new ones"
)

// The size of the table, and the number of pieces.
const (
	semidRows  = 2000
	semidVocab = 1000
)

// contentScale brings the contents, of length 1, to entries of about 1.
const contentScale = 8

func runSemid(ctx context.Context, r *lab.Run) error {
	r.Progress(0, "contents of the papers")
	l, err := loadLinks()
	if err != nil {
		return err
	}
	const seeds = 4        // each is another world
	var pieces plot.Series // of the first seed
	err = r.EachSeed(ctx, seeds, func(ctx context.Context, seed uint64, progress func(float64, string)) error {
		w := &world{run: r, readers: drawReaders(l, seed), seed: seed, progress: progress}
		if err := w.encode(ctx); err != nil {
			return err
		}
		if err := w.compare(ctx); err != nil || r.Broken != "" {
			return err
		}
		if err := w.describe(); err != nil {
			return err
		}
		if seed == r.Seed {
			pieces = w.piecesByRank()
		}
		return nil
	})
	if err != nil {
		return err
	}
	semidChecks(r)
	if r.Broken != "" {
		return nil
	}
	if err := nextPapers(ctx, r, l); err != nil {
		return err
	}
	semidNotes(r)
	semidPlots(r, pieces)
	return nil
}

// world is one seed's bed with the codes of its items.
type world struct {
	*readers
	run      *lab.Run
	seed     uint64
	progress func(done float64, what string)
	done     int // models trained

	quantiser     *semid.RQVAE
	codes, kmeans [][]uint16 // by item
	spm           *semid.SPM // of codes
}

// known are the contents of the items that training may show: nothing is learned
// from those of the new ones.
func (w *world) known(x []float32) []float32 { return x[w.fresh*contentDim:] }

// encode learns the codes and the pieces.
func (w *world) encode(ctx context.Context) error {
	x := scaled(w.content)
	w.progress(0, "RQ-VAE")
	q, err := semid.Train(ctx, w.known(x), contentDim, semid.Config{Seed: w.seed})
	if err != nil {
		return err
	}
	if w.codes, err = q.Encode(x); err != nil {
		return err
	}
	if w.run.Is("shuffled") {
		random.New(w.seed, 148).Shuffle(len(w.codes), func(i, j int) { w.codes[i], w.codes[j] = w.codes[j], w.codes[i] })
	}
	vocab := semidVocab
	if w.run.Is("whole") {
		vocab = len(w.codes) * len(w.codes[0])
	}
	if w.spm, err = semid.TrainSPM(w.codes, w.shown, vocab); err != nil {
		return err
	}
	if w.run.Broken != "" {
		return nil
	}
	km, err := semid.ResidualKMeans(ctx, w.known(x), contentDim, q.Levels, q.Codes, w.seed)
	if err != nil {
		return err
	}
	if w.kmeans, err = km.Encode(x); err != nil {
		return err
	}
	w.quantiser = q
	return nil
}

// describe reports what the codes keep of the contents.
func (w *world) describe() error {
	explained, err := explainedVariance(w.quantiser, scaled(w.content)[:w.fresh*contentDim], w.codes)
	if err != nil {
		return err
	}
	w.run.Metric("explained variance of new contents", semidSPM, w.seed, explained, "")
	for prefix, cos := range prefixCosines(w.content, w.codes) {
		w.run.Metric(cosineMetric(prefix), semidSPM, w.seed, cos, "")
	}
	return nil
}

func cosineMetric(prefix int) string {
	return fmt.Sprintf("cosine of items that share %d codes", prefix)
}

// compare trains the ranking model with each of the representations.
func (w *world) compare(ctx context.Context) error {
	ngram := func(n int) semid.Pieces { return semid.NGram{N: n, Rows: semidRows, Seed: w.seed} }
	if err := w.ids(ctx, semidRandom, semidRows, true); err != nil {
		return err
	}
	if err := w.pieces(ctx, semidSPM, w.codes, w.spm, max(semidRows, w.spm.Rows())); err != nil || w.run.Broken != "" {
		return err
	}
	if err := w.pieces(ctx, semidBigrams, w.codes, ngram(2), semidRows); err != nil {
		return err
	}
	if err := w.pieces(ctx, semidUnigrams, w.codes, ngram(1), semidRows); err != nil {
		return err
	}
	if err := w.dense(ctx); err != nil {
		return err
	}
	if err := w.ids(ctx, semidOwn, w.items(), false); err != nil {
		return err
	}
	spm, err := semid.TrainSPM(w.kmeans, w.shown, semidVocab)
	if err != nil {
		return err
	}
	for _, v := range []struct {
		name string
		semid.Pieces
	}{{"SPM", spm}, {"bigrams", ngram(2)}, {"single codes", ngram(1)}} {
		if err := w.pieces(ctx, kmeansPrefix+v.name, w.kmeans, v, semidRows); err != nil {
			return err
		}
	}
	// The other sizes of the table, for the picture.
	if w.run.Full || w.seed == w.run.Seed {
		if err := w.otherSizes(ctx); err != nil {
			return err
		}
	}
	if !w.run.Full {
		return nil
	}
	if err := w.pieces(ctx, semidTrigrams, w.codes, ngram(3), semidRows); err != nil {
		return err
	}
	if err := w.pieces(ctx, semidPrefixes, w.codes, semid.Prefixes{Rows: semidRows, Seed: w.seed}, semidRows); err != nil {
		return err
	}
	x := scaled(w.content)
	q, err := semid.Train(ctx, w.known(x), contentDim, semid.Config{Levels: 8, Codes: 256, Seed: w.seed})
	if err != nil {
		return err
	}
	long, err := q.Encode(x)
	if err != nil {
		return err
	}
	if spm, err = semid.TrainSPM(long, w.shown, semidVocab); err != nil {
		return err
	}
	return w.pieces(ctx, semidLong, long, spm, max(semidRows, spm.Rows()))
}

// dense trains with the contents themselves.
func (w *world) dense(ctx context.Context) error {
	layer, err := mlp.NewLayer(contentDim, rankDim, random.New(w.seed, 248))
	if err != nil {
		return err
	}
	return w.fit(ctx, semidContent, &contentVectors{layer: layer, contents: w.content})
}

// sizes are the tables of the picture, in rows, beside the usual one.
func sizes(full bool) []int {
	if full {
		return []int{500, 1000, 4000, 8000}
	}
	return []int{1000, 4000}
}

// bySize names a variant with another number of rows.
func bySize(variant string, rows int) string {
	if rows == semidRows {
		return variant
	}
	if variant == semidRandom {
		variant = "random ID"
	}
	if rows >= 1000 {
		return fmt.Sprintf("%s, %d,%03d rows", variant, rows/1000, rows%1000)
	}
	return fmt.Sprintf("%s, %d rows", variant, rows)
}

func (w *world) otherSizes(ctx context.Context) error {
	for _, rows := range sizes(w.run.Full) {
		if err := w.ids(ctx, bySize(semidRandom, rows), rows, true); err != nil {
			return err
		}
		if err := w.pieces(ctx, bySize(semidBigrams, rows), w.codes, semid.NGram{N: 2, Rows: uint32(rows), Seed: w.seed}, rows); err != nil {
			return err
		}
		spm, err := semid.TrainSPM(w.codes, w.shown, rows/2)
		if err != nil {
			return err
		}
		if err := w.pieces(ctx, bySize(semidSPM, rows), w.codes, spm, max(rows, spm.Rows())); err != nil {
			return err
		}
	}
	return nil
}

// ids trains with random IDs: hashed, or a row each.
func (w *world) ids(ctx context.Context, variant string, rows int, hashed bool) error {
	t, err := newTable(rows, random.New(w.seed, 248))
	if err != nil {
		return err
	}
	return w.fit(ctx, variant, &pieceVectors{t, randomIDs(w.items(), rows, hashed, w.seed)})
}

func randomIDs(items, rows int, hashed bool, seed uint64) [][]uint32 {
	ids := make([][]uint32, items)
	for i := range ids {
		ids[i] = []uint32{uint32(i)}
		if hashed {
			ids[i][0] = uint32(random.Mix(uint64(i), seed) % uint64(rows))
		}
	}
	return ids
}

// pieces trains with the pieces of codes.
func (w *world) pieces(ctx context.Context, variant string, codes [][]uint16, by semid.Pieces, rows int) error {
	t, err := newTable(rows, random.New(w.seed, 248))
	if err != nil {
		return err
	}
	return w.fit(ctx, variant, &pieceVectors{t, splitAll(codes, by)})
}

func splitAll(codes [][]uint16, by semid.Pieces) [][]uint32 {
	out := make([][]uint32, len(codes))
	for i, id := range codes {
		out[i] = by.Split(id)
	}
	return out
}

// fit trains a ranking model and reports its figures.
func (w *world) fit(ctx context.Context, variant string, items itemVectors) error {
	w.done++
	w.progress(min(.99, float64(w.done)/16), variant)
	rng := random.New(w.seed, 348)
	m, err := newRanker(w.users, items, rng)
	if err != nil {
		return err
	}
	if err := m.fit(ctx, w.train, rng); err != nil {
		return fmt.Errorf("%s: %w", variant, err)
	}
	for _, a := range []struct {
		metric string
		on     impressions
		keep   func(int32) bool
	}{{aucShown, w.warm, nil}, {aucTail, w.warm, func(i int32) bool { return w.shown[i] <= 10 }}, {aucNew, w.cold, nil}} {
		auc, err := m.auc(a.on, a.keep)
		if err != nil {
			return err
		}
		w.run.Metric(a.metric, variant, w.seed, auc, "")
	}
	return nil
}

// piecesByRank is the mean number of pieces of the items from the most shown to
// the least, a hundred at a time.
func (w *world) piecesByRank() plot.Series {
	order := make([]int, w.items())
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(w.shown[b] - w.shown[a]) })
	s := plot.Series{Name: "mean of 100 items", Method: true}
	const group = 100
	for at := 0; at+group <= len(order); at += group {
		n := 0
		for _, i := range order[at : at+group] {
			n += len(w.spm.Split(w.codes[i]))
		}
		s.X = append(s.X, float64(at+group/2))
		s.Y = append(s.Y, float64(n)/group)
	}
	return s
}

func scaled(content []float32) []float32 {
	x := make([]float32, len(content))
	vector.AddScaled(x, contentScale, content)
	return x
}

// explainedVariance is the share of the variance of contents, row by row, that
// their codes keep.
func explainedVariance(q *semid.RQVAE, x []float32, codes [][]uint16) (float64, error) {
	n := len(x) / contentDim
	mean := make([]float32, contentDim)
	for i := range n {
		vector.AddScaled(mean, 1/float32(n), x[i*contentDim:(i+1)*contentDim])
	}
	left, all := 0.0, 0.0
	for i := range n {
		row := x[i*contentDim : (i+1)*contentDim]
		y, err := q.Decode(codes[i])
		if err != nil {
			return 0, err
		}
		vector.AddScaled(y, -1, row)
		left += float64(vector.Dot(y, y))
		d := slices.Clone(row)
		vector.AddScaled(d, -1, mean)
		all += float64(vector.Dot(d, d))
	}
	return 1 - left/all, nil
}

// prefixCosines are the mean cosines of the contents of two items whose codes
// share exactly the first 0, 1 and 2.
func prefixCosines(content []float32, codes [][]uint16) [3]float64 {
	var sum, n [3]float64
	for i, a := range codes {
		for j, b := range codes[:i] {
			k := 0
			for k < len(a) && a[k] == b[k] {
				k++
			}
			if k < len(sum) {
				sum[k] += float64(vector.Dot(content[i*contentDim:(i+1)*contentDim], content[j*contentDim:(j+1)*contentDim]))
				n[k]++
			}
		}
	}
	for k := range sum {
		sum[k] /= n[k]
	}
	return sum
}

func semidChecks(r *lab.Run) {
	gain := func(metric, over string) float64 { return r.Mean(metric, semidSPM) - r.Mean(metric, over) }
	r.AtLeast("SPM above the random ID, shown items", gain(aucShown, semidRandom), .015)
	r.AtLeast("SPM above the random ID, new items", gain(aucNew, semidRandom), .05)
	if r.Broken != "" {
		return
	}
	r.AtLeast("SPM above bigrams, new items", gain(aucNew, semidBigrams), .03)
	r.AtLeast("a row for each ID above the content, shown items", r.Mean(aucShown, semidOwn)-r.Mean(aucShown, semidContent), .01)
	best := 0.0
	for _, v := range []string{semidRandom, semidOwn, semidUnigrams, semidBigrams, semidSPM, kmeansPrefix + "single codes", kmeansPrefix + "bigrams", kmeansPrefix + "SPM"} {
		best = max(best, r.Mean(aucNew, v))
	}
	r.AtLeast("content above all others, new items", r.Mean(aucNew, semidContent)-best, 0)
	for k := 1; k <= 2; k++ {
		r.AtLeast(fmt.Sprintf("cosine gained by sharing %d codes in place of %d", k, k-1), r.Mean(cosineMetric(k), semidSPM)-r.Mean(cosineMetric(k-1), semidSPM), .08)
	}
}

func semidNotes(r *lab.Run) {
	r.Note("The clicks are simulated, on the contents of real papers and with the tastes of real authors: there is no public log of reading.")
	r.Note("On shown items SPM is level with bigrams here: %+.3f.", r.Mean(aucShown, semidSPM)-r.Mean(aucShown, semidBigrams))
	r.Note("It is a trade-off, tuned by the number of pieces: with a row for each item the random ID is ahead overall (%.3f against %.3f for SPM), and single codes are ahead of SPM on new items (%.3f against %.3f).",
		r.Mean(aucShown, semidOwn), r.Mean(aucShown, semidSPM), r.Mean(aucNew, semidUnigrams), r.Mean(aucNew, semidSPM))
	r.Note("Codes without a network, by k-means on the residuals, do as well here: %.3f overall and %.3f on new items.", r.Mean(aucShown, kmeansPrefix+"SPM"), r.Mean(aucNew, kmeansPrefix+"SPM"))
	r.Note("Without simulation, for the next paper of a real author, there are two links an item and little to memorise: the content (%.3f, new papers %.3f) is ahead of single codes (%.3f, %.3f) and of the random ID (%.3f, %.3f).",
		r.Mean(aucWarm, semidContent), r.Mean(aucLate, semidContent), r.Mean(aucWarm, semidUnigrams), r.Mean(aucLate, semidUnigrams), r.Mean(aucWarm, semidOwn), r.Mean(aucLate, semidOwn))
}

func semidPlots(r *lab.Run, pieces plot.Series) {
	for _, p := range []struct{ name, title, metric string }{
		{"auc-shown", "AUC on shown items against the table's rows", aucShown},
		{"auc-new", "AUC on new items against the table's rows", aucNew},
	} {
		if !r.Full {
			p.title += ", first seed"
		}
		out := plot.Plot{
			Name: p.name, Title: p.title,
			X: plot.Axis{Label: "rows of the table", Log: true, Ticks: []float64{500, 1000, 2000, 4000, 8000}},
			Y: plot.Axis{Label: "AUC"},
		}
		rows := append(sizes(r.Full), semidRows)
		slices.Sort(rows)
		for _, v := range []string{semidRandom, semidContent, semidUnigrams, semidBigrams, semidSPM} {
			s := plot.Series{Name: v, Method: v == semidSPM}
			if v == semidRandom {
				s.Name = "random ID"
			}
			for _, n := range rows {
				variant := bySize(v, n)
				if v == semidContent || v == semidUnigrams { // of one size
					variant = v
				}
				y := r.Values(p.metric, variant)
				s.X = append(s.X, float64(n))
				if r.Full {
					s.Y = append(s.Y, mean(y))
				} else {
					s.Y = append(s.Y, y[0]) // of the first seed: the others have but one size
				}
			}
			out.Lines = append(out.Lines, s)
		}
		r.Plot(out)
	}
	r.Plot(plot.Plot{
		Name: "pieces-by-rank", Title: "Pieces of an item against its rank among the most shown",
		X: plot.Axis{Label: "rank by training impressions"}, Y: plot.Axis{Label: "pieces"},
		Lines: []plot.Series{pieces},
	})
}

// nextPapers asks the same without simulation: which paper an author writes
// next. Its figures are printed, and checked by nothing.
func nextPapers(ctx context.Context, r *lab.Run, l *links) error {
	r.Progress(.99, "the next paper of an author, without simulation: RQ-VAE")
	seed := r.Seed
	rng := random.New(seed, 448)
	warm := make([]int32, 0, l.items())
	late := make([]int32, 0, l.items())
	var known []float32
	for i, cold := range l.cold {
		if cold {
			late = append(late, int32(i))
		} else {
			warm = append(warm, int32(i))
			known = append(known, l.content[i*contentDim:(i+1)*contentDim]...)
		}
	}
	const negatives = 4
	var on impressions
	for _, p := range l.train {
		on.user, on.item, on.clicked = append(on.user, p[0]), append(on.item, p[1]), append(on.clicked, 1)
		for range negatives {
			on.user, on.item, on.clicked = append(on.user, p[0]), append(on.item, warm[rng.IntN(len(warm))]), append(on.clicked, 0)
		}
	}
	q, err := semid.Train(ctx, scaled(known), contentDim, semid.Config{Seed: seed})
	if err != nil {
		return err
	}
	codes, err := q.Encode(scaled(l.content))
	if err != nil {
		return err
	}
	layer, err := mlp.NewLayer(contentDim, rankDim, rng)
	if err != nil {
		return err
	}
	own, err := newTable(l.items(), rng)
	if err != nil {
		return err
	}
	shared, err := newTable(semidRows, rng)
	if err != nil {
		return err
	}
	for _, v := range []struct {
		name  string
		items itemVectors
	}{
		{semidOwn, &pieceVectors{own, randomIDs(l.items(), l.items(), false, seed)}},
		{semidUnigrams, &pieceVectors{shared, splitAll(codes, semid.NGram{N: 1, Rows: semidRows, Seed: seed})}},
		{semidContent, &contentVectors{layer: layer, contents: l.content}},
	} {
		r.Progress(.99, "the next paper of an author, without simulation: %s", v.name)
		m, err := newRanker(l.authors, v.items, rng)
		if err != nil {
			return err
		}
		if err := m.fit(ctx, on, rng); err != nil {
			return err
		}
		if err := amongFifty(r, v.name, l, warm, late, m.scores); err != nil {
			return err
		}
	}
	// The cheap opponent: an author's mean content.
	centroids := make([]float32, l.authors*contentDim)
	for _, p := range l.train {
		vector.AddScaled(centroids[int(p[0])*contentDim:(int(p[0])+1)*contentDim], 1, l.content[int(p[1])*contentDim:(int(p[1])+1)*contentDim])
	}
	vector.NormalizeRows(centroids, contentDim)
	return amongFifty(r, "author's mean content", l, warm, late, func(users, items []int32) ([]float32, error) {
		s := make([]float32, len(users))
		for i, u := range users {
			s[i] = vector.Dot(centroids[int(u)*contentDim:(int(u)+1)*contentDim], l.content[int(items[i])*contentDim:(int(items[i])+1)*contentDim])
		}
		return s, nil
	})
}

// amongFifty reports how often a link's item scores above a random one, for 50
// random ones each: items that the training knew, and new ones.
func amongFifty(r *lab.Run, variant string, l *links, warm, late []int32, scores func(users, items []int32) ([]float32, error)) error {
	const others = 50
	for _, part := range []struct {
		metric string
		links  [][2]int32
		from   []int32
	}{{aucWarm, l.warm, warm}, {aucLate, l.late, late}} {
		rng := random.New(r.Seed, 548)
		auc, err := meanAUC(part.links, part.from, others, rng, scores)
		if err != nil {
			return err
		}
		r.Metric(part.metric, variant, r.Seed, auc, "")
	}
	return nil
}

func meanAUC(links [][2]int32, from []int32, others int, rng *rand.Rand, scores func(users, items []int32) ([]float32, error)) (float64, error) {
	users, items := make([]int32, 0, len(links)*(others+1)), make([]int32, 0, len(links)*(others+1))
	for _, p := range links {
		users, items = append(users, p[0]), append(items, p[1])
		for range others {
			users, items = append(users, p[0]), append(items, from[rng.IntN(len(from))])
		}
	}
	s, err := scores(users, items)
	if err != nil {
		return 0, err
	}
	sum := 0.0
	for i := 0; i < len(s); i += others + 1 {
		sum += (float64(others) + 1 - eval.Rank(s[i:i+others+1], 0)) / float64(others)
	}
	return sum / float64(len(links)), nil
}
