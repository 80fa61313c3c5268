package outbound

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/offprint/offprint"
)

// errIdle is a timeout like any other to callers that ask.
type errIdle struct{ after time.Duration }

func (e errIdle) Error() string { return "nothing more came for " + e.after.String() }
func (errIdle) Timeout() bool   { return true }
func (errIdle) Temporary() bool { return true }

// body limits a response's body in size and in silence.
type body struct {
	ctx     context.Context // the request's, cancelled with errIdle as its cause
	from    io.ReadCloser
	max     int64
	left    int64
	idle    time.Duration
	timer   *time.Timer
	release func()
}

func newBody(ctx context.Context, from io.ReadCloser, limit int64, idle time.Duration, cancel context.CancelCauseFunc, leave func()) *body {
	timer := time.AfterFunc(idle, func() { cancel(errIdle{idle}) })
	timer.Stop() // runs only while Read waits: a slow caller is no fault of the server
	return &body{
		ctx: ctx, from: from, max: limit, left: limit, idle: idle, timer: timer,
		release: sync.OnceFunc(func() {
			timer.Stop()
			cancel(nil)
			leave()
		}),
	}
}

func (b *body) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, b.tooLarge()
	}
	// One byte more than is left, to tell a body of exactly the limit from a longer one.
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	b.timer.Reset(b.idle)
	n, err := b.from.Read(p)
	b.timer.Stop()
	b.left -= int64(n)
	if b.left < 0 {
		b.release()
		return n - 1, b.tooLarge()
	}
	if err == nil {
		return n, nil
	}
	if cause, ok := errors.AsType[errIdle](context.Cause(b.ctx)); ok && !errors.Is(err, io.EOF) {
		err = cause
	}
	b.release()
	return n, err
}

func (b *body) Close() error {
	err := b.from.Close()
	b.release()
	return err
}

func (b *body) tooLarge() error {
	return offprint.Errorf(offprint.KindTooLarge, "The answer is larger than %d MiB, the most that is read.", max(1, b.max>>20))
}
