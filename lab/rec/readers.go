package rec

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/offprint/offprint/dataset"
	"github.com/offprint/offprint/methods/lowrank"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/text"
	"github.com/offprint/offprint/methods/vector"
)

// contentDim is the length of a paper's content vector.
const contentDim = 64

// links is the bed papers-authors: who writes what next. Items are papers,
// users their authors. Those of the last month are cold: nothing is known of
// them but their text.
type links struct {
	authors    int
	content    []float32 // [items x contentDim], rows of length 1
	cold       []bool    // by item
	train      [][2]int32
	warm, late [][2]int32 // to be found: links of warm items, and of cold ones
}

func (l *links) items() int { return len(l.cold) }

// loadLinks reads the bed, once.
var loadLinks = sync.OnceValues(func() (*links, error) {
	// The newest month but one is the cold one: the bed of bodies of work has
	// it so, too, and reads one month further.
	first, err := dataset.PaperMonth(6)
	if err != nil {
		return nil, err
	}
	last, err := dataset.PaperMonth(1)
	if err != nil {
		return nil, err
	}
	records, err := dataset.ReadPapers(first, last)
	if err != nil {
		return nil, err
	}
	// Authors are names with 5 to 30 papers before the last month: names with
	// more belong to several people.
	papers := map[string]int{}
	isCold := func(r dataset.Record) bool { return r.Listed.String()[:7] == last }
	for _, r := range records {
		if !isCold(r) {
			for _, a := range unique(r.Authors) {
				papers[a]++
			}
		}
	}
	l := &links{}
	number := map[string]int32{}
	var docs [][]string
	var warm [][2]int32
	rng := random.New(0, 48)
	for _, r := range records {
		item := int32(len(docs))
		var of []int32
		for _, a := range unique(r.Authors) {
			if n := papers[a]; n < 5 || n > 30 {
				continue
			}
			if _, ok := number[a]; !ok {
				number[a] = int32(len(number))
			}
			of = append(of, number[a])
		}
		if len(of) == 0 {
			continue
		}
		docs = append(docs, text.Tokens(r.Title+" "+r.Abstract))
		l.cold = append(l.cold, isCold(r))
		for _, u := range of {
			if isCold(r) {
				l.late = append(l.late, [2]int32{u, item})
			} else {
				warm = append(warm, [2]int32{u, item})
			}
		}
	}
	l.authors = len(number)
	rng.Shuffle(len(warm), func(i, j int) { warm[i], warm[j] = warm[j], warm[i] })
	held := len(warm) * 15 / 100
	l.warm, l.train = warm[:held], warm[held:]
	l.content, err = contents(docs, l.cold, rng)
	return l, err
})

// contents are the documents' vectors by latent semantic analysis, fitted on
// those that are not cold, and scaled to length 1.
func contents(docs [][]string, cold []bool, rng *rand.Rand) ([]float32, error) {
	var known [][]string
	for i, d := range docs {
		if !cold[i] {
			known = append(known, d)
		}
	}
	vocab := text.NewVocabulary(known, 5, 8192)
	_, _, v, err := lowrank.SVD(context.Background(), vocab.TFIDF(known), contentDim, rng)
	if err != nil {
		return nil, err
	}
	basis := make([]float32, len(vocab.Words)*contentDim)
	for i := range vocab.Words {
		for j := range contentDim {
			basis[i*contentDim+j] = float32(v.At(i, j))
		}
	}
	out := make([]float32, len(docs)*contentDim)
	vocab.TFIDF(docs).Mul(out, basis, contentDim)
	vector.NormalizeRows(out, contentDim)
	return out, nil
}

func unique(names []string) []string {
	out := slices.Clone(names)
	slices.Sort(out)
	return slices.Compact(out)
}

// readers is the bed papers-clicks: the contents of real papers, and simulated
// readers, whose taste is that of a real author. A click depends on content, as
// far as readers go, and on a quality of the item that only its clicks tell.
type readers struct {
	users   int
	content []float32 // [items x contentDim], rows of length 1
	fresh   int       // so many items, the first, are new: training does not show them
	shown   []float64 // training impressions by item
	train   impressions
	warm    impressions // of items of the training
	cold    impressions // of new items
}

// impressions are items shown to readers.
type impressions struct {
	user, item []int32
	clicked    []float32 // 0 or 1
}

func (r *readers) items() int { return len(r.shown) }

// drawReaders draws a world of 500 readers and 4,000 papers.
func drawReaders(l *links, seed uint64) *readers {
	const (
		users, items, cold = 500, 4000, 800
		training           = 80_000
		warmTest, coldTest = 20_000, 8000
		zipf               = .9
		taste, quality     = 11, 1.5 // in the logit, beside -1
	)
	rng := random.New(seed, 48)
	r := &readers{users: users, fresh: cold, content: make([]float32, 0, items*contentDim), shown: make([]float64, items)}
	for _, i := range random.Sample(rng, l.items(), items) {
		r.content = append(r.content, l.content[i*contentDim:(i+1)*contentDim]...)
	}
	// Tastes: what authors wrote, as it differs from what all wrote.
	wrote := make([]float32, l.authors*contentDim)
	all := make([]float32, contentDim)
	for _, p := range l.train {
		vector.AddScaled(wrote[p[0]*contentDim:(p[0]+1)*contentDim], 1, l.content[int(p[1])*contentDim:(int(p[1])+1)*contentDim])
	}
	for a := range l.authors {
		vector.AddScaled(all, 1/float32(l.authors), wrote[a*contentDim:(a+1)*contentDim])
	}
	var tastes []float32
	for _, a := range random.Sample(rng, l.authors, users) {
		t := slices.Clone(wrote[a*contentDim : (a+1)*contentDim])
		vector.AddScaled(t, -1, all)
		vector.Normalize(t)
		tastes = append(tastes, t...)
	}
	// Contents, as they differ from the mean.
	centre := make([]float32, contentDim)
	for i := range items {
		vector.AddScaled(centre, 1/float32(items), r.content[i*contentDim:(i+1)*contentDim])
	}
	centred := slices.Clone(r.content)
	for i := range items {
		vector.AddScaled(centred[i*contentDim:(i+1)*contentDim], -1, centre)
	}
	vector.NormalizeRows(centred, contentDim)
	qualities := make([]float64, items)
	for i := range qualities {
		qualities[i] = rng.NormFloat64()
	}
	show := func(to *impressions, item int) {
		user := rng.IntN(users)
		cos := vector.Dot(tastes[user*contentDim:(user+1)*contentDim], centred[item*contentDim:(item+1)*contentDim])
		clicked := float32(0)
		if rng.Float64() < 1/(1+math.Exp(-(taste*float64(cos)+quality*qualities[item]-1))) {
			clicked = 1
		}
		to.user, to.item, to.clicked = append(to.user, int32(user)), append(to.item, int32(item)), append(to.clicked, clicked)
	}
	// The items are in random order: the first are cold, and the others are
	// shown the less the later they come.
	popular := random.NewChooser(random.Zipf(items-cold, zipf))
	for range training {
		i := cold + popular.Draw(rng)
		show(&r.train, i)
		r.shown[i]++
	}
	for range warmTest {
		show(&r.warm, cold+popular.Draw(rng))
	}
	for range coldTest {
		show(&r.cold, rng.IntN(cold))
	}
	return r
}
