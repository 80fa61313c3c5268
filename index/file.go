package index

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
)

// magic begins a file; its last byte is the format's version.
const magic = "offprint index\x01"

// Limits of a file, so that a damaged one cannot ask for all memory. What a file
// says of its rows costs memory only as they are read.
const (
	mostRows    = math.MaxInt32
	longestName = 1 << 10
)

var (
	errForeign = errors.New("index: not an index of this version: build it again")
	errDamaged = errors.New("index: the index's file is damaged: build it again")
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// WriteTo writes the index as it is now, with a checksum.
func (x *Index) WriteTo(w io.Writer) (int64, error) {
	s := x.snapshot()
	sum := crc32.New(castagnoli)
	counted := &counter{w: w}
	b := bufio.NewWriterSize(io.MultiWriter(counted, sum), 1<<16)
	var err error
	put := func(v any) {
		if err == nil {
			err = binary.Write(b, binary.LittleEndian, v)
		}
	}
	if len(s.encoder) > longestName {
		return 0, fmt.Errorf("index: the encoder's name has %d bytes, and %d fit", len(s.encoder), longestName)
	}
	put([]byte(magic))
	put(uint32(x.dim))
	put(uint32(s.rows))
	put(uint16(len(s.encoder)))
	put([]byte(s.encoder))
	for k, c := range s.chunks {
		n := min(chunkRows, s.rows-k*chunkRows)
		put(c.ids[:n])
		put(c.stale[:n])
		put(c.codes.heads[:n*headBytes])
		put(c.codes.tails[:n*tailBytes(x.dim)])
	}
	if err == nil {
		err = b.Flush()
	}
	if err == nil {
		err = binary.Write(counted, binary.LittleEndian, sum.Sum32())
	}
	if err != nil {
		return counted.n, fmt.Errorf("index: write an index: %w", err)
	}
	return counted.n, nil
}

// Read reads what [Index.WriteTo] wrote. A file that is cut off, altered or of
// another format is an error.
func Read(r io.Reader) (*Index, error) {
	sum := crc32.New(castagnoli)
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
		return nil, errForeign
	}
	var dim, total uint32
	var long uint16
	get(&dim)
	get(&total)
	get(&long)
	if err != nil || dim < 1 || dim > mostDims || total > mostRows || long > longestName {
		return nil, errDamaged
	}
	name := make([]byte, long)
	get(name)
	x, _ := New(int(dim), string(name)) // the size is right
	s := &x.now
	for s.rows < int(total) && err == nil {
		c := &chunk{codes: newRows(x.dim)}
		n := min(chunkRows, int(total)-s.rows)
		stale := make([]byte, n)
		get(c.ids[:n])
		get(stale)
		get(c.codes.heads[:n*headBytes])
		get(c.codes.tails[:n*tailBytes(x.dim)])
		for i, b := range stale {
			if b > 1 || !c.codes.measure(i) {
				return nil, errDamaged
			}
			c.stale[i] = b == 1
			s.stale += int(b)
		}
		s.chunks = append(s.chunks, c)
		for i, id := range c.ids[:n] {
			x.slots[id] = int32(s.rows + i)
		}
		s.rows += n
	}
	want := sum.Sum32()
	var got uint32
	if err == nil {
		err = binary.Read(in, binary.LittleEndian, &got)
	}
	if err != nil || got != want || len(x.slots) != s.rows {
		return nil, errDamaged
	}
	return x, nil
}

// Save writes the index to a file in a way that leaves either the old one or the
// new one, whole, whatever happens.
func (x *Index) Save(path string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("index: save: %w", err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if _, err := x.WriteTo(f); err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("index: save: %w", err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("index: save: %w", err)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("index: save: %w", err)
	}
	defer func() { _ = dir.Close() }()
	if err := dir.Sync(); err != nil {
		return fmt.Errorf("index: save: %w", err)
	}
	return nil
}

// Open reads an index from a file. The error wraps fs.ErrNotExist where there is
// none; any other means to build the index again.
func Open(path string) (*Index, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("index: open: %w", err)
	}
	defer func() { _ = f.Close() }()
	return Read(f)
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
