package mail

import (
	"context"
	"fmt"
	"io"
	"sync"
)

// Console prints messages instead of sending them. It is what the only reader
// of a service without a mail server gets their sign-in links from.
type Console struct {
	W  io.Writer
	mu sync.Mutex
}

// Send prints the message's address, subject and plain text.
func (c *Console) Send(_ context.Context, m Message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := fmt.Fprintf(c.W, "\nTo: %s\nSubject: %s\n\n%s\n", oneLine(m.To), oneLine(m.Subject), m.Text); err != nil {
		return fmt.Errorf("mail: print a message: %w", err)
	}
	return nil
}
