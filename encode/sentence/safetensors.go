package sentence

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// Limits of a file of weights, so that a damaged one cannot ask for all memory.
const (
	longestHeader = 8 << 20
	mostRank      = 8
	mostWeights   = 8 << 30 // bytes
)

// tensor is what a safetensors file's header says of one, and its values where
// they were wanted.
type tensor struct {
	DType   string    `json:"dtype"`
	Shape   []int64   `json:"shape"`
	Offsets [2]int64  `json:"data_offsets"`
	name    string    // in the file
	values  []float32 // row by row
}

// width is the number of bytes of a value, by its type.
var width = map[string]int64{
	"BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1,
	"U16": 2, "I16": 2, "F16": 2, "BF16": 2,
	"U32": 4, "I32": 4, "F32": 4,
	"U64": 8, "I64": 8, "F64": 8,
}

// readSafetensors reads a safetensors file of the given size: 8 bytes with the
// length of a JSON header, the header, and the tensors' bytes, which fill the rest
// without holes or overlaps. Of the tensors whose names are wanted, the values are
// kept, as float32.
func readSafetensors(r io.Reader, size int64, wanted func(name string) bool) (map[string]*tensor, error) {
	in := bufio.NewReaderSize(r, 1<<20)
	var length uint64
	if err := binary.Read(in, binary.LittleEndian, &length); err != nil {
		return nil, errors.New("it is cut off")
	}
	if size > mostWeights {
		return nil, fmt.Errorf("it has more than %d GiB", mostWeights>>30)
	}
	if length > longestHeader || int64(length) > size-8 {
		return nil, fmt.Errorf("its header of %d bytes is longer than the file, or than is allowed", length)
	}
	header := make([]byte, length)
	if _, err := io.ReadFull(in, header); err != nil {
		return nil, errors.New("it is cut off")
	}
	order, err := tensorsOf(header, size-8-int64(length))
	if err != nil {
		return nil, err
	}
	tensors := make(map[string]*tensor, len(order))
	for _, t := range order {
		tensors[t.name] = t
		bytes := t.Offsets[1] - t.Offsets[0]
		if !wanted(t.name) {
			if _, err := io.CopyN(io.Discard, in, bytes); err != nil {
				return nil, errors.New("it is cut off")
			}
			continue
		}
		if t.values, err = readValues(in, t.DType, int(bytes)); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", t.name, err)
		}
	}
	return tensors, nil
}

// tensorsOf reads a header, and checks it against the number of bytes that follow.
func tensorsOf(header []byte, rest int64) ([]*tensor, error) {
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(header, &entries); err != nil {
		return nil, fmt.Errorf("its header is no JSON: %w", err)
	}
	delete(entries, "__metadata__")
	order := make([]*tensor, 0, len(entries))
	for name, entry := range entries {
		t := &tensor{name: name}
		if err := json.Unmarshal(entry, t); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		bytes, ok := width[t.DType]
		if !ok || len(t.Shape) > mostRank {
			return nil, fmt.Errorf("tensor %q has %d dimensions and the type %q, which is unknown", name, len(t.Shape), t.DType)
		}
		for _, n := range t.Shape {
			if n < 0 || n > 0 && bytes > rest/n {
				return nil, fmt.Errorf("tensor %q of shape %v is larger than the file", name, t.Shape)
			}
			bytes *= n
		}
		if t.Offsets[0] < 0 || t.Offsets[1] > rest || t.Offsets[1]-t.Offsets[0] != bytes {
			return nil, fmt.Errorf("tensor %q of shape %v does not fit its place in the file", name, t.Shape)
		}
		order = append(order, t)
	}
	slices.SortFunc(order, func(a, b *tensor) int {
		return cmp.Or(cmp.Compare(a.Offsets[0], b.Offsets[0]), cmp.Compare(a.Offsets[1], b.Offsets[1]))
	})
	// A name that is there twice leaves a hole, too.
	at := int64(0)
	for _, t := range order {
		if t.Offsets[0] != at {
			return nil, fmt.Errorf("tensor %q leaves a hole or overlaps another", t.name)
		}
		at = t.Offsets[1]
	}
	if at != rest {
		return nil, fmt.Errorf("it has %d bytes of tensors, and its header is for %d", rest, at)
	}
	return order, nil
}

var errNotFinite = errors.New("a value is infinite or not a number")

func readValues(r io.Reader, dtype string, size int) ([]float32, error) {
	values := make([]float32, 0, size/int(width[dtype]))
	chunk := make([]byte, 1<<16)
	for ; size > 0; size -= len(chunk) {
		chunk = chunk[:min(len(chunk), size)]
		if _, err := io.ReadFull(r, chunk); err != nil {
			return nil, errors.New("it is cut off")
		}
		switch dtype {
		case "F32":
			for i := 0; i < len(chunk); i += 4 {
				values = append(values, math.Float32frombits(binary.LittleEndian.Uint32(chunk[i:])))
			}
		case "BF16":
			for i := 0; i < len(chunk); i += 2 {
				values = append(values, math.Float32frombits(uint32(binary.LittleEndian.Uint16(chunk[i:]))<<16))
			}
		case "F16":
			for i := 0; i < len(chunk); i += 2 {
				values = append(values, half(binary.LittleEndian.Uint16(chunk[i:])))
			}
		default:
			return nil, fmt.Errorf("values of type %s are not supported: save the model with F32, F16 or BF16", dtype)
		}
	}
	for _, v := range values {
		if v-v != 0 {
			return nil, errNotFinite
		}
	}
	return values, nil
}

// half returns a half-precision number: a sign, 5 bits of exponent, 10 of fraction.
func half(b uint16) float32 {
	sign, exponent, fraction := uint32(b&0x8000)<<16, uint32(b>>10&31), uint32(b&0x3ff)
	switch exponent {
	case 0: // fraction 2^-24
		v := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 31:
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}
