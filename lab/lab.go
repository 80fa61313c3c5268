// Package lab says what a reproduction is, runs it, and reports what came out.
//
// A [Reproduction] shows the core claim of one paper at a small scale, with the
// method beside its baselines, and can fail: it states checks, each with a bar,
// and broken variants, each of which must fail at least one check. The
// reproductions themselves are in the packages below this one, a folder a
// family, and are listed in package catalogue.
package lab

import (
	"context"
	"time"

	"github.com/offprint/offprint"
)

// State is how far a paper's claim has been reproduced here.
type State string

// The states. A paper that has no reproduction is not yet.
const (
	Reproduced State = "reproduced" // the claim's direction and margin hold, over the seeds, and the broken variants fail
	Partly     State = "partly"     // works as described, but a named part of the claim does not hold here
	NotYet     State = "not yet"
)

// Reproduction shows the claim of one paper.
type Reproduction struct {
	Slug    string // as in the founding list: "mrl"
	Claim   string // one sentence: what must hold
	State   State
	Missing string // with Partly: which part does not hold, and by how much
	Method  string // the variant that is the paper's method, as its metrics name it
	Package string // import path of the method below the module, such as methods/embed/mrl

	Time     time.Duration // expected on 2 cores
	FullTime time.Duration // expected with --full
	DataSets []string      // names in package dataset
	Serves   string        // where the service uses the method; empty if nowhere

	// Run measures the method and its baselines, and reports through r. It
	// returns soon after ctx is done. An error means that it could not be run,
	// not that a check failed.
	Run func(ctx context.Context, r *Run) error

	// Broken are wrong variants: the method without the part that matters.
	// Run builds the one that [Run.Broken] names.
	Broken []BrokenVariant
}

// BrokenVariant is a wrong variant of a method that must fail a check.
type BrokenVariant struct {
	Name string // as in "offprint run SLUG --broken NAME"
	What string // what is wrong with it, in one sentence
}

// Options choose how a reproduction is run.
type Options struct {
	Full   bool   // the size that a patient reader wants
	Seed   uint64 // first of the seeds
	Broken string // name of a broken variant; empty for the method itself
}

// Relation is how a measured value must stand to its bar.
type Relation string

// The relations of a [Check].
const (
	AtLeast Relation = "≥"
	AtMost  Relation = "≤"
)

// Check is one thing that must hold.
type Check struct {
	Name     string   `json:"name"`
	Measured Number   `json:"measured"`
	Relation Relation `json:"relation"`
	Bar      Number   `json:"bar"`
	Passed   bool     `json:"passed"`
}

// Metric is one figure of one variant with one seed.
type Metric struct {
	Name    string `json:"name"`    // what was measured: "MRR, 8 dimensions"
	Variant string `json:"variant"` // the method or a baseline: "MRL", "PCA"
	Seed    uint64 `json:"seed"`
	Value   Number `json:"value"`
	Unit    string `json:"unit,omitempty"`
}

// Progress is how far a run has come.
type Progress struct {
	Done    float64 `json:"done"` // 0 to 1
	Message string  `json:"message"`
}

// Entry is a paper of the founding list with its reproduction, if it has one.
type Entry struct {
	offprint.FoundingPaper
	State        State
	Reproduction *Reproduction // nil while State is NotYet
}
