package texmath

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

func TestText(t *testing.T) {
	for _, c := range []struct{ tex, want string }{
		{"Attention Is All You Need", "Attention Is All You Need"},
		// formulas
		{`Causal identification with $Y_0$`, "Causal identification with Y₀"},
		{`MT$^{3}$: Scaling`, "MT³: Scaling"},
		{`$\text{S}^2$Q-VDiT`, "S²Q-VDiT"},
		{`Radial Attention: $O(n\log n)$ Sparse Attention`, "Radial Attention: O(n log n) Sparse Attention"},
		{`\mathcal{O}(\sqrt{n})`, "𝒪(√n)"},
		{`$x\in\mathbb{R}^{d}$`, "x ∈ ℝᵈ"},
		{`Image Super-Resolution ($\times$4)`, "Image Super-Resolution (×4)"},
		{`Strongly Solving $7 \times 6$ Connect-Four`, "Strongly Solving 7 × 6 Connect-Four"},
		{`$4\times$ faster`, "4× faster"},
		{`AI-45$^{\circ}$ Law in 360$^\circ$`, "AI-45° Law in 360°"},
		{`FaSTA$^*$`, "FaSTA*"},
		{`Mid-20$^{th}$ century`, "Mid-20ᵗʰ century"},
		{`Can LLMs $\textit{understand}$ Math?`, "Can LLMs understand Math?"},
		{`H$^{\mathbf{3}}$DP`, "H³DP"},
		{`$\alpha \beta$ and $\epsilon>0$`, "αβ and ϵ>0"},
		{`$\ell_\infty$ and $\ell_2$`, "ℓ_∞ and ℓ₂"},
		{`$e^{-x/2}$`, "e^(−x/2)"},
		{`$\frac{1}{2}$, $\frac{a+b}{2n}$`, "1/2, (a+b)/2n"},
		{`$\hat{y}$, $\bar x$, $x'$`, "ŷ, x̄, x′"},
		{`$a \not= b$`, "a ≠ b"},
		{`$A \to B$, $k$-NN, $\sim$5`, "A → B, k-NN, ~5"},
		{`\(x^2\) and \[y_1\]`, "x² and y₁"},
		{`$$E=mc^2$$`, "E=mc²"},
		{`$A^\top A$`, "Aᵀ A"},
		{`$\left(\frac{n}{k}\right)$`, "(n/k)"},
		{`$x_{max}$, $x_{\text{max}}$`, "xₘₐₓ, xₘₐₓ"},
		// money
		{"with $500 Training Cost", "with $500 Training Cost"},
		{"from $5 to $10", "from $5 to $10"},
		{"costs $5, not $x^2$", "costs $5, not x²"},
		{`\$5 and \$6`, "$5 and $6"},
		// text
		{`G\"odel, Erd\H{o}s, \'Elie, Poincar\'{e}, na\"{\i}ve, Fran\c{c}ois, \v{C}ech`, "Gödel, Erdős, Élie, Poincaré, naïve, François, Čech"},
		{`{\L}ukasz and {\"o}`, "Łukasz and ö"},
		{`\emph{Business} as \textbf{Rule}sual`, "Business as Rulesual"},
		{`{\em foo} and {\bf bar} baz`, "foo and bar baz"},
		{`labels in {0, 1}`, "labels in {0, 1}"},
		{"``quoted'' text -- and---more, but --verbose", "“quoted” text – and—more, but --verbose"},
		{`Smith et al.~(2020), a ~5\% gain`, "Smith et al.\u00a0(2020), a ~5% gain"},
		{`Call\,Recording`, "Call Recording"},
		{`\href{https://example.org}{our code} at \url{https://example.org}`, "our code (https://example.org) at https://example.org"},
		{`\href{URL}{https://example.org}`, "https://example.org"},
		{`$\texttt{a-b}-\textit{c-d}$`, "a-b−c-d"},
		{`\method{} beats \ours and \foo{bar}`, "method beats ours and bar"},
		{`as shown\footnote{here} by \cite{x}`, "as shown (here) by [x]"},
		{`\textcolor{red}{hot}`, "hot"},
		{`the pattern \d+`, `the pattern \d+`},
		{`an underscore_here and a^b`, "an underscore_here and a^b"},
		{`\unicode{x2014}`, "—"},
		// broken
		{`$unclosed`, "$unclosed"},
		{`\emph{unclosed`, "unclosed"},
		{`closed} twice}`, "closed} twice}"},
		{`$x^$ and $_$ and $\frac{}$`, "x and  and /"},
		{"\\", "\\"},
		{"a\x00b\u202ec\xff", "abc"},
	} {
		if got := Text(c.tex); got != c.want {
			t.Errorf("Text(%q)\n got %q\nwant %q", c.tex, got, c.want)
		}
	}
}

