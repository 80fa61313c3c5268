package label

import (
	"testing"

	"github.com/offprint/offprint/lab/labtest"
)

func TestLearnToActivelyLearn(t *testing.T) { labtest.Run(t, LearnToActivelyLearn) }
