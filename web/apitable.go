package web

import "net/http"

// operations are all that the API does, in the order of its page.
func (s *Server) operations() []operation {
	const get = http.MethodGet
	return []operation{
		{method: get, path: "/api/v1/openapi.json", id: "description", group: "About", summary: "This description, in OpenAPI 3.1", endpoint: gives[map[string]any](func(w http.ResponseWriter, r *http.Request) error { return nil })},
	}
}
