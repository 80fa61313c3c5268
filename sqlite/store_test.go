package sqlite

import (
	"testing"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) offprint.Store { return openTemp(t) })
}
