package mail

import (
	"encoding/base64"
	"errors"
	"net/textproto"
	"strings"
)

// Class says what a failure means for the message.
type Class string

// The classes of failure.
const (
	Temporary Class = "temporary" // not accepted: may be tried again (4xx, or the connection failed)
	Permanent Class = "permanent" // refused for good (5xx)
	Unknown   Class = "unknown"   // all of it went out, but no answer came back: it may have arrived
)

// Error is a message that was not sent, or not certainly. It never holds the
// password.
type Error struct {
	Class Class
	// Server is whether the failure concerns the server or the connection, so
	// that other messages would fail in the same way, and not the recipient.
	Server bool
	// Code is the server's reply code, and 0 where there was no reply.
	Code int
	// NoMailbox is whether the server says that there is no such recipient.
	NoMailbox bool

	text string
}

func (e *Error) Error() string { return e.text }

// stage is how far a message had come.
type stage int

const (
	atConnect stage = iota
	atSender
	atRecipient
	atData
	atEnd
)

var stages = [...]string{
	atConnect:   "connecting",
	atSender:    "naming the sender",
	atRecipient: "naming the recipient",
	atData:      "sending the message",
	atEnd:       "waiting for the message to be accepted",
}

func (s *Sender) failure(at stage, err error) *Error {
	e := &Error{Class: Temporary, text: "mail server " + s.cfg.Host + ", " + stages[at] + ": " + s.redact(err.Error())}
	reply, ok := errors.AsType[*textproto.Error](err)
	if !ok {
		e.Server = true
		if at == atEnd {
			e.Class = Unknown
		}
		return e
	}
	e.Code = reply.Code
	e.Server = at <= atSender || reply.Code == 421
	if reply.Code >= 500 {
		e.Class = Permanent
	}
	e.NoMailbox = at == atRecipient && noMailbox(reply)
	return e
}

// noMailbox reads a refusal of a recipient: the extended code of RFC 3463 where
// there is one, since many servers also say 550 to what they take for spam.
func noMailbox(reply *textproto.Error) bool {
	first, _, _ := strings.Cut(reply.Msg, " ")
	if parts := strings.Split(first, "."); len(parts) == 3 && parts[0] == "5" {
		switch first {
		case "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1":
			return true
		}
		return false
	}
	return reply.Code == 550 || reply.Code == 553
}

// redact makes what a server said fit for a log: on one line, not long, and
// without the password, should the server have echoed it.
func (s *Sender) redact(text string) string {
	if p := s.cfg.Password; p != "" {
		plain := "\x00" + s.cfg.Username + "\x00" + p
		for _, secret := range []string{
			p, base64.StdEncoding.EncodeToString([]byte(p)), base64.StdEncoding.EncodeToString([]byte(plain)),
		} {
			text = strings.ReplaceAll(text, secret, "[password]")
		}
	}
	text = oneLine(text)
	const limit = 300
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return text
}
