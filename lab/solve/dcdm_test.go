package solve

import (
	"testing"

	"github.com/offprint/offprint/lab/labtest"
)

func TestDCDM(t *testing.T) { labtest.Run(t, DCDM) }
