package offprint

import (
	"regexp"
	"slices"
	"strings"
)

// TitleKey returns the same string for the same work however its title and
// authors are written: the letters and digits of the title, without markup,
// case and diacritics, and the family names of the first and the last author.
// It is empty where that is too little to go by: a title of fewer than 3 words,
// or no authors.
func TitleKey(title string, authors []string) string {
	title = FoldName(greekNames.Replace(plainLaTeX(title)))
	if strings.Count(title, " ") < 2 || len(authors) == 0 {
		return ""
	}
	first, last := familyName(authors[0]), familyName(authors[len(authors)-1])
	if first == "" || last == "" {
		return ""
	}
	// Spaces go, since "pre-training" and "pretraining" are one word.
	return strings.ReplaceAll(title, " ", "") + "|" + first + "|" + last
}

// familyName returns the last word of an author's family name, folded, from
// "Given Family" or "Family, Given".
func familyName(author string) string {
	family, _, _ := strings.Cut(plainLaTeX(author), ",")
	words := strings.Fields(FoldName(family))
	for len(words) > 1 && slices.Contains([]string{"jr", "sr", "ii", "iii", "iv"}, words[len(words)-1]) {
		words = words[:len(words)-1]
	}
	if len(words) == 0 {
		return ""
	}
	return words[len(words)-1]
}

// latexCommand matches a command with the white space that it swallows.
var latexCommand = regexp.MustCompile(`\\(?:[a-zA-Z]+\*?\s*|[^a-zA-Z])`)

// latexWords are the commands, in lower case, that stand for letters and spaces.
// All others are markup, accents or symbols, and dropped.
var latexWords = func() map[string]string {
	m := map[string]string{
		"aa": "a", "ae": "ae", "oe": "oe", "o": "o", "l": "l", "i": "i", "j": "j", "ss": "ss", "dh": "d", "dj": "d", "th": "th",
		"ell": "l", "times": "x", "&": " and ",
		"": " ", ",": " ", ";": " ", ":": " ", `\\`: " ", "quad": " ", "qquad": " ", "newline": " ",
	}
	for _, function := range strings.Fields("arg cos det dim exp inf ker lim log max min mod sin sup tan") {
		m[function] = function
	}
	for i := 0; i < len(greek); i += 2 {
		m[greek[i+1]], m["var"+greek[i+1]] = greek[i+1], greek[i+1]
	}
	return m
}()

// greek has each letter followed by its name.
var greek = strings.Fields(`α alpha β beta γ gamma δ delta ε epsilon ζ zeta η eta θ theta ι iota κ kappa λ lambda μ mu
	ν nu ξ xi ο omicron π pi ρ rho σ sigma τ tau υ upsilon φ phi χ chi ψ psi ω omega`)

// greekNames spells out Greek letters and the signs that LaTeX has words for.
var greekNames = func() *strings.Replacer {
	pairs := append([]string{"×", "x", "&", " and ", "+", " plus ", "ϵ", "epsilon", "ϕ", "phi", "ϑ", "theta", "µ", "mu"}, greek...)
	for i := 0; i < len(greek); i += 2 {
		pairs = append(pairs, strings.ToUpper(greek[i]), greek[i+1])
	}
	return strings.NewReplacer(pairs...)
}()

// latexMarks are the characters that only mark up, in text and mathematics.
var latexMarks = strings.NewReplacer("$", "", "{", "", "}", "", "_", "", "^", "", "~", " ")

// plainLaTeX drops the markup of a title or a name: $H_2\mathrm{O}$ becomes
// H2O, and Erd{\H o}s Erdos.
func plainLaTeX(s string) string {
	if !strings.ContainsAny(s, `\${}_^~`) {
		return s
	}
	s = latexCommand.ReplaceAllStringFunc(s, func(command string) string {
		name := strings.ToLower(strings.TrimRight(command[1:], "* \t\r\n"))
		return latexWords[name]
	})
	return latexMarks.Replace(s)
}
