package label

import (
	"testing"

	"github.com/offprint/offprint/lab/labtest"
)

func TestELR(t *testing.T) { labtest.Run(t, ELR) }
