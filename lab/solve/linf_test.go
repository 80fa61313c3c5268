package solve

import (
	"testing"

	"github.com/offprint/offprint/lab/labtest"
)

func TestLInf(t *testing.T) { labtest.Run(t, LInf) }
