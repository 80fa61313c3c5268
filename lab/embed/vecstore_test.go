package embed

import (
	"testing"

	"github.com/offprint/offprint/lab/labtest"
)

func TestVectorStorage(t *testing.T) { labtest.Run(t, VectorStorage) }
