package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/offprint/offprint"
)

const body = `{"event":"day","day":"2026-03-05"}`

var message = Message{ID: "7", Event: offprint.EventDay, Body: []byte(body)}

func TestDeliver(t *testing.T) {
	const secret = "s3cret"
	var delivered int
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		delivered++
		got, err := io.ReadAll(r.Body)
		if err != nil || string(got) != body {
			t.Errorf("body %q, %v", got, err)
		}
		// As the package comment tells receivers to do it.
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(r.Header.Get(HeaderTimestamp) + "." + string(got)))
		if want := "sha256=" + hex.EncodeToString(mac.Sum(nil)); r.Header.Get(HeaderSignature) != want {
			t.Errorf("signature %q, want %q", r.Header.Get(HeaderSignature), want)
		}
		sec, err := strconv.ParseInt(r.Header.Get(HeaderTimestamp), 10, 64)
		if age := time.Since(time.Unix(sec, 0)); err != nil || age.Abs() > time.Minute {
			t.Errorf("timestamp %q", r.Header.Get(HeaderTimestamp))
		}
		for name, want := range map[string]string{
			HeaderEvent: "day", HeaderDelivery: "7", "Content-Type": "application/json",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	defer srv.Close()

	status, err := Deliver(t.Context(), srv.Client(), offprint.Webhook{URL: srv.URL + "/hook", Secret: secret}, message)
	if err != nil || status != "204 No Content" || delivered != 1 {
		t.Errorf("%q, %v, %d requests", status, err, delivered)
	}
}

func TestDeliverFails(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a redirect was followed")
	}))
	defer elsewhere.Close()
	answers := map[string]http.HandlerFunc{
		"500 Internal Server Error": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"410 Gone":                  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(410) },
		"302 Found":                 func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) },
	}
	for want, handler := range answers {
		t.Run(want, func(t *testing.T) {
			srv := httptest.NewServer(handler)
			defer srv.Close()
			status, err := Deliver(t.Context(), srv.Client(), offprint.Webhook{URL: srv.URL}, message)
			if err == nil || status != want {
				t.Errorf("%q, %v", status, err)
			}
			if final := offprint.KindOf(err) != offprint.KindInternal; final != (want == "410 Gone") {
				t.Errorf("final: %v, %v", final, err)
			}
		})
	}
}

func TestDeliverEndlessAnswer(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		chunk := make([]byte, 32<<10)
		for r.Context().Err() == nil {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}))
	defer srv.Close()
	if status, err := Deliver(t.Context(), srv.Client(), offprint.Webhook{URL: srv.URL}, message); err != nil {
		t.Errorf("%q, %v", status, err)
	}
}

func TestDeliverNoAnswer(t *testing.T) {
	srv := httptest.NewServer(nil)
	url := srv.URL + "/token-of-the-receiver"
	srv.Close()
	status, err := Deliver(t.Context(), http.DefaultClient, offprint.Webhook{URL: url}, message)
	if err == nil || strings.Contains(status, "token") || !strings.Contains(status, "refuses") {
		t.Errorf("%q, %v", status, err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if status, err = Deliver(ctx, http.DefaultClient, offprint.Webhook{URL: url}, message); !errors.Is(err, context.Canceled) {
		t.Errorf("%q, %v", status, err)
	}
}

func TestSign(t *testing.T) {
	// Computed independently with: printf '1.{}' | openssl dgst -sha256 -hmac k
	const want = "sha256=3dd49b2593d0f9a349e9e71c4bde3e2b862c2be4003fe9b4ba81332029310158"
	if got := Sign("k", time.Unix(1, 0), []byte("{}")); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
