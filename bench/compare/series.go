package compare

import "gonum.org/v1/plot/plotter"

// A series is the figures of one row where they are drawn. Its methods are those
// that package plotter asks of points with a spread.
type series struct {
	at      plotter.XYs
	spreads []*Spread
	width   float64 // of a bar
}

// points returns the figures of row number i. Over names, the rows' bars stand
// side by side around the number of the column.
func (c Chart) points(i int) series {
	s := series{width: barShare / float64(len(c.Rows))}
	for k, cell := range c.Rows[i].Cells {
		if cell == nil || cell.Spread == nil {
			continue
		}
		x := float64(k) + (float64(i)-float64(len(c.Rows)-1)/2)*s.width
		if c.X != nil {
			x = c.X[k]
		}
		s.at = append(s.at, plotter.XY{X: x, Y: cell.Median})
		s.spreads = append(s.spreads, cell.Spread)
	}
	return s
}

// Len returns the number of points.
func (s series) Len() int { return len(s.at) }

// XY returns point i.
func (s series) XY(i int) (x, y float64) { return s.at[i].X, s.at[i].Y }

// YError returns how far the rounds reach below and above point i.
func (s series) YError(i int) (low, high float64) {
	return s.spreads[i].Median - s.spreads[i].Min, s.spreads[i].Max - s.spreads[i].Median
}

// bar returns the corners of the bar of point i.
func (s series) bar(i int) plotter.XYs {
	x, y := s.XY(i)
	left, right := x-s.width/2, x+s.width/2
	return plotter.XYs{{X: left, Y: 0}, {X: left, Y: y}, {X: right, Y: y}, {X: right, Y: 0}}
}
