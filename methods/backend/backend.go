// Package backend makes the one GoMLX backend that the learned methods of a
// process share: tensors belong to a backend, so there can be but one.
package backend

import (
	"fmt"
	"os"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
)

// sequential makes the Go backend run a graph's operations one after the other.
// Its parallel executor can deadlock: nodes hold places in its pool while they
// wait for more. What can run side by side are whole graphs (one seed each).
const sequential = "ops_sequential"

// Get returns the backend. OFFPRINT_GOBACKEND changes the options of GoMLX's Go
// backend for measurements.
var Get = sync.OnceValues(func() (compute.Backend, error) {
	options := sequential
	if o, ok := os.LookupEnv("OFFPRINT_GOBACKEND"); ok {
		options = o
	}
	b, err := gobackend.New(options)
	if err != nil {
		return nil, fmt.Errorf("backend %q: %w", options, err)
	}
	return &cleared{b}, nil
})
