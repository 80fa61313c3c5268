package encode

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
)

// magic begins a file; its last byte is the format's version.
const magic = "offprint encoder\x01"

// Limits of a file, so that a damaged one cannot ask for all memory.
const (
	mostWords   = 1 << 20
	mostDims    = 1 << 12
	mostValues  = 1 << 28
	longestWord = 1 << 10
)

var errDamaged = errors.New("encode: the encoder's file is damaged: train again")

// WriteTo writes the encoder with a checksum.
func (e *Encoder) WriteTo(w io.Writer) (int64, error) {
	sum := crc32.NewIEEE()
	counted := &counter{w: w}
	b := bufio.NewWriterSize(io.MultiWriter(counted, sum), 1<<16)
	var err error
	put := func(v any) {
		if err == nil {
			err = binary.Write(b, binary.LittleEndian, v)
		}
	}
	put([]byte(magic))
	put(uint32(e.dim))
	put(uint32(len(e.words)))
	for _, word := range e.words {
		put(uint16(len(word)))
		put([]byte(word))
	}
	put(e.idf)
	put(e.mean)
	put(e.table)
	if err == nil {
		err = b.Flush()
	}
	if err == nil {
		err = binary.Write(counted, binary.LittleEndian, sum.Sum32())
	}
	if err != nil {
		return counted.n, fmt.Errorf("encode: write an encoder: %w", err)
	}
	return counted.n, nil
}

// Fingerprint returns 32 hexadecimal digits that differ between encoders which
// differ in anything, so that vectors can be told to be of another one. It reads
// the whole table, in some tens of milliseconds: keep it.
func (e *Encoder) Fingerprint() string {
	h := sha256.New()
	_, _ = e.WriteTo(h) // a hash takes all
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Read reads what [Encoder.WriteTo] wrote. A file that is cut off, altered or of
// another format is an error.
func Read(r io.Reader) (*Encoder, error) {
	sum := crc32.NewIEEE()
	in := bufio.NewReaderSize(r, 1<<16)
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
		return nil, errors.New("encode: not an encoder of this version: train again")
	}
	var dim, words uint32
	get(&dim)
	get(&words)
	if err != nil || dim < 1 || dim > mostDims || words < 1 || words > mostWords || words*dim > mostValues {
		return nil, errDamaged
	}
	e := &Encoder{dim: int(dim)}
	for range words {
		var n uint16
		get(&n)
		if err != nil || n > longestWord {
			return nil, errDamaged
		}
		word := make([]byte, n)
		get(word)
		e.words = append(e.words, string(word))
	}
	e.idf, e.mean, e.table = make([]float32, words), make([]float32, dim), make([]float32, words*dim)
	get(e.idf)
	get(e.mean)
	get(e.table)
	want := sum.Sum32()
	var got uint32
	if err == nil {
		err = binary.Read(in, binary.LittleEndian, &got)
	}
	if err != nil || got != want {
		return nil, errDamaged
	}
	for _, values := range [][]float32{e.idf, e.mean, e.table} {
		for _, v := range values {
			if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
				return nil, errDamaged
			}
		}
	}
	e.index = numbered(e.words)
	return e, nil
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
