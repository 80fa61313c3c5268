package offprint

import (
	"errors"
	"fmt"
)

// Kind says what sort of failure an [Error] is, so that each border (a page,
// the API, a command) can translate it once.
type Kind string

// The kinds of failure that are the caller's to correct. Any error that is not
// an [Error] is a fault of ours and has kind [KindInternal].
const (
	KindInvalid      Kind = "invalid"      // malformed input: 400
	KindUnauthorized Kind = "unauthorized" // not signed in: 401
	KindForbidden    Kind = "forbidden"    // signed in, but not allowed: 403
	KindNotFound     Kind = "not found"    // 404
	KindConflict     Kind = "conflict"     // already there, or changed meanwhile: 409
	KindTooLarge     Kind = "too large"    // 413
	KindTooMany      Kind = "too many"     // 429
	KindInternal     Kind = "internal"     // 500
)

// Error is a failure with a sentence that may be shown to whoever caused it.
type Error struct {
	Kind    Kind
	Message string
}

func (e *Error) Error() string { return e.Message }

// Errorf returns an [Error] of the given kind. Its message is shown to users:
// it says what is wrong and what to do.
func Errorf(kind Kind, format string, args ...any) error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// KindOf returns the kind of the first [Error] in err's chain, and
// [KindInternal] where there is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return KindInternal
}
