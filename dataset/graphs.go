package dataset

import (
	"fmt"
	"strconv"
	"strings"
)

// Graph is a graph with labelled nodes and sparse features.
type Graph struct {
	Nodes    int
	Edges    [][2]int32  // as the file has them
	Labels   [][]int     // of each node; none where the file says -1
	Split    []string    // of each node: train, val, test or none
	Features [][]Feature // of each node, ascending by index
}

// Feature is one non-zero feature.
type Feature struct {
	Index int
	Value float64
}

// Classes is one more than the largest label.
func (g *Graph) Classes() int {
	c := 0
	for _, ls := range g.Labels {
		for _, l := range ls {
			c = max(c, l+1)
		}
	}
	return c
}

// Undirected returns each edge once, the smaller end first, ascending, without
// loops.
func (g *Graph) Undirected() [][2]int32 {
	seen := make(map[[2]int32]bool, len(g.Edges))
	var out [][2]int32
	for _, e := range g.Edges {
		if e[0] > e[1] {
			e[0], e[1] = e[1], e[0]
		}
		if e[0] != e[1] && !seen[e] {
			seen[e] = true
			out = append(out, e)
		}
	}
	sortPairs(out)
	return out
}

// ReadGraph reads one of the graphs: cora, citeseer, texas, wisconsin, film,
// blogcatalog.
func ReadGraph(name string) (*Graph, error) {
	dir, err := Find(name)
	if err != nil {
		return nil, err
	}
	return readGraph(dir)
}

func readGraph(dir string) (*Graph, error) {
	g := &Graph{}
	err := eachLine(dir, "nodes.tsv", func(n int, line string) error {
		cells := strings.Split(line, "\t")
		if len(cells) != 4 {
			return fmt.Errorf("%d columns, want node, label, split, features", len(cells))
		}
		if id, err := strconv.Atoi(cells[0]); err != nil || id != n-1 {
			return fmt.Errorf("node %q, want %d: nodes are in order", cells[0], n-1)
		}
		var labels []int
		for c := range strings.SplitSeq(cells[1], ",") {
			l, err := strconv.Atoi(c)
			if err != nil || l < -1 {
				return fmt.Errorf("%q is not a label", c)
			}
			if l >= 0 {
				labels = append(labels, l)
			}
		}
		switch cells[2] {
		case "train", "val", "test", "none":
		default:
			return fmt.Errorf("%q is not one of train, val, test, none", cells[2])
		}
		var features []Feature
		for _, c := range strings.Fields(cells[3]) {
			f := Feature{Value: 1}
			name, value, weighted := strings.Cut(c, ":")
			var err error
			if f.Index, err = strconv.Atoi(name); err != nil || f.Index < 0 {
				return fmt.Errorf("%q is not a feature", c)
			}
			if weighted {
				if f.Value, err = strconv.ParseFloat(value, 64); err != nil {
					return fmt.Errorf("%q is not a feature", c)
				}
			}
			features = append(features, f)
		}
		g.Labels = append(g.Labels, labels)
		g.Split = append(g.Split, cells[2])
		g.Features = append(g.Features, features)
		g.Nodes++
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = eachLine(dir, "edges.tsv", func(_ int, line string) error {
		from, to, ok := strings.Cut(line, "\t")
		if !ok {
			return fmt.Errorf("want two nodes")
		}
		u, err := index(from, g.Nodes)
		if err != nil {
			return err
		}
		v, err := index(to, g.Nodes)
		if err != nil {
			return err
		}
		g.Edges = append(g.Edges, [2]int32{u, v})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return g, nil
}
