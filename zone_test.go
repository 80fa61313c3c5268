package offprint

import (
	"testing"
	"time"
	_ "time/tzdata" // zones do not depend on the machine
)

func mustLoad(t *testing.T, zone string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}
