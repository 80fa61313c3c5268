package rec

import (
	"testing"
	"time"

	"github.com/offprint/offprint/methods/rec"
	"github.com/offprint/offprint/methods/rec/ngcf"
)

func TestTry(t *testing.T) {
	s, err := gowalla(0, 8000, 8)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(s.train.Users, s.train.Items, len(s.train.Pairs), len(s.test.Pairs))
	pop := rec.Popularity(s.train)
	q := rec.Measure(s.train, s.test, 20, func(_ int, dst []float32) { copy(dst, pop) })
	t.Log("pop", q.Recall, q.NDCG)
	st := time.Now()
	e, err := rec.NewEASE(s.train, 300)
	if err != nil {
		t.Fatal(err)
	}
	q = rec.Measure(s.train, s.test, 20, e.Scores)
	t.Log("ease", q.Recall, q.NDCG, time.Since(st))
	base := ngcf.Config{Dim: 32, Layers: 2, LR: .01, Reg: 1e-3, Dropout: .1, Batch: 2048, Epochs: 40}
	mf := base
	mf.Layers = 0
	tuned := mf
	tuned.Reg = 6e-2
	light := base
	light.Variant, light.LR, light.Epochs = ngcf.LightGCN, .02, 20
	for name, c := range map[string]ngcf.Config{"ngcf": base, "mf": mf, "tuned": tuned, "light": light} {
		st := time.Now()
		var eval time.Duration
		_, err := ngcf.Fit(t.Context(), s.train, c, func(e int, m func() *ngcf.Model) bool {
			if e%10 == 0 {
				s2 := time.Now()
				q := rec.Measure(s.train, s.test, 20, m().Scores)
				eval += time.Since(s2)
				t.Log(name, e, q.Recall, q.NDCG)
			}
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Log(name, "took", time.Since(st)-eval, "eval", eval)
	}
}
