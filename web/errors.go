package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/offprint/offprint"
)

// statusOf translates a domain error for HTTP. What is not the caller's fault
// is a 500 whose cause stays in the log.
func statusOf(err error) (status int, message string) {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return http.StatusRequestEntityTooLarge, "That is too large: at most 1 MB is accepted here."
	}
	if e, ok := errors.AsType[*statusError](err); ok {
		return e.status, e.message
	}
	message = err.Error()
	if e, ok := errors.AsType[*offprint.Error](err); ok {
		message = e.Message
	}
	switch offprint.KindOf(err) {
	case offprint.KindInvalid:
		return http.StatusBadRequest, message
	case offprint.KindUnauthorized:
		return http.StatusUnauthorized, message
	case offprint.KindForbidden:
		return http.StatusForbidden, message
	case offprint.KindNotFound:
		return http.StatusNotFound, message
	case offprint.KindConflict:
		return http.StatusConflict, message
	case offprint.KindTooLarge:
		return http.StatusRequestEntityTooLarge, message
	case offprint.KindTooMany:
		return http.StatusTooManyRequests, message
	}
	return http.StatusInternalServerError, "Something went wrong on our side. It has been logged."
}

// statusError is a failure for which the domain has no kind, since it is only
// about HTTP.
type statusError struct {
	status  int
	message string // shown
	cause   error  // logged; may be nil
}

func (e *statusError) Error() string {
	if e.cause != nil {
		return e.message + " " + e.cause.Error()
	}
	return e.message
}

func (e *statusError) Unwrap() error { return e.cause }

// methodNotAllowed is for an address that only takes other methods.
func methodNotAllowed(w http.ResponseWriter, allowed []string) error {
	allow := strings.Join(allowed, ", ")
	w.Header().Set("Allow", allow)
	return &statusError{status: http.StatusMethodNotAllowed, message: "This address takes only " + allow + "."}
}

// fail answers with an error: JSON under /api/ or when asked for, else a page.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // nobody is listening
	}
	status, message := statusOf(err)
	if status >= 500 {
		s.Log.ErrorContext(r.Context(), "request failed", "route", r.Pattern, "error", err)
	}
	if status == http.StatusTooManyRequests && w.Header().Get("Retry-After") == "" {
		w.Header().Set("Retry-After", strconv.Itoa(int(mailsEvery.Seconds())))
	}
	if wantsJSON(r) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		if status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", "Bearer")
		}
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": message})
		return
	}
	s.render(w, r, status, "error", page{
		Title:   http.StatusText(status),
		Content: errorPage{Status: status, Message: message},
	})
}

type errorPage struct {
	Status  int
	Message string
}

// wantsJSON reports whether a request is a program's: the API's, or one that
// the page's own script sent.
func wantsJSON(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/api/") || strings.HasPrefix(r.Header.Get("Accept"), "application/json")
}
