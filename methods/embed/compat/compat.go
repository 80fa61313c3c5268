// Package compat keeps the vectors of successive versions of an embedding model
// comparable, so that a new model can search what an old one has stored
// (Stationary Representations: Optimally Approximating Compatibility and
// Implications for Improved Model Replacements, 2024, arXiv:2405.02581).
package compat
