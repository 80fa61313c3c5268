package backend

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
)

// rowMajor is a backend that takes its matrix products row by row.
//
// GoMLX has one kernel for a product of rows with rows, and one for rows with
// columns. For anything that is neither, such as the gradients of weights, it
// transposes both sides to the first. Below largeProduct that one sums up the
// lanes of a vector register for each number of the result, which takes Intel's
// processors 100 ns: a batch of 64 through a layer of 64 x 64 takes 400 us, and
// 30 in the other form, the transposition of one side included. Larger products
// are as fast in both.
//
// Tensors remember the backend of their buffer, so buffers are wrapped as well.
type rowMajor struct{ compute.Backend }

// largeProduct is the number of multiply-adds from which GoMLX packs its
// matrices and uses other kernels.
const largeProduct = 4 << 20

func (b *rowMajor) Builder(name string) compute.Builder {
	return &builder{b.Backend.Builder(name), b}
}

func (b *rowMajor) BufferFromFlatData(device compute.DeviceNum, flat any, shape shapes.Shape) (compute.Buffer, error) {
	inner, err := b.Backend.BufferFromFlatData(device, flat, shape)
	if err != nil {
		return nil, err
	}
	return &buffer{inner, b}, nil
}

func (b *rowMajor) NewSharedBuffer(device compute.DeviceNum, shape shapes.Shape) (compute.Buffer, any, error) {
	inner, flat, err := b.Backend.NewSharedBuffer(device, shape)
	if err != nil {
		return nil, nil, err
	}
	return &buffer{inner, b}, flat, nil
}

type buffer struct {
	compute.Buffer
	backend *rowMajor
}

func (b *buffer) Backend() compute.Backend { return b.backend }

func (b *buffer) CopyToDevice(device compute.DeviceNum) (compute.Buffer, error) {
	inner, err := b.Buffer.CopyToDevice(device)
	if err != nil {
		return nil, err
	}
	return &buffer{inner, b.backend}, nil
}

type builder struct {
	compute.Builder
	backend *rowMajor
}

func (b *builder) Main() compute.Function { return &function{b.Builder.Main()} }

func (b *builder) Compile() (compute.Executable, error) {
	inner, err := b.Builder.Compile()
	if err != nil {
		return nil, err
	}
	return &executable{inner, b.backend}, nil
}

type executable struct {
	compute.Executable
	backend *rowMajor
}

func (e *executable) Execute(inputs []compute.Buffer, donate []bool, device compute.DeviceNum) ([]compute.Buffer, error) {
	inner := make([]compute.Buffer, len(inputs))
	for i, b := range inputs {
		inner[i] = b
		if w, ok := b.(*buffer); ok {
			inner[i] = w.Buffer
		}
	}
	out, err := e.Executable.Execute(inner, donate, device)
	for i, b := range out {
		out[i] = &buffer{b, e.backend}
	}
	return out, err
}

type function struct{ compute.Function }

// DotGeneral brings the left side to [batch, rows, sum] and the right one to
// [batch, sum, columns], unless it is a large product of rows with rows, which
// GoMLX does as fast. Where that moves less memory it exchanges the sides and
// transposes the result.
func (f *function) DotGeneral(lhs compute.Value, lhsSum, lhsBatch []int, rhs compute.Value, rhsSum, rhsBatch []int, config compute.DotGeneralConfig) (compute.Value, error) {
	left, err := f.Builder().OpShape(lhs)
	if err != nil {
		return nil, err
	}
	right, err := f.Builder().OpShape(rhs)
	if err != nil {
		return nil, err
	}
	rows, columns := rest(left, lhsSum, lhsBatch), rest(right, rhsSum, rhsBatch)
	result := left.Size() / sizeOf(left, lhsSum) * sizeOf(right, columns)
	large := result*sizeOf(left, lhsSum) >= largeProduct
	leftRows, rightRows := slices.Concat(lhsBatch, rows, lhsSum), slices.Concat(rhsBatch, columns, rhsSum)
	if len(rows) == 0 || len(columns) == 0 || large && slices.IsSorted(leftRows) && slices.IsSorted(rightRows) {
		return f.Function.DotGeneral(lhs, lhsSum, lhsBatch, rhs, rhsSum, rhsBatch, config)
	}
	leftColumns, rightColumns := slices.Concat(lhsBatch, lhsSum, rows), slices.Concat(rhsBatch, rhsSum, columns)
	exchange := result+moved(left, leftColumns)+moved(right, rightRows) < moved(left, leftRows)+moved(right, rightColumns)
	if exchange {
		lhs, rhs = rhs, lhs
		leftRows, rightColumns = rightRows, leftColumns
	}
	if lhs, err = f.transpose(lhs, leftRows); err != nil {
		return nil, err
	}
	if rhs, err = f.transpose(rhs, rightColumns); err != nil {
		return nil, err
	}
	b, n := len(lhsBatch), len(lhsSum)
	batch := count(0, b)
	y, err := f.Function.DotGeneral(lhs, count(len(leftRows)-n, n), batch, rhs, count(b, n), batch, config)
	if err != nil {
		return nil, err
	}
	if !large {
		if y, err = f.copied(y); err != nil {
			return nil, err
		}
	}
	if !exchange {
		return y, nil
	}
	return f.transpose(y, slices.Concat(batch, count(b+len(columns), len(rows)), count(b, len(columns))))
}

// moved is the number of values that a transposition to an order of axes moves.
func moved(s shapes.Shape, order []int) int {
	if slices.IsSorted(order) {
		return 0
	}
	return s.Size()
}

// sizeOf is the product of some dimensions.
func sizeOf(s shapes.Shape, axes []int) int {
	n := 1
	for _, a := range axes {
		n *= s.Dimensions[a]
	}
	return n
}

// copied copies the result of a product, because Go's copying of 257 to 2,047
// bytes clears the vector registers: see the package comment. A result that has
// no rows of that length stays as it is.
func (f *function) copied(y compute.Value) (compute.Value, error) {
	shape, err := f.Builder().OpShape(y)
	if err != nil {
		return nil, err
	}
	size, width := shape.Size(), int(shape.DType.Size())
	row := 2047 / width
	for row*width > 256 && size%row != 0 {
		row--
	}
	if row*width <= 256 {
		return y, nil
	}
	rows, err := f.Reshape(y, size/row, row)
	if err != nil {
		return nil, err
	}
	if rows, err = f.Concatenate(1, rows); err != nil { // of one: it always copies
		return nil, err
	}
	return f.Reshape(rows, shape.Dimensions...)
}

func (f *function) transpose(x compute.Value, axes []int) (compute.Value, error) {
	if slices.IsSorted(axes) {
		return x, nil
	}
	return f.Transpose(x, axes...)
}

// rest are the axes of a shape that are in neither list.
func rest(s shapes.Shape, a, b []int) []int {
	var axes []int
	for i := range s.Rank() {
		if !slices.Contains(a, i) && !slices.Contains(b, i) {
			axes = append(axes, i)
		}
	}
	return axes
}

// count returns n numbers from the first on.
func count(first, n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = first + i
	}
	return s
}
