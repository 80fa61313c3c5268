package web

import (
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/offprint/offprint"
)

// limits slow down an address that asks too often, and one that guesses
// secrets or sends mail even more. What is kept is bounded: the table is
// emptied when it is full, which only forgives.
type limits struct {
	mu    sync.Mutex
	reads map[netip.Addr]*rate.Limiter // every request
	acts  map[netip.Addr]*rate.Limiter // sign-in, sign-up, subscribe, comment
	mails map[string]*rate.Limiter     // links to one mail address, whoever asks
}

const (
	readsPerSecond = 500 // a page with its files is a handful
	readsBurst     = 5000
	actsEvery      = 6 * time.Second
	actsBurst      = 10
	limitedAddrs   = 20_000
	mailsEvery     = 5 * time.Minute
	mailsBurst     = 3
)

func (l *limits) limiter(m *map[netip.Addr]*rate.Limiter, a netip.Addr, every rate.Limit, burst int) *rate.Limiter {
	// A whole IPv6 network of a customer counts as one.
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			a = p.Addr()
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if *m == nil || len(*m) > limitedAddrs {
		*m = map[netip.Addr]*rate.Limiter{}
	}
	lim, ok := (*m)[a]
	if !ok {
		lim = rate.NewLimiter(every, burst)
		(*m)[a] = lim
	}
	return lim
}

// mayMail reports whether another link may be mailed to an address: three at
// once, then one in five minutes, so that nobody's inbox is flooded from here.
func (l *limits) mayMail(email string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mails == nil || len(l.mails) > limitedAddrs {
		l.mails = map[string]*rate.Limiter{}
	}
	lim, ok := l.mails[email]
	if !ok {
		lim = rate.NewLimiter(rate.Every(mailsEvery), mailsBurst)
		l.mails[email] = lim
	}
	return lim.Allow()
}

// limitRate refuses an address that asks too often. The machine itself is not limited.
func (s *Server) limitRate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := s.clientAddr(r)
		if !a.IsLoopback() && !s.limits.limiter(&s.limits.reads, a, readsPerSecond, readsBurst).Allow() {
			s.tooMany(w, r, time.Second)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// slow wraps a handler that sends mail, checks a secret or writes for
// everybody: an address may use such handlers ten times at once, then once in
// six seconds.
func (s *Server) slow(h handlerFunc) handlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		if !s.limits.limiter(&s.limits.acts, s.clientAddr(r), rate.Every(actsEvery), actsBurst).Allow() {
			s.tooMany(w, r, actsEvery)
			return nil
		}
		return h(w, r)
	}
}

// errTooManyMails is for an address that [limits.mayMail] refuses.
var errTooManyMails = offprint.Errorf(offprint.KindTooMany, "Several mails have been sent to that address just now. Wait some minutes and try again.")

func (s *Server) tooMany(w http.ResponseWriter, r *http.Request, after time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(max(1, int(after.Seconds()))))
	s.fail(w, r, offprint.Errorf(offprint.KindTooMany, "That was too often. Wait a moment and try again."))
}
