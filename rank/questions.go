package rank

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/offprint/offprint/methods/cluster"
	"github.com/offprint/offprint/methods/eval"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/vector"
)

// MaxQuestions is the most that a new reader is asked, and Shown how many papers
// a question has: which of these would you read? One who likes one paper in
// thirty says no to nearly all single ones.
const (
	MaxQuestions = 10
	Shown        = 6
)

// Reply is what a reader says of a paper that is asked about.
type Reply int8

// The replies. A skipped paper says nothing and is not asked about again.
const (
	No   Reply = -1
	Skip Reply = 0
	Yes  Reply = 1
)

// Answer is a reader's reply about a paper.
type Answer struct {
	ID    int64
	Reply Reply
}

const (
	questionTopics = 48   // that the recent papers are parted into
	askedPerTopic  = 6    // papers nearest to a topic's centre that may be asked about
	clusterRounds  = 15   // of k-means
	slope          = .06  // of the cosine, over which a like becomes likely
	slip           = .03  // of the answers are not what the reader means
	enough         = .02  // bits; a paper that tells less is not worth asking about
	likeliest      = 1e-3 // topics with less weight do not count towards the score
)

// shares are the parts of all papers that a taste may like: narrow, middling, broad.
var shares = [...]float64{.01, .03, .08}

// Questions finds out what a new reader likes: it chooses papers to ask about,
// and says from the answers how likely a like of any paper is.
//
// A taste is one topic of the recent papers (a centre of k-means and how much
// around it is liked), or two of them. All are as likely before the first answer.
// A reader with the taste h says yes to the paper q with the probability
//
//	p(yes | h, q) = slip + (1 - 2 slip) sigmoid((cos(c_h, q) - r_h) / slope),
//
// r_h being the cosine above which the share of h lies. Asked is what tells most:
// the paper with the largest mutual information of answer and taste.
//
// It is safe for concurrent use.
type Questions struct {
	dim     int
	ids     []int64
	asked   []float32 // [ids x dim], what may be asked about
	centres []float32 // [topics x dim], of length 1
	bounds  []float32 // [topics x shares], r
	tastes  []taste
	yes     []float32 // [ids x tastes], p(yes | taste, paper)
	noise   []float32 // [ids x tastes], the entropy of that, in bits
	place   map[int64]int
}

// taste is one topic, or two, with the same share.
type taste struct{ a, b, share int }

// NewQuestions makes the questions from recent papers: their vectors [n x dim],
// of length 1, and their IDs. Some hundred are needed, some thousand are enough:
// a month. What the reader should not be asked about is left out by the caller.
func NewQuestions(ctx context.Context, vectors []float32, dim int, ids []int64, seed uint64) (*Questions, error) {
	if dim < 1 || len(vectors) != len(ids)*dim {
		return nil, fmt.Errorf("rank: %d numbers are not %d vectors of %d", len(vectors), len(ids), dim)
	}
	if len(ids) < 2*MaxQuestions {
		return nil, fmt.Errorf("rank: %d papers, and the questions need %d", len(ids), 2*MaxQuestions)
	}
	k := min(questionTopics, len(ids)/MaxQuestions)
	topics, err := cluster.Fit(ctx, vectors, dim, k, clusterRounds, random.New(seed, 1))
	if err != nil {
		return nil, err
	}
	q := &Questions{dim: dim, centres: topics.Centres, place: map[int64]int{}}
	vector.NormalizeRows(q.centres, dim)
	cosines := make([]float64, len(ids))
	for c := range k {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for i := range cosines {
			cosines[i] = float64(vector.Dot(q.centres[c*dim:(c+1)*dim], vectors[i*dim:(i+1)*dim]))
		}
		for _, i := range eval.Top(cosines, askedPerTopic, nil) {
			if _, ok := q.place[ids[i]]; !ok {
				q.place[ids[i]] = len(q.ids)
				q.ids = append(q.ids, ids[i])
				q.asked = append(q.asked, vectors[i*dim:(i+1)*dim]...)
			}
		}
		for _, share := range shares {
			q.bounds = append(q.bounds, float32(above(cosines, share)))
		}
	}
	for a := range k {
		for s := range shares {
			q.tastes = append(q.tastes, taste{a, a, s})
		}
	}
	for a := range k {
		for b := range a {
			q.tastes = append(q.tastes, taste{a, b, 1})
		}
	}
	q.yes = make([]float32, 0, len(q.ids)*len(q.tastes))
	like := make([]float32, len(q.bounds))
	for i := range q.ids {
		q.likes(q.asked[i*dim:(i+1)*dim], like)
		for _, t := range q.tastes {
			p := max(like[t.a*len(shares)+t.share], like[t.b*len(shares)+t.share])
			p = slip + (1-2*slip)*p
			q.yes = append(q.yes, p)
			q.noise = append(q.noise, float32(entropy(float64(p))))
		}
	}
	return q, nil
}

