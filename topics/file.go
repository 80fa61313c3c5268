package topics

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"github.com/offprint/offprint"
)

// magic begins a file; its last byte is the format's version.
const magic = "offprint topics\x01"

// Limits of a file, so that a damaged one cannot ask for all memory.
const (
	mostDims     = 1 << 12
	longestText  = 1 << 10
	mostOfATopic = 1 << 8 // words, or examples
)

var errDamaged = errors.New("topics: the file of topics is damaged: train again")

// WriteTo writes the topics with a checksum.
func (m *Model) WriteTo(w io.Writer) (int64, error) {
	sum := crc32.NewIEEE()
	out := &writer{counted: &counter{w: w}}
	out.b = bufio.NewWriter(io.MultiWriter(out.counted, sum))
	out.put([]byte(magic))
	out.put([]uint32{uint32(m.Dim), uint32(m.First), uint32(len(m.Weekly)), uint32(len(m.Topics))})
	out.put(m.Weekly)
	out.put(m.sharpness)
	for k := range m.Topics {
		t := &m.Topics[k]
		out.texts(t.Slug, t.Name)
		out.put(uint32(len(t.Words)))
		out.texts(t.Words...)
		out.put(t.Centre)
		out.put(uint32(t.Papers))
		out.put(t.Weekly)
		out.put(uint32(len(t.Examples)))
		out.put(t.Examples)
		out.put(t.Trend)
	}
	if out.err == nil {
		out.err = out.b.Flush()
	}
	if out.err == nil {
		out.err = binary.Write(out.counted, binary.LittleEndian, sum.Sum32())
	}
	if out.err != nil {
		return out.counted.n, fmt.Errorf("topics: write: %w", out.err)
	}
	return out.counted.n, nil
}

// Read reads what [Model.WriteTo] wrote. A file that is cut off, altered or of
// another format is an error.
func Read(r io.Reader) (*Model, error) {
	in := &reader{sum: crc32.NewIEEE(), raw: bufio.NewReader(r)}
	in.r = io.TeeReader(in.raw, in.sum)
	head := make([]byte, len(magic))
	in.get(head)
	if in.err != nil || string(head) != magic {
		return nil, errors.New("topics: not topics of this version: train again")
	}
	var first uint32
	m := &Model{Dim: in.number(1, mostDims)}
	in.get(&first)
	m.First = offprint.Date(first)
	weeks, topics := in.number(0, mostWeeks), in.number(1, mostTopics)
	m.Weekly = make([]int32, weeks)
	in.get(m.Weekly)
	in.get(&m.sharpness)
	slugs := make(map[string]bool)
	for range topics {
		t := Topic{Slug: in.text(), Name: in.text()}
		for range in.number(0, mostOfATopic) {
			t.Words = append(t.Words, in.text())
		}
		t.Centre = make([]float32, m.Dim)
		in.get(t.Centre)
		t.Papers = in.number(0, math.MaxInt32)
		t.Weekly = make([]int32, weeks)
		in.get(t.Weekly)
		t.Examples = make([]int64, in.number(0, mostOfATopic))
		in.get(t.Examples)
		in.get(&t.Trend)
		if in.err != nil || slugs[t.Slug] || !t.sound() {
			return nil, errDamaged
		}
		slugs[t.Slug] = true
		m.Topics = append(m.Topics, t)
	}
	want := in.sum.Sum32()
	var got uint32
	if in.err == nil {
		in.err = binary.Read(in.raw, binary.LittleEndian, &got)
	}
	if in.err != nil || got != want || !finite(m.sharpness) {
		return nil, errDamaged
	}
	return m, nil
}

func (t *Topic) sound() bool {
	return finite(t.Centre...) && finite(float32(t.Trend.Z), float32(t.Trend.Change)) && !(t.Trend.Rising && t.Trend.Falling)
}

func finite(values ...float32) bool {
	for _, v := range values {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return false
		}
	}
	return true
}

// writer writes values until an error.
type writer struct {
	counted *counter
	b       *bufio.Writer
	err     error
}

func (w *writer) put(v any) {
	if w.err == nil {
		w.err = binary.Write(w.b, binary.LittleEndian, v)
	}
}

func (w *writer) texts(texts ...string) {
	for _, s := range texts {
		if len(s) > longestText && w.err == nil {
			w.err = fmt.Errorf("a text of %d bytes", len(s))
		}
		w.put(uint16(len(s)))
		w.put([]byte(s))
	}
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

// reader reads values until an error.
type reader struct {
	raw *bufio.Reader
	r   io.Reader // raw, summed up
	sum hash32
	err error
}

type hash32 interface {
	io.Writer
	Sum32() uint32
}

func (r *reader) get(v any) {
	if r.err == nil {
		r.err = binary.Read(r.r, binary.LittleEndian, v)
	}
}

// number reads one that must be within bounds.
func (r *reader) number(least, most uint32) int {
	var n uint32
	r.get(&n)
	if r.err == nil && (n < least || n > most) {
		r.err = errDamaged
	}
	if r.err != nil {
		return int(least)
	}
	return int(n)
}

func (r *reader) text() string {
	var n uint16
	r.get(&n)
	if r.err == nil && n > longestText {
		r.err = errDamaged
	}
	if r.err != nil {
		return ""
	}
	b := make([]byte, n)
	r.get(b)
	return string(b)
}
