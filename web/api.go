package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"

	"github.com/offprint/offprint"
)

// access says who may use an operation of the API.
type access int

const (
	forAnybody access = iota
	forReaders
	forOwners
)

// operation is one thing that the API does. The table in apitable.go has them
// all: routes, openapi.json and the page about the API come from it.
type operation struct {
	method, path string
	id           string // its name for programs that are generated from openapi.json
	group        string
	summary      string // what it does, as a sentence without its full stop
	notes        string // what else there is to know
	access       access
	session      bool   // only in a session of a browser, not with an API token
	slow         bool   // limited more strictly: see [Server.slow]
	status       int    // of success; 0 stands for 200 with a result and 204 without
	fails        []int  // statuses besides those that follow from the rest
	media        string // content type of a result that is not JSON
	endpoint
}

// endpoint is what answers an operation, with the types that it takes and gives.
type endpoint struct {
	in, out reflect.Type
	serve   func(r *http.Request) (any, error)
	raw     handlerFunc // in place of serve, for what is not made from a value
}

// nothing is the input or the output of an operation that has none.
type nothing struct{}

// does makes an endpoint of a function. The fields of In say where they come
// from: `path:"key"`, `query:"limit"`, and Body for the JSON in the body.
func does[In, Out any](f func(*http.Request, In) (Out, error)) endpoint {
	return endpoint{
		in: reflect.TypeFor[In](), out: reflect.TypeFor[Out](),
		serve: func(r *http.Request) (any, error) {
			var in In
			if err := readInput(r, &in); err != nil {
				return nil, err
			}
			return f(r, in)
		},
	}
}

// gives makes an endpoint of a handler that writes its answer itself.
func gives[Out any](h handlerFunc) endpoint {
	return endpoint{in: reflect.TypeFor[nothing](), out: reflect.TypeFor[Out](), raw: h}
}

// success is the status of an answer that is not an error.
func (op *operation) success() int {
	switch {
	case op.status != 0:
		return op.status
	case op.out == reflect.TypeFor[nothing]():
		return http.StatusNoContent
	}
	return http.StatusOK
}

// statuses are all that an operation may answer with.
func (op *operation) statuses() []int {
	all := append([]int{op.success(), http.StatusUnauthorized, http.StatusTooManyRequests, http.StatusInternalServerError}, op.fails...)
	params, body := inputOf(op.in)
	if len(params) > 0 || body != nil {
		all = append(all, http.StatusBadRequest)
	}
	if slices.ContainsFunc(params, func(p parameter) bool { return p.place == "path" }) {
		all = append(all, http.StatusNotFound)
	}
	if body != nil {
		all = append(all, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	if op.method == http.MethodGet {
		all = append(all, http.StatusNotModified)
	}
	if op.access == forOwners || op.session || op.method != http.MethodGet {
		all = append(all, http.StatusForbidden)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// routeAPI adds the JSON API, its description, and the addresses that other
// programs know from elsewhere.
func (s *Server) routeAPI(handle func(string, handlerFunc)) {
	methods := map[string][]string{}
	for _, op := range s.operations() {
		handle(op.method+" "+op.path, s.operate(op))
		methods[op.path] = append(methods[op.path], op.method)
	}
	for path, allowed := range methods {
		handle(path, func(w http.ResponseWriter, _ *http.Request) error { return methodNotAllowed(w, allowed) })
	}
}

// operate returns the handler of an operation.
func (s *Server) operate(op operation) handlerFunc {
	h := op.raw
	if h == nil {
		h = func(w http.ResponseWriter, r *http.Request) error {
			out, err := op.serve(r)
			if err != nil {
				return err
			}
			return writeResult(w, r, op.success(), out)
		}
	}
	if op.slow {
		h = s.slow(h)
	}
	switch op.access {
	case forReaders:
		h = s.needReader(h)
	case forOwners:
		h = s.needOwner(h)
	}
	if op.session {
		h = s.needSession(h)
	}
	return h
}

// needSession wraps an operation on the account itself and on who has one. A
// program with an API token, which can leak, is turned away.
func (s *Server) needSession(h handlerFunc) handlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		if !s.hasSession(r) {
			return offprint.Errorf(offprint.KindForbidden, "An API token cannot do this: sign in with a browser, under Settings.")
		}
		return h(w, r)
	}
}

// writeResult answers with a value as JSON. A GET whose result the client has
// already, by its tag, is answered without it.
func writeResult(w http.ResponseWriter, r *http.Request, status int, out any) error {
	h := w.Header()
	h.Set("Vary", "Authorization, Cookie")
	if _, ok := out.(nothing); ok {
		w.WriteHeader(status)
		return nil
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // it is never part of a page, and titles have many a "<"
	if err := enc.Encode(out); err != nil {
		return err
	}
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		h.Set("Cache-Control", "private, no-cache")
		etag := etagOf(buf.Bytes())
		h.Set("ETag", etag)
		if etagMatches(r.Header.Get("If-None-Match"), etag) {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes()) // whoever asked has gone: nothing to do
	return nil
}
