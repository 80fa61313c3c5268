// Package webhook tells an address of an event: one POST of a JSON body, signed
// with the webhook's secret.
//
// A receiver checks a request in this way, and answers with any 2xx status:
//
//	message := header["Offprint-Timestamp"] + "." + body
//	want := "sha256=" + hex(HMAC-SHA256(secret, message))
//	accept if want equals header["Offprint-Signature"] in constant time,
//	and the timestamp (Unix seconds) is not older than a few minutes
//
// A delivery that is tried again keeps its Offprint-Delivery, so that a receiver
// can tell that it has had it.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/outbound"
)

// The headers of a delivery.
const (
	HeaderEvent     = "Offprint-Event"     // such as "day"
	HeaderDelivery  = "Offprint-Delivery"  // the same for each try of one delivery
	HeaderTimestamp = "Offprint-Timestamp" // Unix seconds of this try
	HeaderSignature = "Offprint-Signature" // see [Sign]
)

const (
	timeout   = 10 * time.Second
	maxAnswer = 64 << 10 // bytes of an answer that are read, so that the connection can be used again
)

// Message is one event for one webhook.
type Message struct {
	ID    string // the same for each try
	Event offprint.WebhookEvent
	Body  []byte // JSON
}

// Sign returns the signature of a body at a time: "sha256=" and the hexadecimal
// HMAC-SHA256, keyed with the secret, of the Unix time in decimal, a full stop
// and the body.
func Sign(secret string, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.", at.Unix())
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// Deliver tries once to hand a message to a webhook, within 10 seconds. The
// status is what to show to the webhook's owner, such as "200 OK" or what went
// wrong; the error is nil after a 2xx status only. Trying again is pointless when
// it is an [offprint.Error]: the address is not allowed, or the receiver has
// answered 410 Gone. Redirects are not followed: the address to sign for is the
// one that its owner gave.
func Deliver(ctx context.Context, client *http.Client, hook offprint.Webhook, m Message) (status string, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, hook.URL, bytes.NewReader(m.Body))
	if err != nil {
		return "the address is malformed", offprint.Errorf(offprint.KindInvalid, "The webhook's address is malformed.")
	}
	now := time.Now()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(HeaderEvent, string(m.Event))
	req.Header.Set(HeaderDelivery, m.ID)
	req.Header.Set(HeaderTimestamp, strconv.FormatInt(now.Unix(), 10))
	req.Header.Set(HeaderSignature, Sign(hook.Secret, now, m.Body))

	once := *client
	once.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := once.Do(req)
	if err != nil {
		return outbound.Explain(err), fmt.Errorf("webhook %d: %w", hook.ID, err)
	}
	// The answer's content means nothing; failing to read it is no failure.
	_, _ = io.CopyN(io.Discard, resp.Body, maxAnswer)
	_ = resp.Body.Close()

	switch {
	case resp.StatusCode == http.StatusGone:
		return resp.Status, offprint.Errorf(offprint.KindNotFound, "The receiver answered 410 Gone.")
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return resp.Status, fmt.Errorf("webhook %d: the receiver answered %s", hook.ID, resp.Status)
	}
	return resp.Status, nil
}
