package lab

import (
	"encoding/json"
	"math"
	"strconv"
)

// Number is a float64 that JSON can hold when it is not finite, too: as the
// strings "NaN", "+Inf" and "-Inf". A run that diverges must be able to say so.
type Number float64

// MarshalJSON implements [json.Marshaler].
func (n Number) MarshalJSON() ([]byte, error) {
	f := float64(n)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return strconv.AppendQuote(nil, strconv.FormatFloat(f, 'g', -1, 64)), nil
	}
	return json.Marshal(f)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (n *Number) UnmarshalJSON(b []byte) error {
	var f float64
	if len(b) > 0 && b[0] == '"' {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return err
		}
		*n = Number(f)
		return nil
	}
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	*n = Number(f)
	return nil
}

// String writes four significant digits.
func (n Number) String() string { return strconv.FormatFloat(float64(n), 'g', 4, 64) }
