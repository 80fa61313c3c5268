// Package cluster groups vectors: k-means with k-means++ starts.
package cluster

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
)

// KMeans is a clustering of vectors of Dim numbers around K centres.
type KMeans struct {
	K, Dim  int
	Centres []float32 // [K x Dim]
	Assign  []int32   // of each vector, its nearest centre
	Inertia float64   // sum of squared distances to the centres
	Rounds  int       // until nothing moved, or the limit
}

// Fit clusters the rows of x [n x dim] by Lloyd's iterations from a k-means++
// start (Arthur and Vassilvitskii, 2007). An empty cluster is restarted at the
// vector that is farthest from its centre. It stops when no assignment changes
// or after rounds iterations.
func Fit(ctx context.Context, x []float32, dim, k, rounds int, rng *rand.Rand) (*KMeans, error) {
	if dim <= 0 || len(x)%dim != 0 {
		return nil, fmt.Errorf("cluster: %d numbers are not rows of %d", len(x), dim)
	}
	n := len(x) / dim
	if k < 1 || k > n {
		return nil, fmt.Errorf("cluster: %d clusters of %d vectors", k, n)
	}
	m := &KMeans{K: k, Dim: dim, Centres: plusPlus(x, dim, k, rng), Assign: make([]int32, n)}
	for i := range m.Assign {
		m.Assign[i] = -1
	}
	dist := make([]float32, n)
	for m.Rounds = 0; m.Rounds < rounds; m.Rounds++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		moved := m.assign(x, dist)
		m.Inertia = 0
		for _, d := range dist {
			m.Inertia += float64(d)
		}
		if !moved {
			break
		}
		m.centre(x, dist)
	}
	return m, nil
}

// Nearest returns the centre nearest to v and the squared distance.
func (m *KMeans) Nearest(v []float32) (int, float32) {
	best, at := float32(math.Inf(1)), 0
	for c := range m.K {
		if d := sqDist(v, m.Centres[c*m.Dim:(c+1)*m.Dim], best); d < best {
			best, at = d, c
		}
	}
	return at, best
}

// assign moves each vector to its nearest centre and reports whether any moved.
func (m *KMeans) assign(x []float32, dist []float32) bool {
	n := len(dist)
	p := runtime.GOMAXPROCS(0)
	moved := make([]bool, p)
	var wg sync.WaitGroup
	for w := range p {
		wg.Go(func() {
			for i := w * n / p; i < (w+1)*n/p; i++ {
				c, d := m.Nearest(x[i*m.Dim : (i+1)*m.Dim])
				dist[i] = d
				if m.Assign[i] != int32(c) {
					m.Assign[i] = int32(c)
					moved[w] = true
				}
			}
		})
	}
	wg.Wait()
	for _, v := range moved {
		if v {
			return true
		}
	}
	return false
}

// centre moves each centre to the mean of its vectors.
func (m *KMeans) centre(x []float32, dist []float32) {
	sum := make([]float64, m.K*m.Dim)
	count := make([]int, m.K)
	for i, c := range m.Assign {
		count[c]++
		s := sum[int(c)*m.Dim:]
		for j, v := range x[i*m.Dim : (i+1)*m.Dim] {
			s[j] += float64(v)
		}
	}
	for c := range m.K {
		if count[c] == 0 {
			far := 0
			for i, d := range dist {
				if d > dist[far] {
					far = i
				}
			}
			copy(m.Centres[c*m.Dim:(c+1)*m.Dim], x[far*m.Dim:(far+1)*m.Dim])
			dist[far] = 0
			continue
		}
		for j := range m.Dim {
			m.Centres[c*m.Dim+j] = float32(sum[c*m.Dim+j] / float64(count[c]))
		}
	}
}

// plusPlus chooses k of the rows as a start, each with a probability that grows
// with the squared distance to those chosen before.
func plusPlus(x []float32, dim, k int, rng *rand.Rand) []float32 {
	n := len(x) / dim
	centres := make([]float32, 0, k*dim)
	d2 := make([]float64, n)
	for i := range d2 {
		d2[i] = math.Inf(1)
	}
	at := rng.IntN(n)
	for {
		row := x[at*dim : (at+1)*dim]
		centres = append(centres, row...)
		if len(centres) == k*dim {
			return centres
		}
		total := 0.0
		for i := range n {
			d := float64(sqDist(x[i*dim:(i+1)*dim], row, float32(math.Inf(1))))
			d2[i] = min(d2[i], d)
			total += d2[i]
		}
		if total == 0 { // fewer different rows than centres
			at = rng.IntN(n)
			continue
		}
		u := rng.Float64() * total
		for at = 0; at < n-1; at++ {
			if u -= d2[at]; u < 0 {
				break
			}
		}
	}
}

// sqDist is the squared distance of a and b; once it is above limit, any value
// above limit may be returned.
func sqDist(a, b []float32, limit float32) float32 {
	b = b[:len(a)]
	var s float32
	for i := 0; i < len(a); {
		end := min(i+16, len(a))
		for ; i < end; i++ {
			d := a[i] - b[i]
			s += d * d
		}
		if s > limit {
			return s
		}
	}
	return s
}
