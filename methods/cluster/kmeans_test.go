package cluster

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/offprint/offprint/methods/random"
)

func TestFindsSeparatedGroups(t *testing.T) {
	for seed := range uint64(5) {
		rng := random.New(seed, 1)
		const groups, each, dim = 4, 50, 3
		var x []float32
		for g := range groups {
			for range each {
				for j := range dim {
					v := rng.NormFloat64() * .1
					if j == g%dim {
						v += 10 * float64(1+g)
					}
					x = append(x, float32(v))
				}
			}
		}
		m, err := Fit(t.Context(), x, dim, groups, 50, rng)
		if err != nil {
			t.Fatal(err)
		}
		for g := range groups {
			for i := range each {
				if m.Assign[g*each+i] != m.Assign[g*each] {
					t.Fatalf("seed %d: group %d is split", seed, g)
				}
			}
		}
	}
}

// With as many centres as different vectors nothing is lost.
func TestAllCentres(t *testing.T) {
	rng := random.New(1, 1)
	x := make([]float32, 20*2)
	random.Normal(rng, x, 1)
	m, err := Fit(t.Context(), x, 2, 20, 50, rng)
	if err != nil || m.Inertia > 1e-9 {
		t.Errorf("inertia %v, %v; want 0", m.Inertia, err)
	}
}

// More rounds never make the sum of squared distances larger.
func TestInertiaFalls(t *testing.T) {
	x := make([]float32, 500*8)
	random.Normal(random.New(2, 1), x, 1)
	last := math.Inf(1)
	for rounds := 1; rounds < 12; rounds++ {
		m, err := Fit(t.Context(), x, 8, 10, rounds, random.New(3, 1))
		if err != nil {
			t.Fatal(err)
		}
		if m.Inertia > last*(1+1e-6) {
			t.Fatalf("round %d: inertia %v after %v", rounds, m.Inertia, last)
		}
		last = m.Inertia
	}
}

func TestBadInput(t *testing.T) {
	if _, err := Fit(t.Context(), make([]float32, 5), 2, 1, 1, random.New(1, 1)); err == nil {
		t.Error("a half row is taken")
	}
	if _, err := Fit(t.Context(), make([]float32, 4), 2, 3, 1, random.New(1, 1)); err == nil {
		t.Error("more clusters than vectors are taken")
	}
}

func ExampleFit() {
	x := []float32{0, 0.1, 5, 5.1}
	m, _ := Fit(context.Background(), x, 1, 2, 10, random.New(1, 1))
	fmt.Println(m.Assign[0] == m.Assign[1], m.Assign[1] == m.Assign[2])
	// Output: true false
}
