package mail

import (
	"context"
	"crypto/tls"
	"net"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// Conn is an open connection to the mail server, for a run of messages. It is
// for one goroutine.
type Conn struct {
	sender *Sender
	client *smtp.Client
	broken *Error // why nothing more can be sent
}

// Send opens a connection, sends one message and closes it. Its error is as of
// [Sender.Open] and [Conn.Send].
func (s *Sender) Send(ctx context.Context, m Message) error {
	c, err := s.Open(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.Send(ctx, m, nil)
}

// Open connects, encrypts and signs in. A failure is an [*Error] that concerns
// the server.
func (s *Sender) Open(ctx context.Context) (*Conn, error) {
	tlsConfig := &tls.Config{ServerName: s.cfg.Host, MinVersion: tls.VersionTLS12, RootCAs: s.cfg.Roots}
	var conn net.Conn
	options := []gomail.Option{
		gomail.WithPort(s.cfg.Port),
		gomail.WithTimeout(s.cfg.Timeout),
		gomail.WithTLSConfig(tlsConfig),
		gomail.WithDialContextFunc(func(ctx context.Context, network, address string) (_ net.Conn, err error) {
			if s.cfg.Security == TLS {
				conn, err = (&tls.Dialer{Config: tlsConfig}).DialContext(ctx, network, address)
			} else {
				conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
			}
			return conn, err
		}),
	}
	switch s.cfg.Security {
	case TLS:
		options = append(options, gomail.WithSSL())
	case NoTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if s.cfg.Username != "" {
		options = append(options, gomail.WithUsername(s.cfg.Username), gomail.WithPassword(s.cfg.Password),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin, gomail.SMTPAuthCramMD5))
	}
	dialer, err := gomail.NewClient(s.cfg.Host, options...)
	if err != nil {
		return nil, s.failure(atConnect, err)
	}
	client, err := dialer.DialToSMTPClientWithContext(ctx)
	if err != nil {
		if conn != nil {
			_ = conn.Close() // the dialer leaves it open
		}
		return nil, s.failure(atConnect, err)
	}
	return &Conn{sender: s, client: client}, nil
}

// Close says goodbye and closes the connection.
func (c *Conn) Close() {
	if c.broken != nil {
		// QUIT would end a message that was cut off, and the server would take it.
		_ = c.client.Close()
		return
	}
	if err := c.client.Quit(); err != nil {
		_ = c.client.Close()
	}
}

// Broken reports whether the connection has failed and can send nothing more.
func (c *Conn) Broken() bool { return c.broken != nil }

// Send sends one message. Once the server has agreed to take it, and just before
// its first byte goes out, handOver is called (unless nil); if that fails, the
// message is not sent. A failure is an [*Error].
//
// Cancelling ctx stops a message that has not begun. One that has is finished,
// for at most the configured timeout: breaking it off would leave nobody
// knowing whether it arrived.
func (c *Conn) Send(ctx context.Context, m Message, handOver func() error) error {
	wire, to, err := c.sender.compose(m)
	if err != nil {
		return &Error{Class: Permanent, text: err.Error()}
	}
	if c.broken != nil {
		return c.broken
	}
	if err := ctx.Err(); err != nil {
		return &Error{Class: Temporary, Server: true, text: err.Error()}
	}
	if err := c.client.UpdateDeadline(c.sender.cfg.Timeout); err != nil {
		return c.fail(atSender, err)
	}
	if err := c.client.Mail("<" + c.sender.from.Address + ">"); err != nil {
		return c.fail(atSender, err)
	}
	if err := c.client.Rcpt("<" + to + ">"); err != nil {
		return c.fail(atRecipient, err)
	}
	data, err := c.client.Data()
	if err != nil {
		return c.fail(atData, err)
	}
	if handOver != nil {
		if err := handOver(); err != nil {
			c.broken = &Error{Class: Temporary, Server: true, text: "the connection was given up: " + err.Error()}
			_ = c.client.Close() // without the final dot, the server drops what it has
			return c.broken
		}
	}
	if _, err := data.Write(wire); err != nil {
		return c.fail(atData, err)
	}
	if err := data.Close(); err != nil {
		return c.fail(atEnd, err)
	}
	return nil
}

// fail classifies a failure, and gets the connection ready for the next message
// or gives it up.
func (c *Conn) fail(at stage, err error) error {
	e := c.sender.failure(at, err)
	if e.Code == 0 || e.Code == 421 || c.client.Reset() != nil {
		c.broken = &Error{Class: Temporary, Server: true, Code: e.Code, text: e.text}
		_ = c.client.Close()
	}
	return e
}
