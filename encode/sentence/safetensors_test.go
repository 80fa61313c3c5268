package sentence

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"
	"testing"
)

func file(header string, data ...byte) []byte {
	return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...), data...)
}

func read(data []byte) (map[string]*tensor, error) {
	return readSafetensors(bytes.NewReader(data), int64(len(data)), func(string) bool { return true })
}

func TestReadSafetensors(t *testing.T) {
	data := file(`{"__metadata__":{"format":"pt"},
		"b":{"dtype":"BF16","shape":[2,1],"data_offsets":[8,12]},
		"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},
		"none":{"dtype":"F16","shape":[0,7],"data_offsets":[12,12]},
		"c":{"dtype":"F16","shape":[],"data_offsets":[12,14]}}  `,
		0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0x80, 0x3f, 0, 0xc0, 0, 0x3c)
	got, err := read(data)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]float32{"a": {1, -2}, "b": {1, -2}, "c": {1}, "none": {}} {
		if v := got[name].values; len(v) != len(want) || len(v) > 0 && (v[0] != want[0] || v[len(v)-1] != want[len(v)-1]) {
			t.Errorf("%s is %v, want %v", name, v, want)
		}
	}
	for n := range data {
		if _, err := read(data[:n]); err == nil {
			t.Errorf("%d of %d bytes are enough", n, len(data))
		}
	}
}

func TestHalf(t *testing.T) {
	for b := range uint16(math.MaxUint16) {
		exponent, fraction := int(b>>10&31), float64(b&1023)
		want := math.Ldexp(1+fraction/1024, exponent-15)
		switch {
		case exponent == 0:
			want = math.Ldexp(fraction, -24)
		case exponent == 31 && fraction == 0:
			want = math.Inf(1)
		case exponent == 31:
			want = math.NaN()
		}
		if b>>15 == 1 {
			want = -want
		}
		if got := float64(half(b)); got != want && !(math.IsNaN(got) && math.IsNaN(want)) || math.Signbit(got) != math.Signbit(want) && want == 0 {
			t.Fatalf("%#x is %g, want %g", b, got, want)
		}
	}
}

func TestReadSafetensorsRefuses(t *testing.T) {
	four := []byte{0, 0, 0, 0}
	for want, data := range map[string][]byte{
		"longer than the file":   append(binary.LittleEndian.AppendUint64(nil, math.MaxUint64), four...),
		"cut off":                {1, 2},
		"no JSON":                file("{"),
		"cannot unmarshal":       file(`{"a":3}`),
		`type "C64"`:             file(`{"a":{"dtype":"C64","shape":[1],"data_offsets":[0,4]}}`, four...),
		"does not fit":           file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,2]}}`, four...),
		"larger than the file":   file(`{"a":{"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,4]}}`, four...),
		"of shape [-1]":          file(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, four...),
		"does not fit its place": file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}`, four...),
		"hole":                   file(`{"a":{"dtype":"F16","shape":[1],"data_offsets":[2,4]}}`, four...),
		"overlaps":               file(`{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, four...),
		"its header is for 2":    file(`{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}`, four...),
		"for 0":                  file(`{}`, four...),
		"not supported":          file(`{"a":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}}`, four...),
		"not a number":           file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 0, 0, 0x80, 0x7f),
		"9 dimensions":           file(`{"a":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}}`, 0),
	} {
		if _, err := read(data); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func FuzzReadSafetensors(f *testing.F) {
	f.Add(file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 0, 0, 0, 0))
	f.Add(file(`{"a":{"dtype":"F16","shape":[1,2],"data_offsets":[0,4]},"b":{"dtype":"BF16","shape":[],"data_offsets":[4,6]}}`, 0, 0, 0, 0, 0, 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		tensors, err := read(data)
		if err != nil {
			return
		}
		for name, x := range tensors {
			n := int64(1)
			for _, d := range x.Shape {
				n *= d
			}
			if int64(len(x.values)) != n {
				t.Errorf("%q of shape %v has %d values", name, x.Shape, len(x.values))
			}
		}
	})
}
