package semid

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// SPM splits IDs into pieces of any length, learned as in SentencePiece's
// unigram language model (Kudo, 2018): the probability of a segmentation is the
// product of its pieces' probabilities, and an ID is split into the likeliest.
// A popular item gets a piece of its own; rare ones share the pieces of others.
type SPM struct {
	pieces map[string]int32 // by key
	logp   []float64        // by piece
	unseen uint32           // the row of all single codes that are no piece
}

// unseenLogP is the log-probability of a single code that is no piece.
const unseenLogP = -30

// keep is the share of the pieces that stay when there are too many.
const keep = .75

// piece is a candidate.
type piece struct {
	key    string
	length int     // in codes
	parts  []int32 // of its own runs, as runs says
	count  float64
}

// TrainSPM learns at most vocab pieces, all seen single codes among them, from
// IDs of one length and their weights: how often each item was shown. It starts
// from every run of codes with a weight of at least 2, alternates between the
// best segmentation of each ID and the frequencies of the pieces in these, and
// drops the pieces that others can best stand in for. A vocabulary smaller than
// the number of single codes has just these.
func TrainSPM(ids [][]uint16, weight []float64, vocab int) (*SPM, error) {
	if len(ids) == 0 || len(weight) != len(ids) {
		return nil, fmt.Errorf("semid: %d IDs with %d weights", len(ids), len(weight))
	}
	levels := len(ids[0])
	if levels == 0 || levels > 64 {
		return nil, fmt.Errorf("semid: IDs of %d codes, want 1 to 64", levels)
	}
	total := map[string]float64{}
	for i, id := range ids {
		if len(id) != levels {
			return nil, fmt.Errorf("semid: ID %d has %d codes, and the first has %d", i, len(id), levels)
		}
		if w := weight[i]; w < 0 || math.IsNaN(w) || math.IsInf(w, 0) {
			return nil, fmt.Errorf("semid: ID %d has the weight %v", i, w)
		}
		total[key(0, id)] += weight[i]
	}
	t := newTrainer(total, levels)
	for {
		for range 2 {
			t.count()
			t.maximise()
		}
		if t.alive <= vocab || !t.prune(vocab) {
			break
		}
	}
	s := &SPM{pieces: map[string]int32{}}
	for p, c := range t.pieces {
		if t.live[p] {
			s.pieces[c.key] = int32(len(s.logp))
			s.logp = append(s.logp, t.logp[p])
		}
	}
	s.unseen = uint32(len(s.logp))
	return s, nil
}

// Rows is the number of rows that the pieces need, one of them for codes that
// training did not see.
func (s *SPM) Rows() int { return len(s.logp) + 1 }

// Split implements [Pieces].
func (s *SPM) Split(id []uint16) []uint32 {
	rows := []uint32{}
	s.best(id, func(_, _ int, p int32) {
		if p < 0 {
			rows = append(rows, s.unseen)
		} else {
			rows = append(rows, uint32(p))
		}
	})
	return rows
}

// Segments returns the pieces of an ID as runs of its codes.
func (s *SPM) Segments(id []uint16) [][]uint16 {
	segments := [][]uint16{}
	s.best(id, func(from, to int, _ int32) { segments = append(segments, id[from:to]) })
	return segments
}

// best calls f for each piece of the best segmentation, in order; the piece is
// -1 for a code that is none.
func (s *SPM) best(id []uint16, f func(from, to int, p int32)) {
	n := len(id)
	parts := runs(n, func(from, to int) int32 {
		if p, ok := s.pieces[key(from, id[from:to])]; ok {
			return p
		}
		return -1
	})
	_, cut := viterbi(n, parts, s.logp, -1)
	for from := 0; from < n; from = cut[from] {
		f(from, cut[from], parts[run(n, from, cut[from])])
	}
}

// key identifies a run of codes that starts at a level.
func key(level int, codes []uint16) string {
	b := make([]byte, 0, 1+2*len(codes))
	b = append(b, byte(level))
	for _, c := range codes {
		b = append(b, byte(c>>8), byte(c))
	}
	return string(b)
}

// run is the place of the run from..to-1 among all runs of n codes.
func run(n, from, to int) int { return from*n + to - 1 }

// runs are the pieces of all runs of n codes, n*n numbers, -1 where f has none
// and where there is no run.
func runs(n int, f func(from, to int) int32) []int32 {
	parts := make([]int32, n*n)
	for i := range parts {
		parts[i] = -1
	}
	for from := range n {
		for to := from + 1; to <= n; to++ {
			parts[run(n, from, to)] = f(from, to)
		}
	}
	return parts
}

