package backend

import "github.com/gomlx/compute"

// cleared is a backend that copies the result of each matrix product.
//
// GoMLX's vector kernels leave the upper halves of the vector registers in use.
// On Intel processors each switch between instructions of the two generations
// then costs some 70 cycles, and Go's math.Exp switches many times: after a
// product an exponential takes 40 to 780 ns in place of 3, a tanh 4 us, until
// something clears the registers. Go's copying of memory does, and takes a
// hundredth of the product's time: see BenchmarkSoftmax. Without
// GOEXPERIMENT=simd, and on AMD, there is nothing to gain.
//
// It is not the whole cure: built with that experiment, Go's preemption of a
// running goroutine leaves the registers in use as well (Go 1.26).
type cleared struct{ compute.Backend }

func (b *cleared) Builder(name string) compute.Builder {
	return &clearedBuilder{b.Backend.Builder(name)}
}

type clearedBuilder struct{ compute.Builder }

func (b *clearedBuilder) Main() compute.Function { return &clearedFunction{b.Builder.Main()} }

type clearedFunction struct{ compute.Function }

func (f *clearedFunction) DotGeneral(lhs compute.Value, lhsContract, lhsBatch []int, rhs compute.Value, rhsContract, rhsBatch []int, config compute.DotGeneralConfig) (compute.Value, error) {
	y, err := f.Function.DotGeneral(lhs, lhsContract, lhsBatch, rhs, rhsContract, rhsBatch, config)
	if err != nil {
		return nil, err
	}
	return f.copied(y)
}

func (f *clearedFunction) FusedDense(x, weight, bias compute.Value, activation compute.ActivationType) (compute.Value, error) {
	y, err := f.Function.FusedDense(x, weight, bias, activation)
	if err != nil {
		return nil, err
	}
	return f.copied(y)
}

// copied is a concatenation of one, the operation that always copies. It goes by
// rows of 260 to 2,044 bytes: Go copies fewer or more of them at a time without
// the instructions that it clears the registers after.
func (f *clearedFunction) copied(y compute.Value) (compute.Value, error) {
	shape, err := f.Builder().OpShape(y)
	if err != nil {
		return nil, err
	}
	size, width := shape.Size(), int(shape.DType.Size())
	row := 2044 / width
	for row*width > 256 && size%row != 0 {
		row--
	}
	if row*width <= 256 {
		return y, nil // a small result, or one without such rows
	}
	rows, err := f.Reshape(y, size/row, row)
	if err != nil {
		return nil, err
	}
	if rows, err = f.Concatenate(1, rows); err != nil {
		return nil, err
	}
	return f.Reshape(rows, shape.Dimensions...)
}
