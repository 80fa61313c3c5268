package digest

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// lineWidth is the width of plain text, in characters.
const lineWidth = 72

// wrap breaks text into lines of at most lineWidth characters, the first after
// first and the others after indent. A word that is too long gets its own line.
// Characters that steer a terminal or reorder text are dropped.
func wrap(text, first, indent string) string {
	var b strings.Builder
	b.WriteString(first)
	width := utf8.RuneCountInString(first)
	empty := true
	for _, word := range strings.Fields(strings.Map(visible, text)) {
		n := utf8.RuneCountInString(word)
		if !empty && width+1+n > lineWidth {
			b.WriteString("\n" + indent)
			width, empty = utf8.RuneCountInString(indent), true
		}
		if !empty {
			b.WriteByte(' ')
			width++
		}
		b.WriteString(word)
		width += n
		empty = false
	}
	b.WriteByte('\n')
	return b.String()
}

func visible(r rune) rune {
	if unicode.IsControl(r) && !unicode.IsSpace(r) || unicode.Is(unicode.Bidi_Control, r) {
		return -1
	}
	return r
}

// shorten cuts text after a word so that at most limit characters remain.
func shorten(text string, limit int) string {
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	runes := []rune(text)[:limit]
	cut := string(runes)
	if i := strings.LastIndexByte(cut, ' '); i > len(cut)/2 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " ,;:.–—-([") + "…"
}
