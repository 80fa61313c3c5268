// Package semid has semantic IDs, from "Better Generalization with Semantic
// IDs: A Case Study in Ranking for Recommendations" (2023, arXiv:2306.08121):
// an item is a short sequence of codes, coarse to fine, of its frozen content
// vector, so that similar items share codes. A ranking model has vectors for
// pieces of the sequence in place of one for each item: popular items can have
// pieces of their own, and new ones share those of their neighbours.
//
// The codes are those of a residual-quantised autoencoder ([Train]):
//
//	z = Enc(x),   r_1 = z
//	c_l = argmin_k |r_l - C_lk|^2,   r_l+1 = r_l - C_l,c_l      for l = 1..L
//	z^ = sum_l C_l,c_l,   x^ = Dec(z + sg(z^ - z))
//	loss = |x - x^|^2 + sum_l |sg(r_l) - C_l,c_l|^2 + beta |r_l - sg(C_l,c_l)|^2
//
// where sg stops the gradient. Codewords start from k-means on the residuals
// after a warm-up of the plain autoencoder, and those that nobody uses are moved
// to residuals of random items. [ResidualKMeans] is the same without a network.
//
// The pieces are [NGram]s, hashed, or learned from the log of impressions by a
// unigram language model ([TrainSPM]), in which the paper uses SentencePiece.
//
// Differences from the paper: its items are videos with 8 levels of 2,048 codes;
// sg is also applied to the codewords in the chain of residuals, so that a level
// does not pull at those before it; and the language model is trained on best
// segmentations (Viterbi) in place of expected counts.
package semid
