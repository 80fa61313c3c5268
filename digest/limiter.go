package digest

import (
	"sync"
	"time"
)

// Limits on the mails to an address that has not asked for them itself.
const (
	confirmEvery  = time.Hour
	confirmDaily  = 3
	limiterMemory = 50_000 // addresses; beyond it, no new ones until old ones are a day old
)

// limiter remembers for a day which addresses were mailed a confirmation. A
// restart forgets; whoever asks for mails to others cannot cause one.
type limiter struct {
	mu    sync.Mutex
	mails map[string][]time.Time
}

// take reports whether the address may be mailed at now, and counts the mail if so.
func (l *limiter) take(email string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mails == nil {
		l.mails = map[string][]time.Time{}
	}
	if _, known := l.mails[email]; !known && len(l.mails) >= limiterMemory {
		for e := range l.mails {
			l.prune(e, now)
		}
		if len(l.mails) >= limiterMemory {
			return false
		}
	}
	l.prune(email, now)
	sent := l.mails[email]
	if n := len(sent); n >= confirmDaily || n > 0 && now.Sub(sent[n-1]) < confirmEvery {
		return false
	}
	l.mails[email] = append(sent, now)
	return true
}

// prune drops the mails to an address that are a day old.
func (l *limiter) prune(email string, now time.Time) {
	sent := l.mails[email]
	for len(sent) > 0 && now.Sub(sent[0]) >= 24*time.Hour {
		sent = sent[1:]
	}
	if l.mails[email] = sent; len(sent) == 0 {
		delete(l.mails, email)
	}
}

// giveBack takes back the last mail to an address, which could not be sent.
func (l *limiter) giveBack(email string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.mails[email]); n > 1 {
		l.mails[email] = l.mails[email][:n-1]
	} else {
		delete(l.mails, email)
	}
}
