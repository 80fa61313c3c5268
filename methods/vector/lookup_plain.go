//go:build !(goexperiment.simd && amd64)

package vector

func sumLookups(dst []uint16, codes, tables []byte) { sumLookupsPlain(dst, codes, tables) }
