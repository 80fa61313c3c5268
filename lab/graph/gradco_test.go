package graph

import (
	"testing"

	"github.com/offprint/offprint/lab/labtest"
)

func TestGRADCO(t *testing.T) { labtest.Run(t, GRADCO) }
