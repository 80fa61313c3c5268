package plot

import (
	"bytes"
	"errors"
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/palette"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Size of a drawing.
const (
	width  = 6.4 * vg.Inch
	height = 3.8 * vg.Inch
)

// The method has the accent, what it is compared with has quieter colours that
// people who do not see red and green apart can tell apart.
var (
	accent = color.RGBA{0x8c, 0x2a, 0x1c, 0xff}
	colors = []color.RGBA{
		{0x2f, 0x5d, 0x8a, 0xff}, {0x7a, 0x74, 0x66, 0xff}, {0xb8, 0x86, 0x2d, 0xff},
		{0x3f, 0x7f, 0x6b, 0xff}, {0x7b, 0x5a, 0x8f, 0xff}, {0x9a, 0x9a, 0x9a, 0xff},
	}
	dashes = [][]vg.Length{nil, {vg.Points(5), vg.Points(2)}, {vg.Points(2), vg.Points(2)}, {vg.Points(7), vg.Points(2), vg.Points(2), vg.Points(2)}}
	shapes = []draw.GlyphDrawer{draw.CircleGlyph{}, draw.SquareGlyph{}, draw.TriangleGlyph{}, draw.PyramidGlyph{}, draw.RingGlyph{}, draw.BoxGlyph{}}
)

// SVG draws the plot. Values that are not finite, or not positive on a
// logarithmic axis, are left out.
func (p Plot) SVG() ([]byte, error) {
	g := plot.New()
	for _, t := range []*text.Style{&g.Title.TextStyle, &g.X.Label.TextStyle, &g.Y.Label.TextStyle, &g.X.Tick.Label, &g.Y.Tick.Label, &g.Legend.TextStyle} {
		t.Font.Variant = "Sans"
	}
	g.Title.Text = p.Title
	g.Title.TextStyle.Font.Size = vg.Points(12)
	g.Title.Padding = vg.Points(8)
	axis(&g.X, p.X)
	axis(&g.Y, p.Y)
	g.Legend.Top = true
	g.Legend.Padding = vg.Points(3)
	g.Legend.TextStyle.Font.Size = vg.Points(9)

	if p.Heat != nil {
		if err := p.heat(g); err != nil {
			return nil, fmt.Errorf("plot %s: %w", p.Name, err)
		}
	} else {
		grid := plotter.NewGrid()
		grid.Vertical.Color = nil
		grid.Horizontal.Color = color.RGBA{0xdd, 0xd7, 0xc9, 0xff}
		g.Add(grid)
		if err := p.marks(g); err != nil {
			return nil, fmt.Errorf("plot %s: %w", p.Name, err)
		}
	}
	c := vgsvg.New(width, height)
	const margin = vg.Length(8)
	if err := catch(func() { g.Draw(draw.Crop(draw.New(c), margin, -2*margin, margin, -margin)) }); err != nil {
		return nil, fmt.Errorf("plot %s: %w", p.Name, err)
	}
	var buf bytes.Buffer
	if _, err := c.WriteTo(&buf); err != nil {
		return nil, fmt.Errorf("plot %s: %w", p.Name, err)
	}
	return attributes(buf.Bytes()), nil
}

// catch turns the library's panics over odd data into errors.
func catch(f func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	f()
	return nil
}

func axis(a *plot.Axis, d Axis) {
	a.Label.Text = d.Label
	a.Label.TextStyle.Font.Size = vg.Points(10)
	a.Tick.Label.Font.Size = vg.Points(9)
	a.Tick.Marker = ticks{}
	a.LineStyle.Color = color.RGBA{0x5c, 0x57, 0x4c, 0xff}
	a.Tick.LineStyle.Color = a.LineStyle.Color
	if d.Log {
		a.Scale = plot.LogScale{}
		a.Tick.Marker = plot.LogTicks{Prec: 3}
	}
	if len(d.Ticks) > 0 {
		var ticks []plot.Tick
		for _, v := range d.Ticks {
			ticks = append(ticks, plot.Tick{Value: v, Label: fmt.Sprintf("%g", v)})
		}
		a.Tick.Marker = plot.ConstantTicks(ticks)
	}
	if len(d.Labels) > 0 {
		var ticks []plot.Tick
		for i, s := range d.Labels {
			ticks = append(ticks, plot.Tick{Value: float64(i), Label: s})
		}
		a.Tick.Marker = plot.ConstantTicks(ticks)
	}
}

// ticks puts four to eight numbers at round distances.
type ticks struct{}

// Ticks implements [plot.Ticker].
func (ticks) Ticks(low, high float64) []plot.Tick {
	raw := (high - low) / 5
	if !(raw > 0) || math.IsInf(raw, 0) {
		return plot.DefaultTicks{}.Ticks(low, high)
	}
	step := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		if step*m >= raw {
			step *= m
			break
		}
	}
	var out []plot.Tick
	for i := math.Ceil(low / step); i*step <= high+step*1e-9; i++ {
		v := i*step + 0 // -0 becomes 0
		out = append(out, plot.Tick{Value: v, Label: fmt.Sprintf("%.6g", v)})
	}
	return out
}

