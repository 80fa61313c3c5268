package rec

import (
	"testing"

	"github.com/offprint/offprint/lab/labtest"
)

func TestSemanticIDs(t *testing.T) { labtest.Run(t, SemanticIDs) }
