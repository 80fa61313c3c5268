package sentence

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// normalizer is the normalizer of BERT's tokenizers.
type normalizer struct {
	clean, chinese, accents, lower bool
	lowerFirst                     bool // the model's own, before that of the tokenizer
}

// char is a character of a normalized text, and the bytes of the text it is from.
type char struct {
	r        rune
	from, to int32
}

// normalize removes control characters, makes all white space blanks, puts blanks
// around each Chinese character, takes accents off and makes letters small, each
// where the tokenizer says so. Offsets begin at at.
func (n normalizer) normalize(s string, at int) []char {
	out := make([]char, 0, len(s)+8)
	var buf [64]byte
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		from, to := int32(at+i), int32(at+i+size)
		i += size
		put := func(r rune) {
			if n.lower {
				if r == 'İ' { // the one letter whose small form has two characters
					out = append(out, char{'i', from, to})
					r = '\u0307'
				}
				r = unicode.ToLower(r)
			}
			out = append(out, char{r, from, to})
		}
		if n.lowerFirst {
			r = unicode.ToLower(r)
		}
		if n.clean {
			switch {
			case r == '\t' || r == '\n' || r == '\r':
				r = ' '
			case r == 0 || r == unicode.ReplacementChar || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co):
				continue
			case unicode.IsSpace(r):
				r = ' '
			}
		}
		spaced := n.chinese && isChinese(r)
		if spaced {
			put(' ')
		}
		if n.accents && r >= 0x80 {
			// Each character by itself: an order of marks does not matter where all
			// are taken off.
			for _, d := range string(norm.NFD.AppendString(buf[:0], string(r))) {
				if !unicode.Is(unicode.Mn, d) {
					put(d)
				}
			}
		} else {
			put(r)
		}
		if spaced {
			put(' ')
		}
	}
	return out
}

// isChinese says whether BERT takes a character for Chinese: the blocks of CJK
// ideographs, not Hangul, Hiragana or Katakana. The block that begins at 2B820
// does so at 2B920 here, as in the tokenizers that models are trained with.
func isChinese(r rune) bool {
	return r >= 0x4e00 && r <= 0x9fff || r >= 0x3400 && r <= 0x4dbf || r >= 0xf900 && r <= 0xfaff ||
		r >= 0x20000 && r <= 0x2a6df || r >= 0x2a700 && r <= 0x2b73f || r >= 0x2b740 && r <= 0x2b81f ||
		r >= 0x2b920 && r <= 0x2ceaf || r >= 0x2f800 && r <= 0x2fa1f
}

// isMark says whether a character is a token of its own for BERT.
func isMark(r rune) bool {
	return r >= '!' && r <= '/' || r >= ':' && r <= '@' || r >= '[' && r <= '`' || r >= '{' && r <= '~' ||
		r >= 0x80 && unicode.IsPunct(r)
}

// fields calls yield with each word, and each punctuation mark, of a text.
func fields(text []char, yield func(word []char)) {
	for i := 0; i < len(text); {
		j := i + 1
		switch {
		case unicode.IsSpace(text[i].r):
			i = j
			continue
		case isMark(text[i].r):
		default:
			for j < len(text) && !unicode.IsSpace(text[j].r) && !isMark(text[j].r) {
				j++
			}
		}
		yield(text[i:j])
		i = j
	}
}

// wordPiece cuts a word into the longest known pieces, from the left.
type wordPiece struct {
	first, later map[string]int32 // pieces that begin a word, and that continue one
	unknown      int32
	longest      int // bytes of a piece
	mostChars    int // of a word that is looked at
}

// pieces appends the numbers of a word's pieces to ids: one for unknown, if it
// cannot be made of known ones.
func (w *wordPiece) pieces(ids []int32, word []char) []int32 {
	if len(word) > w.mostChars {
		return append(ids, w.unknown)
	}
	text := make([]byte, 0, 64)
	ends := make([]int, 1, 64) // of each character, in text
	for _, c := range word {
		text = append(text, string(c.r)...)
		ends = append(ends, len(text))
	}
	before := len(ids)
	for i := 0; i < len(word); {
		known := w.later
		if i == 0 {
			known = w.first
		}
		j := len(word)
		for ends[j]-ends[i] > w.longest {
			j--
		}
		for ; j > i; j-- {
			if id, ok := known[string(text[ends[i]:ends[j]])]; ok {
				ids = append(ids, id)
				break
			}
		}
		if j <= i {
			return append(ids[:before], w.unknown)
		}
		i = j
	}
	return ids
}
