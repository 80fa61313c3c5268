package browsertest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/offprint/offprint"
)

// Papers that the tests look for by key.
const (
	plainKey   = "2503.10001" // an ordinary paper; it comes first by time
	mathKey    = "2503.10002"
	hostileKey = "2503.10003"
	brokenKey  = "2503.10004" // LaTeX that is wrong, deep or endless
	crowdKey   = "2503.10005" // thousands of authors
	longKey    = "2503.10006" // a megabyte of abstract, and a title of one word
	rtlKey     = "2503.10007"
	bareKey    = "2503.10008" // nothing but a title; withdrawn
)

// hostile is what a source could send to run script in a reader's browser.
// Whatever ran would set window.pwned.
const hostile = `<script>window.pwned=1</script><img id=pwned src=x onerror="window.pwned=1">` +
	`</textarea></title></p><svg id=pwned onload="window.pwned=1"><a href="javascript:window.pwned=1">x</a>`

// papers makes about 300 papers on ten days of March 2025, and the special ones.
func papers() []offprint.Paper {
	day := offprint.DateOf(time.Date(2025, 3, 14, 0, 0, 0, 0, time.UTC))
	special := func(key, title, abstract string, authors ...string) offprint.Paper {
		return offprint.Paper{
			ArXivID: key, Title: title, Abstract: abstract, Authors: authors, Categories: []string{"cs.CL", "cs.LG"},
			Listed: day, Published: day.Time().Add(20 * time.Hour), Origins: []offprint.Origin{{Source: "arxiv", URL: "https://arxiv.org/abs/" + key}},
		}
	}
	plain := special(plainKey, "Retrieval That Knows When to Stop", "We study when retrieval helps and when it does not. Code is at https://github.com/example/stop and data at https://huggingface.co/datasets/example/stop.", "Ada Lovelace", "Émile Borel")
	plain.Published = plain.Published.Add(time.Hour)
	plain.Comment, plain.Journal, plain.DOI = "12 pages, 5 figures", "Journal of Retrieval 12 (2025)", "10.1000/stop.2025"
	plain.Versions = []offprint.Version{{Number: 1, Time: day.Time()}, {Number: 2, Time: day.Time().Add(24 * time.Hour)}}
	plain.Categories = []string{"cs.CL", "cs.IR", "cs.LG", "stat.ML", "math.ST", "eess.AS"}
	bare := special(bareKey, "Untitled Draft", "")
	bare.Withdrawn = true
	all := []offprint.Paper{
		plain,
		special(mathKey, `Sorting in $O(n \log n)$: $\ell_{1/2}$ Norms and $\mathbb{R}^{d\times d}$`,
			`Let $f\colon \mathcal{X}\to\mathbb{R}$ with $\|f\|_2^2 \le \frac{1}{n}\sum_{i=1}^n x_i^2$. We show $$\begin{pmatrix}a & b\\ c & d\end{pmatrix}^{-1} = \frac{1}{ad-bc}\begin{pmatrix}d & -b\\ -c & a\end{pmatrix}$$ and $\color{red}{x}\,\underbrace{a+\cdots+z}_{26}$, $\sqrt[3]{x}$, $\hat\theta$, $\cancel{x}$, $\boxed{y}$.`, "Kurt G\\\"odel"),
		special(hostileKey, "Safe & Sound: "+hostile+` $"><script>window.pwned=1</script>$`,
			hostile+` $\href{javascript:window.pwned=1}{click}$ $\includegraphics{https://evil.example/x.png}$ $\url{javascript:window.pwned=1}$ $\htmlStyle{background:url(https://evil.example)}{x}$ `+"$`<img src=x onerror=window.pwned=1>`$",
			`<svg onload=window.pwned=1>`, `"><script>window.pwned=1</script>`, "Robert'); DROP TABLE paper;--"),
		special(brokenKey, `On $\frac{1}{$ and $\left( \begin{matrix} x$`,
			`Unbalanced $\frac{1}{$, $x^{$, $\undefinedmacro{x}$, $\def\a{\b\b}\def\b{\c\c}\def\c{\a\a}\a$, $`+strings.Repeat("{", 2000)+"$ $"+strings.Repeat(`\sqrt{`, 1000)+"$ $$$ \\( \\] $ 5 and $6. "+strings.Repeat("$x_i$ ", 600), "Emmy Noether"),
		special(crowdKey, "Measurement of a Cross Section by Everybody", "All of us measured it.", names(3000)...),
		special(longKey, strings.Repeat("Donaudampfschifffahrtsgesellschaft", 20), strings.Repeat("Abstracts without an end tire even patient readers. ", 20_000), strings.Repeat("Wolfeschlegelsteinhausen", 10)),
		special(rtlKey, "شبكات عصبية \u202Egnp.exe\u200f \u2066רשתות\u2069 \u0007and \u200Bcontrols", "تعلم الآلة في معالجة اللغات الطبيعية \u202E reversed text", "مريم ميرزاخاني", "דוד הילברט"),
		bare,
	}
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(words []string) string { return words[r.IntN(len(words))] }
	for i := range 300 {
		d := day - offprint.Date(i/30)
		topic, method, setting := pick(topics), pick(methods), pick(settings)
		p := offprint.Paper{
			ArXivID: fmt.Sprintf("2503.%05d", i+1), Title: fmt.Sprintf("%s %s for %s", pick(adjectives), method, topic),
			Abstract: fmt.Sprintf("%s remains hard %s, where labels are few and errors are expensive. We present a method that uses %s to do with less: it needs a tenth of the data and no tuning. "+
				"On %d benchmarks it is better than the strongest baseline by %d.%d points, and an ablation shows which of its parts matter. We discuss where it fails.", topic, setting, strings.ToLower(method), 2+r.IntN(9), 1+r.IntN(6), r.IntN(10)),
			Authors: names(1 + r.IntN(12)), Categories: []string{pick(categories), pick(categories)},
			Listed: d, Published: d.Time().Add(time.Duration(i%20) * time.Hour), Origins: []offprint.Origin{{Source: "arxiv"}},
		}
		if i%5 == 0 {
			p.Comment = fmt.Sprintf("Code: https://github.com/example/paper%d", i)
		}
		all = append(all, p)
	}
	return all
}

