package label

import (
	"testing"

	"github.com/offprint/offprint/lab/labtest"
)

func TestSLK(t *testing.T) { labtest.Run(t, SLK) }
