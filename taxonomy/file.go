package taxonomy

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
)

// magic begins a file; its last byte is the format's version.
const magic = "offprint categories\x02"

// Limits of a file, so that a damaged one cannot ask for all memory.
const (
	mostDims    = 1 << 12
	longestName = 1 << 8
)

var errDamaged = errors.New("taxonomy: the file of categories is damaged: train again")

// WriteTo writes the guesser with a checksum.
func (g *Guesser) WriteTo(w io.Writer) (int64, error) {
	sum, counted := crc32.NewIEEE(), &counter{w: w}
	b := bufio.NewWriter(io.MultiWriter(counted, sum))
	var err error
	put := func(v any) {
		if err == nil {
			err = binary.Write(b, binary.LittleEndian, v)
		}
	}
	put([]byte(magic))
	put([]uint32{uint32(g.dim), uint32(len(g.names))})
	for _, name := range g.names {
		put(uint16(len(name)))
		put([]byte(name))
	}
	put(g.slope)
	put(g.offsets)
	put(g.weights)
	put(g.bias)
	if err == nil {
		err = b.Flush()
	}
	if err == nil {
		err = binary.Write(counted, binary.LittleEndian, sum.Sum32())
	}
	if err != nil {
		return counted.n, fmt.Errorf("taxonomy: write: %w", err)
	}
	return counted.n, nil
}

// Read reads what [Guesser.WriteTo] wrote. A file that is cut off, altered or of
// another format is an error.
func Read(r io.Reader) (*Guesser, error) {
	sum, in := crc32.NewIEEE(), bufio.NewReader(r)
	b := io.TeeReader(in, sum)
	var err error
	get := func(v any) {
		if err == nil {
			err = binary.Read(b, binary.LittleEndian, v)
		}
	}
	head := make([]byte, len(magic))
	get(head)
	if err != nil || string(head) != magic {
		return nil, errors.New("taxonomy: not categories of this version: train again")
	}
	var dim, names uint32
	get(&dim)
	get(&names)
	if err != nil || dim < 1 || dim > mostDims || names < 2 || names > mostCategories {
		return nil, errDamaged
	}
	g := &Guesser{dim: int(dim)}
	for range names {
		var n uint16
		get(&n)
		if err != nil || n > longestName {
			return nil, errDamaged
		}
		name := make([]byte, n)
		get(name)
		g.names = append(g.names, string(name))
	}
	g.weights, g.bias, g.offsets = make([]float32, names*dim), make([]float32, names), make([]float32, names)
	get(&g.slope)
	get(g.offsets)
	get(g.weights)
	get(g.bias)
	want := sum.Sum32()
	var got uint32
	if err == nil {
		err = binary.Read(in, binary.LittleEndian, &got)
	}
	if err != nil || got != want {
		return nil, errDamaged
	}
	for _, values := range [][]float32{{g.slope}, g.offsets, g.weights, g.bias} {
		for _, v := range values {
			if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
				return nil, errDamaged
			}
		}
	}
	if err := g.measure(); err != nil {
		return nil, errDamaged
	}
	return g, nil
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
