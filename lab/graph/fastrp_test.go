package graph

import (
	"testing"

	"github.com/offprint/offprint/lab/labtest"
)

func TestFastRP(t *testing.T) { labtest.Run(t, FastRP) }
