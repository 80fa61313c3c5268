package embed

import (
	"testing"

	"github.com/offprint/offprint/lab/labtest"
)

func TestCompat(t *testing.T) { labtest.Run(t, Compat) }
