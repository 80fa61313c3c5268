package fulltext

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/offprint/offprint"
)

func randomList(r *rand.Rand, n, limit int) (docs []uint32, tfs []byte) {
	for _, d := range r.Perm(limit)[:n] {
		docs = append(docs, uint32(d))
		tfs = append(tfs, byte(1+r.IntN(255)))
	}
	slices.Sort(docs)
	return docs, tfs
}

func TestCursor(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for _, n := range []int{1, 2, 127, 128, 129, 256, 1000, 5000} {
		limit := n + r.IntN(5*n)
		docs, tfs := randomList(r, n, limit)
		if n%2 == 0 {
			tfs = nil
		}
		var scratch []byte
		data := appendList(nil, docs, tfs, &scratch)
		fresh := func() *cursor { return newCursor(data, n, tfs != nil, uint32(limit)) }

		if got, gotTFs := fresh().all(); !slices.Equal(got, docs) || !bytes.Equal(gotTFs, tfs) {
			t.Fatalf("%d postings: all differ", n)
		}
		for range 50 {
			c := fresh()
			step := 1 + r.IntN(n)
			for target := uint32(0); ; target += uint32(1 + r.IntN(step)) {
				i, _ := slices.BinarySearch(docs, target)
				got := c.seek(target)
				if i == n {
					if got != noDoc || c.err != nil {
						t.Fatalf("after the end: %d, %v", got, c.err)
					}
					break
				}
				if got != docs[i] || c.doc() != got || c.rank() != i || tfs != nil && c.tf() != int(tfs[i]) {
					t.Fatalf("%d postings, seek(%d): %d at %d, want %d at %d", n, target, got, c.rank(), docs[i], i)
				}
				target = got
			}
		}
	}
}

func TestPositions(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for _, n := range []int{1, 100, 128, 129, 700} {
		var groups []byte
		var ends []uint32
		want := make([][]uint32, n)
		for i := range want {
			for range r.IntN(5) {
				want[i] = append(want[i], uint32(r.IntN(authorEnd)))
			}
			slices.Sort(want[i])
			groups = appendGroup(groups, want[i])
			ends = append(ends, uint32(len(groups)))
		}
		data := appendPositions(nil, groups, ends)
		for range 20 {
			reader, err := newPositionReader(data, n)
			if err != nil {
				t.Fatal(err)
			}
			for i := r.IntN(5); i < n; i += 1 + r.IntN(1+r.IntN(200)) {
				if got, err := reader.at(i); err != nil || !slices.Equal(got, want[i]) {
					t.Fatalf("positions %d of %d: %v (%v), want %v", i, n, got, err, want[i])
				}
			}
		}
	}
}

func FuzzCursor(f *testing.F) {
	var scratch []byte
	docs, tfs := randomList(rand.New(rand.NewPCG(5, 5)), 300, 1000)
	f.Add(appendList(nil, docs, tfs, &scratch), 300, true, 1000, uint32(7))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff}, 1, false, 1, uint32(0))
	f.Fuzz(func(t *testing.T, data []byte, df int, hasTF bool, limit int, step uint32) {
		if limit < 1 || limit > maxDocs {
			return
		}
		c := newCursor(data, df, hasTF, uint32(limit))
		last, n := -1, 0
		for doc := c.seek(0); doc != noDoc; doc = c.seek(doc + 1 + step%1000) {
			if int(doc) <= last || int(doc) >= limit || c.tf() > maxTF {
				t.Fatalf("%d after %d of %d", doc, last, limit)
			}
			last = int(doc)
			n++
		}
		if c.err != nil && !errors.Is(c.err, ErrCorrupt) {
			t.Fatal(c.err)
		}
	})
}

func FuzzOpenSegment(f *testing.F) {
	f.Add(appendSegment(nil, []int64{1, 7}, []uint32{3, 4}, []offprint.Date{0, 20000}, []string{"a", "b"}, 1))
	f.Add([]byte{segmentVersion, 0xff, 0xff, 0xff, 0x07})
	f.Fuzz(func(t *testing.T, table []byte) {
		s, err := OpenSegment(1, table)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		again, err := OpenSegment(1, appendSegment(nil, s.ids, s.lengths, s.listed, s.firsts, s.posBlocks))
		if err != nil || !slices.Equal(again.ids, s.ids) || !slices.Equal(again.firsts, s.firsts) {
			t.Fatalf("written again: %v", err)
		}
	})
}

// FuzzCorruptBlock changes or cuts a block: searching and merging then give a
// result or an error, and nothing worse.
func FuzzCorruptBlock(f *testing.F) {
	r := rand.New(rand.NewPCG(6, 6))
	m := newMemory()
	for part := range int64(2) {
		var papers []*offprint.Paper
		for i := range int64(300) {
			papers = append(papers, randomPaper(r, 1+2*i+part))
		}
		if err := m.add(papers...); err != nil {
			f.Fatal(err)
		}
	}
	if err := m.remove(3, 4, 5); err != nil {
		f.Fatal(err)
	}
	refs := slices.SortedFunc(maps.Keys(m.blocks), func(a, b BlockRef) int {
		return bytes.Compare(fmt.Append(nil, a), fmt.Append(nil, b))
	})
	var queries []Request
	for _, q := range []string{"deep learning", `"deep learning model"`, "le* gp*", "gpt-4 -embed", `author:"jane doe" cat:cs`, "attention -has:code"} {
		parsed, err := offprint.ParseQuery(q)
		if err != nil {
			f.Fatal(err)
		}
		queries = append(queries, Request{Query: parsed})
	}
	for i := range 200 {
		f.Add(uint(i), uint(i*37), byte(1<<(i%8)), i%10 == 0)
	}
	f.Fuzz(func(t *testing.T, block, offset uint, flip byte, cut bool) {
		ref := refs[block%uint(len(refs))]
		bad := bytes.Clone(m.blocks[ref])
		at := offset % uint(len(bad))
		bad[at] ^= flip
		if cut {
			bad = bad[:at]
		}
		broken := memory{segments: m.segments, blocks: maps.Clone(m.blocks), next: 100}
		broken.blocks[ref] = bad
		check := func(err error) {
			if err != nil && !errors.Is(err, ErrCorrupt) {
				t.Fatal(err)
			}
		}
		for _, q := range queries {
			_, _, err := broken.index().Top(q, 10)
			check(err)
			_, err = broken.index().Match(q)
			check(err)
		}
		broken.segments = slices.Clone(m.segments)
		check(broken.merge(0, 2))
	})
}

func BenchmarkPositions(b *testing.B) {
	r := rand.New(rand.NewPCG(8, 8))
	var groups []byte
	var ends []uint32
	const n = 10_000
	for range n {
		var positions []uint32
		for range 1 + r.IntN(4) {
			positions = append(positions, uint32(textStart+r.IntN(200)))
		}
		slices.Sort(positions)
		groups = appendGroup(groups, positions)
		ends = append(ends, uint32(len(groups)))
	}
	data := appendPositions(nil, groups, ends)
	for b.Loop() {
		reader, err := newPositionReader(data, n)
		if err != nil {
			b.Fatal(err)
		}
		for i := range n {
			if _, err := reader.at(i); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/posting")
}
