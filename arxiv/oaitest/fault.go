package oaitest

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Fault spoils the answer to one request, given what the answer would be.
type Fault func(w http.ResponseWriter, r *http.Request, answer []byte)

// Cut breaks the connection after n bytes of the body.
func Cut(n int) Fault {
	return func(w http.ResponseWriter, _ *http.Request, answer []byte) {
		w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
		_, _ = w.Write(answer[:min(n, len(answer))])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// Truncate sends n bytes as if they were the whole body.
func Truncate(n int) Fault {
	return func(w http.ResponseWriter, _ *http.Request, answer []byte) {
		_, _ = w.Write(answer[:min(n, len(answer))])
	}
}

// Broken sends XML that is not well formed after its first half.
func Broken() Fault {
	return func(w http.ResponseWriter, _ *http.Request, answer []byte) {
		half := len(answer) / 2
		_, _ = w.Write(answer[:half])
		_, _ = io.WriteString(w, "</nothing> & <")
		_, _ = w.Write(answer[half:])
	}
}

// Page sends a web page with a success's status, as a captive portal does.
func Page() Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<!doctype html><html><head><title>Sign in</title></head><body>Sign in.</body></html>")
	}
}

// Stall sends half of the body and then nothing until the client leaves.
func Stall() Fault {
	return func(w http.ResponseWriter, r *http.Request, answer []byte) {
		_, _ = w.Write(answer[:len(answer)/2])
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
}

// Slow sends a proper answer in pieces of n bytes, with a pause after each.
func Slow(n int, pause time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, answer []byte) {
		rc := http.NewResponseController(w)
		for piece := range slices.Chunk(answer, n) {
			if r.Context().Err() != nil {
				return
			}
			_, _ = w.Write(piece)
			_ = rc.Flush()
			time.Sleep(pause)
		}
	}
}

// Status answers with a status and, unless it is empty, a Retry-After.
func Status(code int, retryAfter string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		http.Error(w, http.StatusText(code), code)
	}
}

// Error answers with an OAI-PMH error.
func Error(code string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		_, _ = io.WriteString(w, `<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><error code="`+escape(code)+`">told to</error></OAI-PMH>`)
	}
}

// Body answers with a status and a body of one's own.
func Body(code int, body string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}
