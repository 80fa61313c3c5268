// Package methods holds the source of the methods below it, a folder a family,
// so that a paper's page can show it.
package methods

import "embed"

// Source has the Go files of all packages below this one.
//
//go:embed */*.go */*/*.go
var Source embed.FS