// style is how the i-th series is drawn.
func style(i int, method bool) (draw.LineStyle, draw.GlyphStyle) {
	c, w := colors[i%len(colors)], vg.Points(1.4)
	if method {
		c, w = accent, vg.Points(2.2)
	}
	line := draw.LineStyle{Color: c, Width: w}
	if !method {
		line.Dashes = dashes[i%len(dashes)]
	}
	return line, draw.GlyphStyle{Color: c, Radius: vg.Points(2.8), Shape: shapes[i%len(shapes)]}
}

// drawable are the points of a series that can be drawn.
func (p Plot) drawable(s Series) (plotter.XYs, error) {
	if len(s.X) != len(s.Y) {
		return nil, fmt.Errorf("series %s has %d x and %d y", s.Name, len(s.X), len(s.Y))
	}
	var xys plotter.XYs
	for i := range s.X {
		if drawable(s.X[i], p.X.Log) && drawable(s.Y[i], p.Y.Log) {
			xys = append(xys, plotter.XY{X: s.X[i], Y: s.Y[i]})
		}
	}
	return xys, nil
}

func drawable(v float64, log bool) bool {
	return !math.IsNaN(v) && !math.IsInf(v, 0) && (!log || v > 0)
}

func (p Plot) marks(g *plot.Plot) error {
	n := 0
	drawn := false
	low, high := math.Inf(1), math.Inf(-1)
	for _, s := range p.Lines {
		xys, err := p.drawable(s)
		if err != nil {
			return err
		}
		line, glyph := style(n, s.Method)
		n++
		if len(xys) == 0 {
			continue
		}
		l, pts, err := plotter.NewLinePoints(xys)
		if err != nil {
			return err
		}
		l.LineStyle, pts.GlyphStyle = line, glyph
		if len(xys) > 40 { // a curve, not measurements
			pts.Radius = 0
		}
		g.Add(l)
		if pts.Radius > 0 {
			g.Add(pts)
			g.Legend.Add(s.Name, l, pts)
		} else {
			g.Legend.Add(s.Name, l)
		}
		if err := p.spread(g, s, line); err != nil {
			return err
		}
		drawn = true
		for _, xy := range xys {
			low, high = min(low, xy.X), max(high, xy.X)
		}
	}
	for _, s := range p.Points {
		xys, err := p.drawable(s)
		if err != nil {
			return err
		}
		line, glyph := style(n, s.Method)
		n++
		if len(xys) == 0 {
			continue
		}
		pts, err := plotter.NewScatter(xys)
		if err != nil {
			return err
		}
		pts.GlyphStyle = glyph
		pts.Radius = vg.Points(3.4)
		g.Add(pts)
		g.Legend.Add(s.Name, pts)
		if err := p.spread(g, s, line); err != nil {
			return err
		}
		drawn = true
		for _, xy := range xys {
			low, high = min(low, xy.X), max(high, xy.X)
		}
	}
	if len(p.Bars) > 0 {
		w := vg.Points(220) / vg.Length(max(1, len(p.X.Labels)*len(p.Bars)))
		w = min(w, vg.Points(28))
		for i, b := range p.Bars {
			vs := make(plotter.Values, len(b.Y))
			for j, v := range b.Y {
				if drawable(v, p.Y.Log) {
					vs[j] = v
				}
			}
			if len(vs) == 0 {
				continue
			}
			bar, err := plotter.NewBarChart(vs, w)
			if err != nil {
				return err
			}
			line, _ := style(n, b.Method)
			n++
			bar.Color, bar.LineStyle.Width = line.Color, 0
			bar.Offset = (vg.Length(i) - vg.Length(len(p.Bars)-1)/2) * w
			g.Add(bar)
			g.Legend.Add(b.Name, bar)
			drawn = true
		}
		low, high = -.5, float64(len(p.X.Labels))-.5
		g.X.Min, g.X.Max = low, high
	}
	for _, r := range p.Rules {
		if !drawable(r.Y, p.Y.Log) {
			continue
		}
		if math.IsInf(low, 0) {
			low, high = 1, 2
		}
		l, err := plotter.NewLine(plotter.XYs{{X: low, Y: r.Y}, {X: high, Y: r.Y}})
		if err != nil {
			return err
		}
		l.LineStyle = draw.LineStyle{Color: color.RGBA{0x5c, 0x57, 0x4c, 0xff}, Width: vg.Points(1), Dashes: []vg.Length{vg.Points(1), vg.Points(2)}}
		g.Add(l)
		g.Legend.Add(r.Name, l)
		drawn = true
	}
	if !drawn {
		return errors.New("nothing to draw")
	}
	// Room above for the legend.
	if !p.Y.Log {
		g.Y.Max += (g.Y.Max - g.Y.Min) * .09 * float64(min(6, n+len(p.Rules)))
		if g.Y.Max == g.Y.Min {
			g.Y.Max, g.Y.Min = g.Y.Max+1, g.Y.Min-1
		}
	}
	if g.X.Max == g.X.Min && !p.X.Log {
		g.X.Max, g.X.Min = g.X.Max+1, g.X.Min-1
	}
	return nil
}

