package theory

import (
	"testing"

	"github.com/offprint/offprint/lab/labtest"
)

func TestPermLearn(t *testing.T) { labtest.Run(t, PermLearn) }
