package label

import (
	"fmt"
	"slices"

	"github.com/offprint/offprint/lab/plot"
)

func (r *elrRun) check() {
	hard, asym := elrSym60.accuracy(), elrAsym40.accuracy()
	lead := func(metric, a, b string, bar float64) {
		r.AtLeast(fmt.Sprintf("%s: %s - %s", metric, a, b), r.Mean(metric, a)-r.Mean(metric, b), bar)
	}
	r.AtLeast(hard+": "+elrMethod, r.Mean(hard, elrMethod), .90)
	lead(hard, elrMethod, elrCE, .25)
	lead(hard, elrMethod, elrOracle, .01)
	r.AtLeast(elrSym60.memorised()+": "+elrCE, r.Mean(elrSym60.memorised(), elrCE), .90)
	r.AtMost(elrSym60.memorised()+": "+elrMethod, r.Mean(elrSym60.memorised(), elrMethod), .20)
	r.AtMost(hard+": what ELR loses after its best epoch", mean(r.peak)-r.Mean(hard, elrMethod), .05)
	if r.Broken != "" {
		return
	}
	lead(hard, elrMethod, elrGCE, .015)
	lead(hard, elrMethod, elrLast, .10)
	r.AtMost(hard+": "+elrWeak, r.Mean(hard, elrWeak), .75)
	lead(asym, elrMethod, elrGCE, .08)
	lead(asym, elrMethod, elrOracle, .05)
	r.AtLeast(linearRight(1), r.Mean(linearRight(1), linearModel), .8)
	r.AtMost(linearRight(100), r.Mean(linearRight(100), linearModel), .1)
	r.AtLeast("linear model: cosine of the first step / of step 100", r.Mean(linearCosine(1), linearModel)/r.Mean(linearCosine(100), linearModel), 3)
	for _, n := range []elrNoise{elrSym40, elrAsym40} {
		r.AtLeast(n.name+": "+metricPrecision, r.Mean(n.name+", "+metricPrecision, elrMethod), .8)
	}
	for _, n := range slices.Concat(elrUsual, elrFurther, []elrNoise{elrPapers}) {
		for _, v := range []string{elrOracle, elrGCE, elrLong} {
			if a, b := r.Mean(n.accuracy(), elrMethod), r.Mean(n.accuracy(), v); a < b {
				r.Note("%s: %s is better, %.3f against %.3f.", n.name, v, b, a)
			}
		}
	}
	r.Note("Two networks and mixed inputs bring nothing on this bed: ELR+ %.3f, ELR %.3f.", r.Mean(hard, elrPlus), r.Mean(hard, elrMethod))
	r.Note("A symmetric label is wrong with 9/10 of the rate: it may be drawn anew as it was.")
	r.Note("The strength has to be enough, lambda 1 does nothing; and wrong labels that follow a rule are harder: with asymmetric noise ELR memorises %.2f of the wrong labels, with symmetric noise at the same rate %.2f.",
		r.Mean(elrAsym40.memorised(), elrMethod), r.Mean(elrSym40.memorised(), elrMethod))
}

func (r *elrRun) plots() {
	seeds := float64(len(r.Values(elrSym60.accuracy(), elrMethod)))
	line := func(noise elrNoise, variant, name string, pick func(*elrCurve) []float64) plot.Series {
		s := plot.Series{Name: name, Method: variant == elrMethod}
		for i, v := range pick(r.curves[noise.name+variant]) {
			s.X, s.Y = append(s.X, float64((i+1)*elrEvery)), append(s.Y, v/seeds)
		}
		return s
	}
	for _, n := range []elrNoise{elrSym60, elrAsym40} {
		name := "symmetric"
		if n.asymmetric {
			name = "asymmetric"
		}
		p := plot.Plot{
			Name: "memorised-" + name, Title: "Wrong labels memorised, " + n.name,
			X: plot.Axis{Label: "epoch"}, Y: plot.Axis{Label: "share of the wrong labels"},
		}
		q := plot.Plot{
			Name: "accuracy-" + name, Title: "Accuracy on clean labels, " + n.name,
			X: plot.Axis{Label: "epoch"}, Y: plot.Axis{Label: "accuracy"},
		}
		for _, v := range []string{elrCE, elrGCE, elrMethod} {
			p.Lines = append(p.Lines, line(n, v, v, func(c *elrCurve) []float64 { return c.memorised }))
			q.Lines = append(q.Lines, line(n, v, v, func(c *elrCurve) []float64 { return c.accuracy }))
		}
		if n == elrSym60 {
			for _, v := range []string{elrLast, elrWeak} {
				q.Lines = append(q.Lines, line(n, v, v, func(c *elrCurve) []float64 { return c.accuracy }))
			}
		}
		r.Plot(p)
		r.Plot(q)
	}
	if r.Full {
		p := plot.Plot{
			Name: "memorised-by-rate", Title: "Wrong labels memorised in the end, symmetric noise",
			X: plot.Axis{Label: "rate"}, Y: plot.Axis{Label: "share of the wrong labels"},
		}
		rates := []elrNoise{elrFurther[0], elrSym40, elrSym60, elrFurther[1]}
		for _, v := range []string{elrCE, elrSmooth, elrGCE, elrMethod, elrLong} {
			var x []float64
			var metrics []string
			for _, n := range rates {
				x, metrics = append(x, n.rate), append(metrics, n.memorised())
			}
			p.Lines = append(p.Lines, r.Series(v, x, metrics))
		}
		r.Plot(p)
	}
	var steps []float64
	var right, cosine []string
	for _, k := range linearSteps {
		steps = append(steps, float64(k))
		right, cosine = append(right, linearRight(k)), append(cosine, linearCosine(k))
	}
	a, b := r.Series(linearModel, steps, right), r.Series(linearModel, steps, cosine)
	a.Name, b.Name = "wrong labels predicted truly", "cosine of the step with the truth"
	r.Plot(plot.Plot{
		Name: "linear", Title: "Early learning, then memorisation, in a linear model",
		X: plot.Axis{Label: "steps", Log: true}, Y: plot.Axis{Label: "share, cosine"},
		Lines: []plot.Series{a, b},
	})
}
