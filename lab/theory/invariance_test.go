package theory

import (
	"testing"

	"github.com/offprint/offprint/lab/labtest"
)

func TestPACInvariance(t *testing.T) { labtest.Run(t, PACInvariance) }
