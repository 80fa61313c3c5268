package label

import (
	"testing"

	"github.com/offprint/offprint/lab/labtest"
)

func TestAnyLoss(t *testing.T) { labtest.Run(t, AnyLoss) }
