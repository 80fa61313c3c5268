package geometry

import (
	"testing"

	"github.com/offprint/offprint/lab/labtest"
)

func TestDiffuMatch(t *testing.T) { labtest.Run(t, DiffuMatch) }
