package sentence

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/offprint/offprint/encode"
	"github.com/offprint/offprint/methods/text"
	"github.com/offprint/offprint/methods/vector"
)

// Explain returns those n words of a text that do most for its cosine with v, which
// is of length 1; the most first. It takes as long as Encode.
//
// Where the tokens' vectors are averaged, or the largest of them taken, the cosine
// is a sum over tokens, and a word's share is that of its tokens: with those of
// punctuation, of words without meaning such as "the", and of the dense layers'
// biases, which are not listed, they sum to the cosine. With the vector of [CLS]
// there is no such sum; there, a word's share is what the cosine loses when [CLS]
// does not see the word in the last layer. Both tell of the vectors of words in
// their context: a word may do much because of its neighbours.
func (m *Model) Explain(t encode.Text, v []float32, n int) []encode.Word {
	s := m.prompt + join(t)
	tokens, words := m.tokens.tokenize(s, m.limit)
	var shares []float32
	if m.mode == "cls" {
		shares = m.unseen(tokens, len(words), v)
	} else {
		shares = m.parts(tokens, len(words), v)
	}
	at := map[string]int{}
	var out []encode.Word
	for i, w := range words {
		if int(w.from) < len(m.prompt) {
			continue
		}
		word := s[w.from:w.to]
		if !telling(word) {
			continue
		}
		key := strings.ToLower(word)
		k, ok := at[key]
		if !ok {
			k = len(out)
			at[key] = k
			out = append(out, encode.Word{Text: word})
		}
		out[k].Share += shares[i]
	}
	slices.SortStableFunc(out, func(a, b encode.Word) int { return cmp.Compare(b.Share, a.Share) })
	return out[:max(0, min(n, len(out)))]
}

// telling says whether a word is one that says something.
func telling(word string) bool {
	ascii := true
	letters := false
	for _, r := range word {
		ascii = ascii && r < 0x80
		letters = letters || unicode.IsLetter(r)
	}
	return letters && (!ascii || len(text.Tokens(word)) > 0)
}

// parts are the words' shares of the cosine, as a sum over tokens.
func (m *Model) parts(tokens []token, words int, v []float32) []float32 {
	dim := m.net.dim
	h := m.net.encode(ids(tokens), len(m.net.blocks))
	z := pools[m.mode](h, dim)
	g := m.pull(z, v)
	shares := make([]float32, words)
	if m.mode == "max" {
		for k, top := range z {
			for i, t := range tokens {
				if h[i*dim+k] == top {
					if t.word >= 0 {
						shares[t.word] += top * g[k]
					}
					break
				}
			}
		}
		return shares
	}
	// Both means are the sum of the tokens' vectors but for a factor.
	total := sum(h, dim, 1)
	scale := vector.Norm(z) / max(vector.Norm(total), 1e-30)
	for i, t := range tokens {
		if t.word >= 0 {
			shares[t.word] += scale * vector.Dot(h[i*dim:(i+1)*dim], g)
		}
	}
	return shares
}

// pull returns g such that z g, and a part for the biases, is the cosine with v of
// what follows the pooled vector z. An activation counts as the factor that it is.
func (m *Model) pull(z, v []float32) []float32 {
	factors := make([][]float32, len(m.after))
	for i, d := range m.after {
		next := make([]float32, d.out)
		d.times(next, d.out, z, d.in, 1)
		before := slices.Clone(next)
		d.act(next)
		factors[i] = make([]float32, d.out)
		for k, x := range before {
			if x != 0 {
				factors[i][k] = next[k] / x
			}
		}
		z = next
	}
	g := slices.Clone(v)
	if length := vector.Norm(z); length > 0 {
		for k := range g {
			g[k] /= length
		}
	}
	for i, d := range slices.Backward(m.after) {
		for k := range g {
			g[k] *= factors[i][k]
		}
		g = d.back(g)
	}
	return g
}

// unseen are the words' shares where [CLS] is the vector: what its cosine loses when
// its attention in the last layer leaves the word out.
func (m *Model) unseen(tokens []token, words int, v []float32) []float32 {
	net, dim := m.net, m.net.dim
	last := &net.blocks[len(net.blocks)-1]
	h := net.encode(ids(tokens), len(net.blocks)-1)
	n := words + 1 // the last is with all words
	w := net.newWork(max(len(tokens), min(n, rowsAtOnce)))
	last.qkv.rows(w.qkv, h)

	width, ld := dim/net.heads, 3*dim
	context := make([]float32, n*dim)
	weights := make([]float32, panels(len(tokens))*panel)
	left := make([]float32, n) // of the attention
	for head := range net.heads {
		at := head * width
		for i := range tokens {
			weights[i] = vector.Dot(w.qkv[at:at+width], w.qkv[i*ld+dim+at:])
		}
		if net.near != nil {
			net.addNear(weights[:len(tokens)], head, 0)
		}
		softmax(weights, len(tokens))
		all := context[words*dim+at:][:width]
		for i := range left {
			left[i] = 1
		}
		for i, t := range tokens {
			value := w.qkv[i*ld+2*dim+at:][:width]
			vector.AddScaled(all, weights[i], value)
			if t.word >= 0 {
				vector.AddScaled(context[int(t.word)*dim+at:][:width], -weights[i], value)
				left[t.word] -= weights[i]
			}
		}
		for i := range words {
			part := context[i*dim+at:][:width]
			vector.AddScaled(part, 1, all)
			for k := range part {
				part[k] /= max(left[i], 1e-6)
			}
		}
	}
	rows := make([]float32, n*dim)
	for i := range n {
		copy(rows[i*dim:], h[:dim])
	}
	last.finish(rows, context, w, net.act)
	cosines := make([]float32, n)
	for i := range n {
		cosines[i] = vector.Dot(v, m.finish(rows[i*dim:(i+1)*dim]))
	}
	for i := range words {
		cosines[i] = cosines[words] - cosines[i]
	}
	return cosines[:words]
}
