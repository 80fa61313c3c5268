// Package rank orders papers and says why: what a search has found by words and
// by meaning, what is related to a paper, what a reader may want to see. All of
// it is arithmetic on vectors and plain data; it knows neither store nor pages.
package rank
