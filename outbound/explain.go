package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"

	"github.com/offprint/offprint"
)

// Explain turns the failure of a request into a sentence for whoever looks at
// the source or the webhook. It leaves the address out, which may hold a secret.
func Explain(err error) string {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*offprint.Error](err); ok {
		return e.Message
	}
	if e, ok := errors.AsType[*StatusError](err); ok {
		return e.Error()
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		if e.IsNotFound {
			return "The server's name, " + e.Name + ", cannot be found."
		}
		return "The server's name, " + e.Name + ", cannot be looked up at the moment."
	}
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "The server's certificate is not valid: " + e.Err.Error() + "."
	}
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		return "The server took too long to answer."
	}
	switch {
	case errors.Is(err, context.Canceled):
		return "The request was stopped before it was complete."
	case errors.Is(err, syscall.ECONNREFUSED):
		return "The server refuses connections."
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "The server cannot be reached from here."
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "The connection broke before the answer was complete."
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	return sentence(err.Error())
}

// sentence gives a message a capital, a full stop and an end.
func sentence(s string) string {
	const limit = 300
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "…"
	}
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return "Something went wrong."
	}
	s = string(unicode.ToUpper(r)) + s[n:]
	if !strings.HasSuffix(s, ".") && !strings.HasSuffix(s, "…") {
		s += "."
	}
	return s
}
