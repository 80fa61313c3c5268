package geometry

import (
	"testing"

	"github.com/offprint/offprint/lab/labtest"
)

func TestGBWBN(t *testing.T) { labtest.Run(t, GBWBN) }
