package geometry

import (
	"testing"

	"github.com/offprint/offprint/lab/labtest"
)

func TestH4G(t *testing.T) { labtest.Run(t, H4G) }
