package engine

// Status says what has been learned, and how far it is in step with the store.
type Status struct {
	Learned
	Indexed int   // papers whose vector is known
	Stale   int   // of those, whose vector is of the encoder before
	Bytes   int64 // of the vectors
	Coming  int   // papers that a new encoder has encoded, which is about to take over; 0 without one
}

// Status reports what has been learned; ok is false before anything was.
func (e *Engine) Status() (st Status, ok bool) {
	e.mu.RLock()
	m, coming := e.model, e.coming
	e.mu.RUnlock()
	if m == nil {
		return Status{}, false
	}
	st = Status{Learned: m.learned, Indexed: m.index.Len(), Stale: m.index.StaleLen()}
	st.Bytes = int64(st.Indexed) * int64(m.index.RowBytes())
	if coming != nil {
		st.Coming = coming.index.Len()
	}
	return st, true
}
