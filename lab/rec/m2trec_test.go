package rec

import (
	"testing"

	"github.com/offprint/offprint/lab/labtest"
)

func TestM2TRec(t *testing.T) { labtest.Run(t, M2TRec) }
