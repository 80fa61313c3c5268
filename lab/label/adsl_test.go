package label

import (
	"testing"

	"github.com/offprint/offprint/lab/labtest"
)

func TestSubspaceLearners(t *testing.T) { labtest.Run(t, SubspaceLearners) }
