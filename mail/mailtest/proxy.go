package mailtest

import (
	"bytes"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Proxy stands between a client and a server without TLS.
type Proxy struct {
	Host string
	Port int

	mu    sync.Mutex
	cutAt string
	after bool
	open  []net.Conn
}

// NewProxy forwards connections to a server until the test ends. The bytes of
// each direction wait for delay before they go on.
func NewProxy(t testing.TB, s *Server, delay time.Duration) *Proxy {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", net.JoinHostPort(s.Host, strconv.Itoa(s.Port)))
			if err != nil {
				_ = client.Close()
				continue
			}
			p.mu.Lock()
			p.open = append(p.open, client, server)
			p.mu.Unlock()
			deaf := new(atomic.Bool)
			running.Go(func() { p.up(server, client, delay, deaf) })
			running.Go(func() { p.down(client, server, delay, deaf) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		p.Cut()
		running.Wait()
	})
	return p
}

// Cut cuts the connections that are open now.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.open {
		_ = c.Close()
	}
	p.open = nil
}

// CutAt cuts each connection when the client sends text: just before it reaches
// the server, or, if after is set, just before the server's next answer reaches
// the client. An empty text cuts nothing.
func (p *Proxy) CutAt(text string, after bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cutAt, p.after = text, after
}

// up forwards what the client says. Cutting the connection after an answer makes
// the client deaf to it.
func (p *Proxy) up(server, client net.Conn, delay time.Duration, deaf *atomic.Bool) {
	defer func() { _ = server.Close(); _ = client.Close() }()
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		time.Sleep(delay)
		p.mu.Lock()
		cut, after := p.cutAt != "" && bytes.Contains(buf[:n], []byte(p.cutAt)), p.after
		p.mu.Unlock()
		if cut && !after {
			return
		}
		deaf.Store(cut)
		if _, err := server.Write(buf[:n]); err != nil {
			return
		}
	}
}

// down forwards what the server says.
func (p *Proxy) down(client, server net.Conn, delay time.Duration, deaf *atomic.Bool) {
	defer func() { _ = server.Close(); _ = client.Close() }()
	buf := make([]byte, 64<<10)
	for {
		n, err := server.Read(buf)
		if err != nil || deaf.Load() {
			return
		}
		time.Sleep(delay)
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}
