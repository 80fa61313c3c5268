package rec

import (
	"testing"

	"github.com/offprint/offprint/lab/labtest"
)

func TestNGCF(t *testing.T) { labtest.Run(t, NGCF) }
