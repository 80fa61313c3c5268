// Package mail sends one message at a time over SMTP, and says of each failure
// whether it is worth trying again. What to send to whom is package digest's.
package mail

import "time"

// Message is one mail to one address.
type Message struct {
	To      string // an address without a name
	Subject string
	Text    string // plain text; wrapped by the caller
	HTML    string // the same as HTML; empty for none

	ID   string    // the Message-ID without its brackets; a new one when empty
	Date time.Time // now when zero

	ListID      string // such as digest.papers.example.org; empty for mail that is not a list's
	Unsubscribe string // address that a POST unsubscribes (RFC 8058); empty for none
}
