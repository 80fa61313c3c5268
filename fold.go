package offprint

import (
	"strings"
	"unicode"
)

// FoldName returns s in the form in which names are compared: lower case,
// without diacritics, with single spaces for punctuation and white space.
// "Šimon Đorđević-O’Brien" and "SIMON DORDEVIC O'BRIEN" fold to the same.
func FoldName(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	space := false
	for _, r := range s {
		r = unicode.ToLower(r)
		switch {
		case r >= 0x300 && r <= 0x36f: // combining diacritics
			continue
		case unicode.In(r, unicode.Lm): // typographic apostrophes and the like
			space = true
		case unicode.In(r, unicode.L, unicode.N, unicode.M):
			if space && b.Len() > 0 {
				b.WriteByte(' ')
			}
			space = false
			if plain, ok := plainLetters[r]; ok {
				b.WriteString(plain)
			} else {
				b.WriteRune(r)
			}
		default:
			space = true
		}
	}
	return b.String()
}

// plainLetters gives the plain spelling of lower-case letters and digits that
// have one.
var plainLetters = func() map[rune]string {
	m := make(map[rune]string)
	for plain, letters := range map[string]string{
		"0": "⁰₀", "1": "¹₁", "2": "²₂", "3": "³₃", "4": "⁴₄", "5": "⁵₅", "6": "⁶₆", "7": "⁷₇", "8": "⁸₈", "9": "⁹₉",

		"a":  "ªàáâãäåāăąǎǟǡǻȁȃȧḁạảấầẩẫậắằẳẵặₐ",
		"ae": "æǣǽ",
		"b":  "ƀḃḅḇ",
		"c":  "çćĉċčḉ",
		"d":  "ðďđḋḍḏḑḓ",
		"dz": "ǆǳ",
		"e":  "èéêëēĕėęěȅȇȩḕḗḙḛḝẹẻẽếềểễệₑ",
		"f":  "ƒḟ", "ff": "ﬀ", "ffi": "ﬃ", "ffl": "ﬄ", "fi": "ﬁ", "fl": "ﬂ",
		"g":  "ĝğġģǥǧǵḡ",
		"h":  "ĥħȟḣḥḧḩḫẖₕ",
		"i":  "ìíîïĩīĭįıǐȉȋḭḯỉịⁱ",
		"ij": "ĳ",
		"j":  "ĵǰȷ",
		"k":  "ķĸƙǩḱḳḵₖ",
		"l":  "ĺļľŀłḷḹḻḽₗℓ", "lj": "ǉ",
		"m":  "ḿṁṃₘ",
		"n":  "ñńņňŉǹṅṇṉṋⁿₙ",
		"ng": "ŋ", "nj": "ǌ",
		"o":  "ºòóôõöøōŏőơǒǫǭǿȍȏȫȭȯȱṍṏṑṓọỏốồổỗộớờởỡợₒ",
		"oe": "œ",
		"p":  "ƥṕṗₚ",
		"r":  "ŕŗřȑȓṙṛṝṟ",
		"s":  "śŝşšſșṡṣṥṧṩẛₛ",
		"ss": "ß", "st": "ﬅﬆ",
		"t":  "ţťŧƭțṫṭṯṱẗₜ",
		"th": "þ",
		"u":  "ùúûüũūŭůűųưǔǖǘǚǜȕȗṳṵṷṹṻụủứừửữự",
		"v":  "ṽṿ",
		"w":  "ŵẁẃẅẇẉẘ",
		"x":  "ẋẍₓ",
		"y":  "ýÿŷƴȳẏẙỳỵỷỹ",
		"z":  "źżžƶẑẓẕ",

		"α": "ά", "ε": "έ", "η": "ή", "ι": "ΐίϊ", "μ": "µ", "ο": "ό", "σ": "ς", "υ": "ΰϋύ", "ω": "ώ",
		"г": "ѓ", "е": "ѐё", "и": "йѝ", "к": "ќ", "у": "ў", "і": "ї",
	} {
		for _, r := range letters {
			m[r] = plain
		}
	}
	return m
}()
