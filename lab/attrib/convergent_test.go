package attrib

import (
	"testing"

	"github.com/offprint/offprint/lab/labtest"
)

func TestConvergent(t *testing.T) { labtest.Run(t, Convergent) }