// likes fills in how likely each topic with each share likes a paper.
func (q *Questions) likes(v, dst []float32) {
	for c := range len(q.centres) / q.dim {
		cos := vector.Dot(q.centres[c*q.dim:(c+1)*q.dim], v)
		for s := range shares {
			at := c*len(shares) + s
			dst[at] = float32(sigmoid(float64(cos-q.bounds[at]) / slope))
		}
	}
}

// Next returns the papers of the next question after these answers, [Shown] or
// fewer. There are none when enough is known, or [MaxQuestions] questions have
// been answered. The same answers give the same papers. Answers about papers that
// it has not chosen do not count.
//
// Each paper of a question is the one that tells most if the reader likes none of
// those before it.
func (q *Questions) Next(answers []Answer) (ids []int64) {
	done := map[int]bool{}
	for _, a := range answers {
		if i, ok := q.place[a.ID]; ok {
			done[i] = true
		}
	}
	if len(done) >= MaxQuestions*Shown {
		return nil
	}
	w := q.posterior(answers)
	for len(ids) < Shown {
		best, at := 0., -1
		for i := range q.ids {
			if done[i] {
				continue
			}
			if v := q.information(i, w); v > best {
				best, at = v, i
			}
		}
		if at < 0 || best < enough && len(ids) == 0 {
			break
		}
		done[at] = true
		ids = append(ids, q.ids[at])
		q.reply(w, at, No)
	}
	return ids
}

// Papers returns the IDs of all papers that may be asked about, by topic, in a
// slice that must not be changed.
func (q *Questions) Papers() []int64 { return q.ids }

// information is the mutual information of the answer about a paper and the
// taste, in bits.
func (q *Questions) information(i int, w []float64) float64 {
	mean, inner := 0., 0.
	noise := q.noise[i*len(w):]
	for t, p := range q.yes[i*len(w) : (i+1)*len(w)] {
		mean += w[t] * float64(p)
		inner += w[t] * float64(noise[t])
	}
	return entropy(mean) - inner
}

func entropy(p float64) float64 {
	if p <= 0 || p >= 1 {
		return 0
	}
	return -p*math.Log2(p) - (1-p)*math.Log2(1-p)
}

// posterior is how likely each taste is after the answers.
func (q *Questions) posterior(answers []Answer) []float64 {
	w := make([]float64, len(q.tastes))
	for t := range w {
		w[t] = 1 / float64(len(w))
	}
	for _, a := range answers {
		i, ok := q.place[a.ID]
		if !ok || a.Reply == Skip {
			continue
		}
		q.reply(w, i, a.Reply)
	}
	return w
}

// reply makes the weights of tastes those after a reply about a paper.
func (q *Questions) reply(w []float64, i int, r Reply) {
	sum := 0.
	for t, p := range q.yes[i*len(w) : (i+1)*len(w)] {
		if r == No {
			p = 1 - p
		}
		w[t] *= float64(p)
		sum += w[t]
	}
	for t := range w {
		w[t] /= sum
	}
}

// Taste is what answers say of a reader.
type Taste struct {
	dim     int
	centres []float32 // [weight x dim]
	bounds  []float32
	weight  []float64
}

// Taste says what the answers make likely. Without any it likes what is like many.
func (q *Questions) Taste(answers []Answer) *Taste {
	w := make([]float64, len(q.bounds))
	for t, p := range q.posterior(answers) {
		t := q.tastes[t]
		w[t.a*len(shares)+t.share] += p
		if t.b != t.a {
			w[t.b*len(shares)+t.share] += p
		}
	}
	t := &Taste{dim: q.dim}
	for at, p := range w {
		if p > likeliest {
			c := at / len(shares)
			t.centres = append(t.centres, q.centres[c*q.dim:(c+1)*q.dim]...)
			t.bounds = append(t.bounds, q.bounds[at])
			t.weight = append(t.weight, p)
		}
	}
	return t
}

// Like is how likely the reader likes a paper with the vector v [dim], by and
// large: the order is what counts.
func (t *Taste) Like(v []float32) float64 {
	sum := 0.
	for i, w := range t.weight {
		cos := vector.Dot(t.centres[i*t.dim:(i+1)*t.dim], v)
		sum += w * sigmoid(float64(cos-t.bounds[i])/slope)
	}
	return sum
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// above is the value that the share of x is above.
func above(x []float64, share float64) float64 {
	s := slices.Clone(x)
	slices.Sort(s)
	return s[int(float64(len(s)-1)*(1-share))]
}
