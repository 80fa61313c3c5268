package embed

import (
	"testing"

	"github.com/offprint/offprint/lab/labtest"
)

func TestStarbucks(t *testing.T) { labtest.Run(t, Starbucks) }
