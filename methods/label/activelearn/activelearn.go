// Package activelearn finds out what to ask: a policy for a few noisy questions
// that is good without a prior over what may come.
//
// The paper is "Learning to Actively Learn: A Robust Approach" (2020,
// arXiv:2010.15382). Instead of proving a strategy good, it is made by playing
// against an adversary that chooses the instance among those no harder than r, and
// one strategy is asked to be, for every r at once, nearly as good as the best one
// for that r alone.
//
// An instance i answers question q with yes with the probability p_iq; after T
// questions a strategy says what it takes for right, and loses 1 if that is wrong.
// What counts of a session is its state, how often each question got which answer:
//
//	L(state, i) = prod_q p_iq^yes_q (1-p_iq)^no_q                             (1)
//
// is the probability of one course to it. The best response to weights w over the
// instances comes from backward induction,
//
//	U(state) = sum_i w_i L - max_z sum_{i: z is right} w_i L   at the end,
//	U(state) = min_q [U(state + q yes) + U(state + q no)]      before,        (2)
//
// whose U(start) is a lower bound on what any strategy loses at worst. A policy
// has with instance i the loss
//
//	E(state) = p_iq E(state + q yes) + (1-p_iq) E(state + q no).              (3)
//
// The adversary moves by multiplicative weights against the losses l less an
// offset o, in round t at the rate 4/sqrt(1+t/20),
//
//	log w_i += rate (l_i - o_i),                                              (4)
//
// and the uniform mixture of all best responses is the strategy: its worst loss is
// the upper bound. With o = 0 and the instances of complexity up to r that gives
// V(r); the robust strategy takes from each instance the V of the smallest class
// that has it, and so solves
//
//	min over strategies of max_r [max_{i: C(i) <= r} l_i - V(r)].             (5)
//
// Difference from the paper: it trains two networks by policy gradients, for
// problems of any size, and has the adversary move in a continuum. Here both sides
// are exact on a grid, which small problems allow and which certifies the result.
// The complexity is the caller's, or [Problem.LowerBound].
package activelearn
