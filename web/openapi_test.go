package web

import (
	"bytes"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

var update = flag.Bool("update", false, "write openapi.json again")

func TestOpenAPIFile(t *testing.T) {
	var s *Server
	want, err := describeAPI(s.operations()).marshal()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("openapi.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(openapiFile, want) {
		t.Error("openapi.json is not what the table of operations says: run go generate ./web")
	}
}

// loadOpenAPI reads the file with a library that knows nothing of how it was made.
func loadOpenAPI(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openapiFile)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestOpenAPIIsValid(t *testing.T) {
	doc := loadOpenAPI(t)
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !doc.IsOpenAPI31OrLater() {
		t.Errorf("version %s", doc.OpenAPI)
	}
	ids := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if ids[op.OperationID] {
				t.Errorf("two operations are called %s", op.OperationID)
			}
			ids[op.OperationID] = true
			if op.Summary == "" || strings.HasSuffix(op.Summary, ".") {
				t.Errorf("%s %s: summary %q", method, path, op.Summary)
			}
		}
	}
}

// Every route under /api is described, and every operation that is described
// has a route of its own.
func TestOpenAPIHasAllRoutes(t *testing.T) {
	si := newSite(t, nil)
	doc := loadOpenAPI(t)
	si.server.routeAPI(func(pattern string, _ handlerFunc) {
		method, path, ok := strings.Cut(pattern, " ")
		if !ok { // answers 405
			path = pattern
		}
		item := doc.Paths.Value(path)
		if item == nil || ok && item.GetOperation(method) == nil {
			t.Errorf("%s is not described", pattern)
		}
	})
	mux := si.server.routes().(*http.ServeMux)
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			address := strings.NewReplacer("{", "", "}", "").Replace(path)
			_, pattern := mux.Handler(httptest.NewRequest(method, address, nil))
			if pattern != method+" "+path {
				t.Errorf("%s %s is answered by the route %q", method, path, pattern)
			}
		}
	}
}
