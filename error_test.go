package offprint

import (
	"errors"
	"fmt"
	"testing"
)

func TestKindOf(t *testing.T) {
	base := Errorf(KindNotFound, "There is no paper %q.", "x")
	if got := base.Error(); got != `There is no paper "x".` {
		t.Error(got)
	}
	for _, tc := range []struct {
		err  error
		want Kind
	}{
		{base, KindNotFound},
		{fmt.Errorf("load: %w", base), KindNotFound},
		{errors.Join(errors.New("first"), base), KindNotFound},
		{fmt.Errorf("outer: %w", errors.Join(Errorf(KindConflict, "Taken."), base)), KindConflict},
		{errors.New("disk full"), KindInternal},
		{nil, KindInternal},
	} {
		if got := KindOf(tc.err); got != tc.want {
			t.Errorf("KindOf(%v) = %q, want %q", tc.err, got, tc.want)
		}
	}
}