func names(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = given[(i*7+n)%len(given)] + " " + family[(i*3+n)%len(family)]
		if i >= len(given)*len(family)/2 {
			all[i] += fmt.Sprint(" ", i)
		}
	}
	return all
}

var (
	adjectives = []string{"Sparse", "Faithful", "Data-Efficient", "Unsupervised", "Provably Robust", "Hierarchical", "Low-Rank", "Calibrated"}
	methods    = []string{"Attention", "Contrastive Pretraining", "Diffusion Models", "Retrieval Augmentation", "State Space Models", "Graph Transformers", "Distillation"}
	topics     = []string{"Machine Translation", "Protein Design", "Question Answering", "Image Segmentation", "Speech Recognition", "Robot Manipulation", "Program Synthesis", "Weather Forecasting"}
	settings   = []string{"in low-resource languages", "under distribution shift", "at the scale of the web", "on small devices", "in clinical practice"}
	categories = []string{"cs.CL", "cs.CV", "cs.LG", "cs.AI", "cs.IR", "stat.ML", "cs.RO", "q-bio.BM"}
	given      = []string{"Ada", "Grace", "Alan", "Chien-Shiung", "Srinivasa", "Maryam", "José", "Noor", "Yuki", "Olu", "Zoë"}
	family     = []string{"Okafor", "Nguyen", "García Márquez", "Sørensen", "Wang", "Ivanova", "Haddad", "Tanaka", "Müller", "Ó Briain"}
)
