package graph

import (
	"testing"

	"github.com/offprint/offprint/lab/labtest"
)

func TestMindTheGap(t *testing.T) { labtest.Run(t, MindTheGap) }
