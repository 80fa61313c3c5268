package embed

import (
	"testing"

	"github.com/offprint/offprint/lab/labtest"
)

func TestMRL(t *testing.T) { labtest.Run(t, MRL) }
