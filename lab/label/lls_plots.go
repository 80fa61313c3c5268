package label

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"github.com/offprint/offprint/lab/plot"
)

func (r *llsRun) plots() {
	bars := plot.Plot{Name: "accuracy", Title: "Images put into their class without a label", Y: plot.Axis{Label: "accuracy"}}
	for _, s := range llsSettings {
		bars.X.Labels = append(bars.X.Labels, s.name)
	}
	for _, v := range []string{llsPixels, llsScores, llsMajority, llsTopics, llsDDFA} {
		b := plot.Bar{Name: v, Method: v == llsDDFA}
		for _, s := range llsSettings {
			b.Y = append(b.Y, r.Mean(s.name, v))
		}
		bars.Bars = append(bars.Bars, b)
	}
	r.Plot(bars)
	r.plotPlane("pixels", "By pixels: a class is two digits, far apart", r.picture.x, nil)
	r.plotPlane("domains", "By p(d|x): a class is a corner of a simplex", r.picture.scores, r.picture.model.DomainByClass.T())
}

// plotPlane shows rows in their two main directions, in the colours of their
// true classes, and corners if there are any.
func (r *llsRun) plotPlane(name, title string, x *mat.Dense, corners mat.Matrix) {
	var pc stat.PC
	if !pc.PrincipalComponents(x, nil) {
		return
	}
	var directions, at mat.Dense
	pc.VectorsTo(&directions)
	plane := directions.Slice(0, directions.RawMatrix().Rows, 0, 2)
	at.Mul(x, plane)
	p := plot.Plot{Name: name, Title: title, X: plot.Axis{Label: "first principal component"}, Y: plot.Axis{Label: "second"}}
	classes := make([]plot.Series, llsPairs.classes)
	for y := range classes {
		classes[y].Name = fmt.Sprintf("class %d", y+1)
	}
	for i := 0; i < len(r.picture.class); i += 3 { // a third of them, to see through
		s := &classes[r.picture.class[i]]
		s.X, s.Y = append(s.X, at.At(i, 0)), append(s.Y, at.At(i, 1))
	}
	p.Points = classes
	if corners != nil {
		var c mat.Dense
		c.Mul(corners, plane)
		p.Points = append(p.Points, plot.Series{Name: "corner found", X: mat.Col(nil, 0, &c), Y: mat.Col(nil, 1, &c), Method: true})
	}
	r.Plot(p)
}
