package solve

import (
	"testing"

	"github.com/offprint/offprint/lab/labtest"
)

func TestAltMin(t *testing.T) { labtest.Run(t, AltMin) }