func TestHTML(t *testing.T) {
	for _, c := range []struct{ tex, want string }{
		{"a < b & c", "a &lt; b &amp; c"},
		{`<script>alert("x")</script>`, "&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;"},
		{`$K$-means`, `<span class="math" data-tex="K"><i>K</i></span>-means`},
		{`MF$^2$`, `MF<span class="math" data-tex="^2"><sup>2</sup></span>`},
		{`$x_i < "y"$`, `<span class="math" data-tex="x_i &lt; &#34;y&#34;"><i>x</i><sub><i>i</i></sub> &lt; &#34;<i>y</i>&#34;</span>`},
		{`\emph{a} \textbf{b} \texttt{c}`, `<i>a</i> <b>b</b> <code>c</code>`},
		// A combining slash must not merge with the bracket of a tag.
		{"$x\u0338$", "<span class=\"math\" data-tex=\"x\u0338\"><i>x</i>\u0338</span>"},
	} {
		if got := string(HTML(c.tex)); got != c.want {
			t.Errorf("HTML(%q)\n got %s\nwant %s", c.tex, got, c.want)
		}
	}
}

// Long hostile input: whatever is nested, left open or repeated must
// neither overflow the stack nor take more than linear time. A quadratic reader
// would not come back before the test's own deadline.
func TestHostile(t *testing.T) {
	const size = 1 << 18
	for _, unit := range []string{
		`{`, `}`, `$`, `$a `, `$$`, `\`, `\(`, `\[x`, `^`, `$x^`, `\emph{`, `\hat`, `\frac`, `\"`, `{\em `, `\sqrt[`, `\text{$`,
		"``", "-", "~", `\unicode{`, `\footnote{\cite{`, `{\"`, "<", "&", "\u0338", "$x_1^2$", `\left\right`, `\mathcal{`, `$\log \times `, ` `,
	} {
		s := strings.Repeat(unit, size/len(unit))
		Text(s)
		if err := wellFormed(string(HTML(s))); err != nil {
			t.Errorf("%q: %v", unit, err)
		}
		m := "$" + s[:900] + "$"
		if err := wellFormed(string(HTML(m))); err != nil {
			t.Errorf("%q: %v", m, err)
		}
	}
}

// wellFormed reports HTML that has other elements, attributes or characters
// than this package writes, or that a browser would have to mend.
func wellFormed(s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("invalid UTF-8: %.100q", s)
	}
	z := html.NewTokenizer(strings.NewReader(s))
	var open []string
	for {
		switch z.Next() {
		case html.ErrorToken:
			if len(open) > 0 {
				return fmt.Errorf("left open: %v", open)
			}
			return nil
		case html.TextToken:
			if raw := string(z.Raw()); strings.ContainsAny(raw, "<>\"") {
				return fmt.Errorf("not escaped: %.100q", raw)
			}
		case html.StartTagToken:
			tok := z.Token()
			switch tok.DataAtom {
			case atom.I, atom.B, atom.Sup, atom.Sub, atom.Code:
				if len(tok.Attr) > 0 {
					return fmt.Errorf("unexpected attributes: %v", tok)
				}
			case atom.Span:
				if len(tok.Attr) != 2 || tok.Attr[0] != (html.Attribute{Key: "class", Val: "math"}) || tok.Attr[1].Key != "data-tex" {
					return fmt.Errorf("unexpected attributes: %v", tok)
				}
			default:
				return fmt.Errorf("unexpected element: %v", tok)
			}
			open = append(open, tok.Data)
		case html.EndTagToken:
			name := z.Token().Data
			if len(open) == 0 || open[len(open)-1] != name {
				return fmt.Errorf("</%s> closes %v", name, open)
			}
			open = open[:len(open)-1]
		default:
			return fmt.Errorf("unexpected token %q", z.Raw())
		}
	}
}

// shown returns the text that a browser shows for HTML.
func shown(s string) string {
	z := html.NewTokenizer(strings.NewReader(s))
	var b strings.Builder
	for {
		switch z.Next() {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			b.WriteString(z.Token().Data)
		}
	}
}

func FuzzHTML(f *testing.F) {
	for _, s := range []string{
		`$O(n\log n)$`, `G\"odel`, `\emph{a $x^{2_i}$ b}`, `<b>$<i>$`, "a\u0338<\u0338", `{\em {\bf x}}`, `\(\frac{a}{b}\)`, "$5 and $6$", `$\not>$`, `\'{e}`, "$_\t$",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out := string(HTML(s))
		if err := wellFormed(out); err != nil {
			t.Fatalf("HTML(%q) = %q: %v", s, out, err)
		}
		text := Text(s)
		if !utf8.ValidString(text) && utf8.ValidString(s) {
			t.Fatalf("Text(%q) = %q is not valid UTF-8", s, text)
		}
		if strings.TrimSpace(shown(out)) == "" && strings.TrimSpace(text) != "" {
			t.Fatalf("HTML(%q) = %q shows nothing, but Text is %q", s, out, text)
		}
	})
}

func BenchmarkHTML(b *testing.B) {
	title := `Radial Attention: $O(n\log n)$ Sparse Attention with \emph{Energy} Decay for $\mathcal{L}_2$ Video`
	b.SetBytes(int64(len(title)))
	for b.Loop() {
		HTML(title)
	}
}
