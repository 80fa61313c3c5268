// Package backend makes the one GoMLX backend that the learned methods of a
// process share: tensors belong to a backend, so there can be but one.
//
// On Intel processors, a binary built with GOEXPERIMENT=simd should run with
// GODEBUG=cpu.fma=off. GoMLX's products, and Go 1.26's preemption of a running
// goroutine, leave the upper halves of the vector registers in use; each switch
// between the two generations of instructions then costs some 70 cycles, and
// math.Exp with fused multiply-adds switches all the time: 40 to 780 ns an
// exponential in place of 3, and 4 us a tanh. Without them it does not switch.
// The backend clears the registers after small products, which is most of the
// cure where the setting is absent. See BenchmarkSoftmax.
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
	return &rowMajor{b}, nil
})