// viterbi finds the likeliest segmentation of n codes into pieces other than
// without: its log-probability, and for each start of a piece where it ends.
// Pieces with a log-probability of -Inf do not exist.
func viterbi(n int, parts []int32, logp []float64, without int32) (score float64, cut []int) {
	// best[i] is that of the codes from i on.
	best := make([]float64, n+1)
	cut = make([]int, n)
	for from := n - 1; from >= 0; from-- {
		best[from] = math.Inf(-1)
		for to := n; to > from; to-- { // the longer piece first among equals
			lp := math.Inf(-1)
			if p := parts[run(n, from, to)]; p >= 0 && p != without {
				lp = logp[p]
			}
			if to == from+1 {
				lp = max(lp, unseenLogP)
			}
			if s := lp + best[to]; s > best[from] {
				best[from], cut[from] = s, to
			}
		}
	}
	return best[0], cut
}

// trainer is the state of [TrainSPM].
type trainer struct {
	levels int
	pieces []piece
	live   []bool
	logp   []float64 // -Inf for those that were dropped
	alive  int
	ids    []piece // the different IDs: parts, and their weight as count
}

// newTrainer has as candidates all runs of a weight of at least 2, and all
// single codes.
func newTrainer(total map[string]float64, levels int) *trainer {
	t := &trainer{levels: levels}
	weights := map[string]float64{}
	decode := func(k string) []uint16 {
		var codes []uint16
		for i := 1; i < len(k); i += 2 {
			codes = append(codes, uint16(k[i])<<8|uint16(k[i+1]))
		}
		return codes
	}
	ids := make([]string, 0, len(total))
	for id, w := range total {
		ids = append(ids, id)
		codes := decode(id)
		for from := range levels {
			for to := from + 1; to <= levels; to++ {
				weights[key(from, codes[from:to])] += w
			}
		}
	}
	slices.Sort(ids)
	number := map[string]int32{}
	var keys []string
	for k, w := range weights {
		if w >= 2 || len(k) == 3 {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for i, k := range keys {
		number[k] = int32(i)
	}
	parts := func(level int, codes []uint16) []int32 {
		return runs(len(codes), func(from, to int) int32 {
			if p, ok := number[key(level+from, codes[from:to])]; ok {
				return p
			}
			return -1
		})
	}
	for _, k := range keys {
		codes := decode(k)
		t.pieces = append(t.pieces, piece{k, len(codes), parts(int(k[0]), codes), 0})
		t.live = append(t.live, true)
		t.logp = append(t.logp, 0)
	}
	t.alive = len(t.pieces)
	for _, id := range ids {
		t.ids = append(t.ids, piece{id, levels, parts(0, decode(id)), total[id]})
	}
	// The first segmentation goes by the runs' own frequencies.
	for p := range t.pieces {
		t.pieces[p].count = weights[t.pieces[p].key]
	}
	t.maximise()
	return t
}

// count sets the pieces' counts by the best segmentations.
func (t *trainer) count() {
	for p := range t.pieces {
		t.pieces[p].count = 0
	}
	for _, id := range t.ids {
		_, cut := viterbi(t.levels, id.parts, t.logp, -1)
		for from := 0; from < t.levels; from = cut[from] {
			if p := id.parts[run(t.levels, from, cut[from])]; p >= 0 {
				t.pieces[p].count += id.count
			}
		}
	}
}

// maximise sets the log-probabilities by the counts. Single codes must stay
// possible, so they count a little more.
func (t *trainer) maximise() {
	sum := 0.0
	for p, c := range t.pieces {
		if t.live[p] {
			sum += c.count
		}
	}
	for p, c := range t.pieces {
		n := c.count
		if c.length == 1 {
			n += .1
		}
		t.logp[p] = math.Inf(-1)
		if t.live[p] && n > 0 {
			t.logp[p] = math.Log(n / max(sum, 1))
		}
	}
}

// prune drops the pieces longer than one code that lose least likelihood by
// being split into others, down to a share of the pieces, or to vocab. It
// reports whether any was dropped.
func (t *trainer) prune(vocab int) bool {
	type loss struct {
		piece int
		by    float64
	}
	var losses []loss
	for p, c := range t.pieces {
		if !t.live[p] || c.length == 1 {
			continue
		}
		by := 0.0
		if c.count > 0 {
			score, _ := viterbi(c.length, c.parts, t.logp, int32(p))
			by = c.count * (t.logp[p] - score)
		}
		losses = append(losses, loss{p, by})
	}
	slices.SortFunc(losses, func(a, b loss) int { return cmp.Or(cmp.Compare(a.by, b.by), cmp.Compare(a.piece, b.piece)) })
	drop := min(max(1, int((1-keep)*float64(t.alive))), t.alive-vocab, len(losses))
	for _, l := range losses[:drop] {
		t.live[l.piece] = false
		t.logp[l.piece] = math.Inf(-1)
		t.alive--
	}
	return drop > 0
}
