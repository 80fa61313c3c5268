package sentence

import (
	"fmt"
	"math"
)

// vec is a vector of the reference: the same networks from their definition, in
// float64, a number at a time.
type vec []float64

func (s *saved) get(name string) []float64 {
	v, ok := s.tensors[s.prefix+name]
	if !ok {
		panic(name)
	}
	return v
}

func (s *saved) linear(name string, x vec) vec {
	return affine(s.get(name+".weight"), s.get(name+".bias"), x)
}

func affine(w, bias []float64, x vec) vec {
	y := make(vec, len(bias))
	for j := range y {
		y[j] = bias[j]
		for k := range x {
			y[j] += w[j*len(x)+k] * x[k]
		}
	}
	return y
}

func (s *saved) norm(name string, x vec) vec {
	eps := 1e-5
	if s.family == "distilbert" {
		eps = 1e-12
	}
	mean, variance := 0., 0.
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(len(x))
	}
	y := make(vec, len(x))
	for k := range x {
		y[k] = (x[k]-mean)/math.Sqrt(variance+eps)*s.get(name + ".weight")[k] + s.get(name + ".bias")[k]
	}
	return y
}

func plus(x, y vec) vec {
	z := make(vec, len(x))
	for k := range x {
		z[k] = x[k] + y[k]
	}
	return z
}

func (s *saved) activate(x vec) vec {
	y := make(vec, len(x))
	for k, v := range x {
		switch s.activation {
		case "gelu":
			y[k] = v * (1 + math.Erf(v/math.Sqrt2)) / 2
		case "gelu_new":
			y[k] = v * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+.044715*v*v*v))) / 2
		case "relu":
			y[k] = math.Max(v, 0)
		}
	}
	return y
}

// t5Bucket is a transcription of _relative_position_bucket in T5 and MPNet.
func t5Bucket(memoryMinusContext int) int {
	n, ret := -memoryMinusContext, 0
	if n < 0 {
		ret, n = 16, -n
	}
	if n < 8 {
		return ret + n
	}
	large := 8 + int(math.Log(float64(n)/8)/math.Log(16)*8+1e-9)
	return ret + min(large, 15)
}

// reference is the vector of tokens. In the last layer, the first token does not see
// those that are hidden.
func (s *saved) reference(ids []int32, hidden map[int]bool) vec {
	f := families[s.family]
	var h []vec
	for i, id := range ids {
		place := i
		if s.family == "mpnet" {
			place += 2
		}
		x := plus(s.get("embeddings.word_embeddings.weight")[int(id)*s.dim:][:s.dim], s.get("embeddings.position_embeddings.weight")[place*s.dim:][:s.dim])
		if s.family == "bert" {
			x = plus(x, s.get("embeddings.token_type_embeddings.weight")[:s.dim])
		}
		h = append(h, s.norm("embeddings.LayerNorm", x))
	}
	for l := range s.layers {
		name := fmt.Sprintf(f.block, l)
		var q, k, v, next []vec
		for _, x := range h {
			q, k, v = append(q, s.linear(name+f.q, x)), append(k, s.linear(name+f.k, x)), append(v, s.linear(name+f.v, x))
		}
		width := s.dim / s.heads
		for i := range h {
			context := make(vec, s.dim)
			for head := range s.heads {
				weights, total := make(vec, len(h)), 0.
				for j := range h {
					if i == 0 && l == s.layers-1 && hidden[j] {
						continue
					}
					score := 0.
					for c := head * width; c < (head+1)*width; c++ {
						score += q[i][c] * k[j][c]
					}
					score /= math.Sqrt(float64(width))
					if s.family == "mpnet" {
						score += s.get("encoder.relative_attention_bias.weight")[t5Bucket(j-i)*s.heads+head]
					}
					weights[j] = math.Exp(score)
					total += weights[j]
				}
				for j := range h {
					for c := head * width; c < (head+1)*width; c++ {
						context[c] += weights[j] / total * v[j][c]
					}
				}
			}
			x := s.norm(name+f.outNorm, plus(h[i], s.linear(name+f.out, context)))
			x = s.norm(name+f.norm, plus(x, s.linear(name+f.down, s.activate(s.linear(name+f.up, x)))))
			next = append(next, x)
		}
		h = next
	}
	z := make(vec, s.dim)
	for k := range z {
		switch s.mode {
		case "cls":
			z[k] = h[0][k]
		case "max":
			z[k] = h[0][k]
			for _, x := range h {
				z[k] = math.Max(z[k], x[k])
			}
		default:
			for _, x := range h {
				z[k] += x[k] / float64(len(h))
			}
		}
	}
	if s.dense != "" {
		z = affine(s.tensors["linear.weight"], s.tensors["linear.bias"], z)
		if s.dense == "Tanh" {
			for k := range z {
				z[k] = math.Tanh(z[k])
			}
		}
	}
	length := 0.
	for _, v := range z {
		length += v * v
	}
	for k := range z {
		z[k] /= math.Sqrt(length)
	}
	return z
}
