package attrib

import (
	"testing"

	"github.com/offprint/offprint/lab/labtest"
)

func TestUnlearning(t *testing.T) { labtest.Run(t, Unlearning) }
