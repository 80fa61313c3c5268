package geometry

import (
	"testing"

	"github.com/offprint/offprint/lab/labtest"
)

func TestLoki(t *testing.T) { labtest.Run(t, Loki) }
