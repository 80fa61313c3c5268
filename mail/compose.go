package mail

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	"github.com/offprint/offprint"
)

// compose returns the message as it goes over the wire, and its recipient. No
// field can bring a header of its own in.
func (s *Sender) compose(m Message) (wire []byte, to string, err error) {
	if to, err = offprint.CleanEmail(m.To); err != nil {
		return nil, "", fmt.Errorf("mail: recipient: %w", err)
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(s.from)
	if err := msg.To(to); err != nil {
		return nil, "", fmt.Errorf("mail: recipient: %w", err)
	}
	msg.Subject(oneLine(m.Subject))

	id := m.ID
	if id == "" {
		id = offprint.NewSecret()[:22] + "@" + s.from.Address[strings.LastIndexByte(s.from.Address, '@')+1:]
	}
	if !isToken(id) {
		return nil, "", fmt.Errorf("mail: %q is not a message id", id)
	}
	msg.SetMessageIDWithValue(id)
	date := m.Date
	if date.IsZero() {
		date = time.Now()
	}
	msg.SetDateWithValue(date)

	// Nobody's out-of-office note shall answer (RFC 3834).
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	if m.ListID != "" {
		if !isToken(m.ListID) {
			return nil, "", fmt.Errorf("mail: %q is not a list id", m.ListID)
		}
		msg.SetGenHeaderPreformatted("List-Id", "<"+m.ListID+">")
		msg.SetGenHeader("Precedence", "bulk")
	}
	if m.Unsubscribe != "" {
		u, err := url.Parse(m.Unsubscribe)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || !isToken(m.Unsubscribe) {
			return nil, "", fmt.Errorf("mail: %q is not an address to unsubscribe at", m.Unsubscribe)
		}
		msg.SetGenHeaderPreformatted(gomail.HeaderListUnsubscribe, "<"+m.Unsubscribe+">")
		if u.Scheme == "https" { // RFC 8058 allows one click nowhere else
			msg.SetListUnsubscribePost()
		}
	}

	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	var b bytes.Buffer
	if _, err := msg.WriteTo(&b); err != nil {
		return nil, "", fmt.Errorf("mail: write the message: %w", err)
	}
	return b.Bytes(), to, nil
}

// oneLine turns control characters and line separators into spaces.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(s), " ")
}

// isToken reports whether s can stand in a header between angle brackets.
func isToken(s string) bool {
	return s != "" && len(s) <= 900 && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '<' || r == '>' })
}