// spread draws the ends of a series' spread.
func (p Plot) spread(g *plot.Plot, s Series, line draw.LineStyle) error {
	if len(s.Low) != len(s.X) || len(s.High) != len(s.X) || len(s.X) == 0 {
		return nil
	}
	var e errorPoints
	for i := range s.X {
		if drawable(s.X[i], p.X.Log) && drawable(s.Y[i], p.Y.Log) && drawable(s.Low[i], p.Y.Log) && drawable(s.High[i], p.Y.Log) {
			e.XYs = append(e.XYs, plotter.XY{X: s.X[i], Y: s.Y[i]})
			e.YErrors = append(e.YErrors, struct{ Low, High float64 }{s.Y[i] - s.Low[i], s.High[i] - s.Y[i]})
		}
	}
	if len(e.XYs) == 0 {
		return nil
	}
	bars, err := plotter.NewYErrorBars(e)
	if err != nil {
		return err
	}
	bars.LineStyle = draw.LineStyle{Color: line.Color, Width: vg.Points(.9)}
	bars.CapWidth = vg.Points(4)
	g.Add(bars)
	return nil
}

type errorPoints struct {
	plotter.XYs
	plotter.YErrors
}

// heat draws a grid of cells with their values.
func (p Plot) heat(g *plot.Plot) error {
	h := p.Heat
	if len(h.Values) != len(h.Rows) || len(h.Rows) == 0 || len(h.Cols) == 0 {
		return fmt.Errorf("a grid of %d rows with %d names", len(h.Values), len(h.Rows))
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, row := range h.Values {
		if len(row) != len(h.Cols) {
			return fmt.Errorf("a row of %d cells with %d names", len(row), len(h.Cols))
		}
		for _, v := range row {
			if drawable(float64(v), false) {
				low, high = min(low, float64(v)), max(high, float64(v))
			}
		}
	}
	if math.IsInf(low, 0) {
		return errors.New("nothing to draw")
	}
	if low == high {
		high = low + 1
	}
	m := plotter.NewHeatMap(cells{h}, sheet{})
	m.Min, m.Max = low, high
	m.NaN = color.White // the drawing library has no transparent SVG
	g.Add(m)
	for r := range h.Rows {
		for c := range h.Cols {
			v := float64(h.Values[r][c])
			if !drawable(v, false) {
				continue
			}
			l, err := plotter.NewLabels(plotter.XYLabels{XYs: plotter.XYs{{X: float64(c), Y: float64(len(h.Rows) - 1 - r)}}, Labels: []string{fmt.Sprintf("%.2f", v)}})
			if err != nil {
				return err
			}
			l.TextStyle[0].Font.Size = vg.Points(8)
			l.TextStyle[0].XAlign, l.TextStyle[0].YAlign = draw.XCenter, draw.YCenter
			if (v-low)/(high-low) > .55 {
				l.TextStyle[0].Color = color.White
			}
			g.Add(l)
		}
	}
	rows := make([]string, len(h.Rows))
	for i, s := range h.Rows {
		rows[len(rows)-1-i] = s
	}
	axis(&g.X, Axis{Label: p.X.Label, Labels: h.Cols})
	axis(&g.Y, Axis{Label: p.Y.Label, Labels: rows})
	return nil
}

// cells gives a grid to the library, whose rows go upwards.
type cells struct{ h *Heat }

func (c cells) Dims() (cols, rows int) { return len(c.h.Cols), len(c.h.Rows) }
func (c cells) Z(col, row int) float64 { return float64(c.h.Values[len(c.h.Rows)-1-row][col]) }
func (c cells) X(col int) float64      { return float64(col) }
func (c cells) Y(row int) float64      { return float64(row) }

// sheet shades from paper to the accent.
type sheet struct{}

func (sheet) Colors() []color.Color {
	const n = 64
	out := make([]color.Color, n)
	for i := range out {
		t := float64(i) / (n - 1)
		mix := func(a, b uint8) uint8 { return uint8(float64(a) + t*(float64(b)-float64(a))) }
		out[i] = color.RGBA{mix(0xfb, accent.R), mix(0xf1, accent.G), mix(0xe6, accent.B), 0xff}
	}
	return out
}

var _ palette.Palette = sheet{}
