package theory

import (
	"testing"

	"github.com/offprint/offprint/lab/labtest"
)

func TestUnsupPretraining(t *testing.T) { labtest.Run(t, UnsupPretraining) }
