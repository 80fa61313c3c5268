// Package diffumatch learns what good functional maps look like, and uses it in
// place of axioms when it matches shapes: "DiffuMatch: Category-Agnostic Spectral
// Diffusion Priors for Robust Non-rigid Shape Matching" (2025, arXiv:2507.23715).
// A diffusion model of the absolute values of maps between shapes in
// correspondence says which entries of a new map may be large ([Prior.Mask]), and
// pulls a map towards good ones ([Prior.Gradient]).
//
// The denoiser D sees x = |C| + sigma noise and is trained on E w |D(x) - |C||^2,
// with ln sigma from N(-1.2, 1.2^2), w = (sigma^2 + sd^2) / (sigma sd)^2, and the
// preconditioning of EDM (arXiv:2206.00364), sd the spread of the data:
//
//	D(x, sigma) = sd^2/(sigma^2+sd^2) x + sigma sd/sqrt(sigma^2+sd^2) N(x / sqrt(sigma^2+sd^2), sigma).
//
// The mask of a raw map C, with sigma = 1 and means over 200 draws, is
//
//	y = | |C| + sigma noise |,   R = mean|y - D(y)| / (2 sigma mean y),
//	mask = sqrt(R) - min sqrt(R):                       element by element.
//
// Entries that the denoiser always removes get a large penalty in
// [funcmap.Solve]. Its distillation (score distillation sampling) is the gradient
//
//	G = mean( |C| - D(|C| + sigma noise) ),   sigma uniform on [.01, 1.01],
//
// by |C|, and sign(C) G by C: that of a loss, [Prior.Loss], which [Refine] adds to
// the distance of the descriptors, and [Match] takes through the features.
//
// Differences from the paper and its code: the denoiser N is a perceptron of two
// hidden layers, for maps of 16 x 16 on a few hundred examples, where the paper has
// a transformer for 30 x 30 on thousands, and noise and weights are EDM's, where
// its code's default is VP. Features are a linear layer on descriptors, where the
// paper has a DiffusionNet on coordinates. The code's loss compares |C| with
// C less the gradient times 1e-3, which above all pushes entries to be positive;
// here |C| is compared with |C| less the gradient, as the formula has it.
//
// The perceptron is methods/mlp's: a step of 128 maps of 16 x 16 takes 4.7 ms of
// a processor with Adam, and GoMLX's loss and gradients alone 6.6 ms
// (BenchmarkStep).
package diffumatch
