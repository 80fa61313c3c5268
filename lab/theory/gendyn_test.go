package theory

import (
	"testing"

	"github.com/offprint/offprint/lab/labtest"
)

func TestAdvaniSaxe(t *testing.T) { labtest.Run(t, AdvaniSaxe) }
