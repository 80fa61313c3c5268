package solve

import (
	"context"
	"fmt"
	"math"

	"github.com/offprint/offprint/dataset"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/solve/altmin"
)

// ratingsBed are the ratings of movielens-100k, less the mean: nine tenths to
// learn from, one to predict.
type ratingsBed struct {
	train, test altmin.Entries
	ridges      []float64 // for each of ratingsRanks
}

const ratingsRounds = 12

var ratingsRanks = []int{10, 32}

func ratingsRMSE(rank int) string { return fmt.Sprintf("RMSE, ratings, k = %d", rank) }
func ratingsWork(rank int) string { return fmt.Sprintf("multiply-adds, ratings, k = %d", rank) }

func newRatingsBed(ctx context.Context) (*ratingsBed, error) {
	m, err := dataset.ReadMovieLens()
	if err != nil {
		return nil, err
	}
	var all altmin.Entries
	all.Rows, all.Cols = len(m.Users), len(m.Movies)
	for _, part := range [][]dataset.Rating{m.Train, m.Test} {
		for _, r := range part {
			all.I, all.J, all.X = append(all.I, r.User), append(all.J, r.Movie), append(all.X, float64(r.Value))
		}
	}
	b := &ratingsBed{}
	b.train, b.test = held(all, 23)
	mean := 0.0
	for _, x := range b.train.X {
		mean += x / float64(len(b.train.X))
	}
	for _, e := range []altmin.Entries{b.train, b.test} {
		for k := range e.X {
			e.X[k] -= mean
		}
	}
	train, validate := held(b.train, 24)
	for _, rank := range ratingsRanks {
		best, at := math.Inf(1), 0.0
		for _, ridge := range []float64{.05, .1, .15} {
			m, _, err := altmin.Complete(ctx, train, altmin.Options{Rank: rank, Rounds: ratingsRounds, Solver: altmin.Exact(), Ridge: ridge, Free: true})
			if err != nil {
				return nil, err
			}
			if e := rmsError(m, validate); e < best {
				best, at = e, ridge
			}
		}
		b.ridges = append(b.ridges, at)
	}
	return b, nil
}

// held holds back a tenth of the entries, by a hash of their places.
func held(all altmin.Entries, seed uint64) (train, test altmin.Entries) {
	train.Rows, train.Cols, test.Rows, test.Cols = all.Rows, all.Cols, all.Rows, all.Cols
	for k, x := range all.X {
		e := &train
		if random.Mix(uint64(all.I[k])<<32|uint64(all.J[k]), seed)%10 == 0 {
			e = &test
		}
		e.I, e.J, e.X = append(e.I, all.I[k]), append(e.J, all.J[k]), append(e.X, x)
	}
	return train, test
}

func rmsError(m *altmin.Model, e altmin.Entries) float64 {
	sum := 0.0
	for k, x := range e.X {
		d := x - m.At(int(e.I[k]), int(e.J[k]))
		sum += d * d
	}
	return math.Sqrt(sum / float64(len(e.X)))
}

const biases = "biases alone"

func (a *altRun) ratings(ctx context.Context, seed uint64, bed *ratingsBed) error {
	bias := biasError(bed)
	for i, rank := range ratingsRanks {
		for _, v := range []struct {
			name string
			s    altmin.Solver
		}{
			{alsFree, altmin.Exact()},
			{cglsFree, altmin.CGLS(3)},
			{sketchedFree, altmin.SketchedCGLS(3, 4, stream(23, seed, "ratings", rank))},
		} {
			m, s, err := altmin.Complete(ctx, bed.train, altmin.Options{Rank: rank, Rounds: ratingsRounds, Solver: v.s, Ridge: bed.ridges[i], Free: true, Seed: seed})
			if err != nil {
				return err
			}
			a.Metric(ratingsRMSE(rank), v.name, seed, rmsError(m, bed.test), "stars")
			a.Metric(ratingsWork(rank), v.name, seed, float64(s.MACs)/1e6, "million")
		}
		a.Metric(ratingsRMSE(rank), biases, seed, bias, "stars")
	}
	return nil
}

// biasError is the error of a sum of a user's and a movie's bias, each shrunk,
// fitted in turns.
func biasError(bed *ratingsBed) float64 {
	const shrink = 5
	user, movie := make([]float64, bed.train.Rows), make([]float64, bed.train.Cols)
	fit := func(at []int32, to []float64, other []int32, from []float64) {
		sum, n := make([]float64, len(to)), make([]float64, len(to))
		for k, x := range bed.train.X {
			sum[at[k]] += x - from[other[k]]
			n[at[k]]++
		}
		for i := range to {
			to[i] = sum[i] / (n[i] + shrink)
		}
	}
	for range 10 {
		fit(bed.train.J, movie, bed.train.I, user)
		fit(bed.train.I, user, bed.train.J, movie)
	}
	sum := 0.0
	for k, x := range bed.test.X {
		d := x - user[bed.test.I[k]] - movie[bed.test.J[k]]
		sum += d * d
	}
	return math.Sqrt(sum / float64(len(bed.test.X)))
}

func (a *altRun) checkRatings(bed *ratingsBed) {
	for i, rank := range ratingsRanks {
		error, work := ratingsRMSE(rank), ratingsWork(rank)
		exact, three := a.Mean(error, alsFree), a.Mean(error, cglsFree)
		a.AtMost(fmt.Sprintf("ratings, k = %d: error of CGLS-3 over that of exact solutions", rank), three/exact, 1.005)
		a.AtMost(fmt.Sprintf("ratings, k = %d: error of sketched CGLS-3 over that of exact solutions", rank), a.Mean(error, sketchedFree)/exact, 1.005)
		a.AtMost(fmt.Sprintf("ratings, k = %d: error of CGLS-3 over that of biases alone", rank), three/a.Mean(error, biases), 1)
		a.Note("Ratings, rank %d, ridge %g as tuned on exact solutions: CGLS-3 takes %.2f times their work, sketched CGLS-3 %.1f times. A user with 100 ratings is too small a problem for a sketch, and the ridge conditions it.",
			rank, bed.ridges[i], a.Mean(work, cglsFree)/a.Mean(work, alsFree), a.Mean(work, sketchedFree)/a.Mean(work, alsFree))
	}
	a.AtLeast("ratings, k = 32: work of exact solutions over CGLS-3's", a.Mean(ratingsWork(32), alsFree)/a.Mean(ratingsWork(32), cglsFree), 2)
}
