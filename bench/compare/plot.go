package compare

import (
	"fmt"
	"image/color"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The size of a plot. The legend stands beside it: over it, it would hide what
// competes best.
const (
	plotWidth   = 8 * vg.Inch
	plotHeight  = 4 * vg.Inch
	legendWidth = 1.6 * vg.Inch
)

// barShare is how much of the room of a column its bars take together.
const barShare = 0.8

// palette has a colour for each competitor, which it keeps in every plot.
var palette = [...]color.RGBA{
	{0x1f, 0x77, 0xb4, 0xff}, {0x2c, 0xa0, 0x2c, 0xff}, {0x17, 0xbe, 0xcf, 0xff}, {0xd6, 0x27, 0x28, 0xff},
	{0xff, 0x7f, 0x0e, 0xff}, {0x94, 0x67, 0xbd, 0xff}, {0x8c, 0x56, 0x4b, 0xff}, {0x55, 0x55, 0x55, 0xff},
	{0xe3, 0x77, 0xc2, 0xff}, {0xbc, 0xbd, 0x22, 0xff}, {0x99, 0x99, 0x99, 0xff}, {0x39, 0x3b, 0x79, 0xff},
}

// WritePlot writes c in format "svg" or "png". Competitors have the colours of
// their places in r.
func (r *Result) WritePlot(out io.Writer, c Chart, format string) error {
	canvas, err := draw.NewFormattedCanvas(plotWidth, plotHeight, format)
	if err != nil {
		return fmt.Errorf("plot %s: %w", c.Name, err)
	}
	p, legend, err := r.plot(c)
	if err != nil {
		return fmt.Errorf("plot %s: %w", c.Name, err)
	}
	whole := draw.New(canvas)
	p.Draw(draw.Crop(whole, 0, -legendWidth, 0, 0))
	legend.Draw(draw.Crop(whole, plotWidth-legendWidth, 0, 0, 0))
	if _, err := canvas.WriteTo(out); err != nil {
		return fmt.Errorf("plot %s: %w", c.Name, err)
	}
	return nil
}

// plot draws the axes and every row.
func (r *Result) plot(c Chart) (*plot.Plot, *plot.Legend, error) {
	p, legend := plot.New(), plot.NewLegend()
	p.BackgroundColor = color.White
	p.Title.Text, p.Y.Label.Text, p.X.Label.Text = c.Title, fmt.Sprintf("%s, %s is better", c.Unit, c.Better), c.Axis
	p.Y.Min = 0
	legend.Top, legend.Left = true, true
	grid := plotter.NewGrid()
	grid.Vertical.Width = 0
	p.Add(grid)
	if c.X == nil {
		p.NominalX(c.Columns...)
		p.X.Min, p.X.Max = -0.5, float64(len(c.Columns))-0.5
	} else {
		c.scale(&p.X)
	}
	for i, row := range c.Rows {
		points := c.points(i)
		if len(points.at) == 0 {
			continue // it failed everywhere
		}
		if err := r.series(p, &legend, c, row, points); err != nil {
			return nil, nil, err
		}
	}
	return p, &legend, nil
}

// series draws one row: bars over names, a line over numbers, and the spread of
// each figure.
func (r *Result) series(p *plot.Plot, legend *plot.Legend, c Chart, row Row, points series) error {
	paint := r.colour(row.Competitor)
	spread, err := plotter.NewYErrorBars(points)
	if err != nil {
		return err
	}
	if c.X == nil {
		for i, at := range points.at {
			bar, err := plotter.NewPolygon(points.bar(i))
			if err != nil {
				return err
			}
			bar.Color, bar.LineStyle.Width = paint, 0
			p.Add(bar)
			if at == points.at[0] {
				legend.Add(row.Competitor, bar)
			}
		}
		p.Add(spread)
		return nil
	}
	line, dots, err := plotter.NewLinePoints(points.at)
	if err != nil {
		return err
	}
	line.Color, line.Width, dots.Color, dots.Shape = paint, vg.Points(1.5), paint, draw.CircleGlyph{}
	spread.Color = paint
	if row.Ceiling {
		line.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
	}
	p.Add(line, dots, spread)
	legend.Add(row.Competitor, line, dots)
	return nil
}

// colour returns that of the competitor called name.
func (r *Result) colour(name string) color.Color {
	for i, e := range r.Entrants {
		if e.Name == name {
			return palette[i%len(palette)]
		}
	}
	return color.Black
}

// scale gives the axis of numbers its range, beyond the first and the last point,
// and a tick at each point that was measured.
func (c Chart) scale(x *plot.Axis) {
	first, last := c.X[0], c.X[len(c.X)-1]
	var ticks []plot.Tick
	for i, at := range c.X {
		ticks = append(ticks, plot.Tick{Value: at, Label: c.Columns[i]})
	}
	x.Tick.Marker = plot.ConstantTicks(ticks)
	if c.Log && first > 0 {
		const beyond = 1.2
		x.Scale, x.Min, x.Max = plot.LogScale{}, first/beyond, last*beyond
		return
	}
	margin := max(1, (last-first)/20)
	x.Min, x.Max = first-margin, last+margin
}
