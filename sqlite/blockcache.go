package sqlite

import "sync"

// blockKey names a block of the full-text index for good: by its segment's
// stamp, not its id.
type blockKey struct {
	stamp  int64
	number int
}

// blockCache keeps the blocks of the full-text index that were used lately:
// those of common words are used by most searches, and reading them was a third
// of a search. When the young ones are enough, they become the old ones, and
// those that were old and not used again since are dropped.
type blockCache struct {
	mu         sync.Mutex
	young, old map[blockKey][]byte
	size       int // bytes of young
}

// blockCacheBytes is how much young blocks may take; with the old ones it is
// twice as much.
const blockCacheBytes = 8 << 20

func (c *blockCache) get(k blockKey) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if b, ok := c.young[k]; ok {
		return b
	}
	b, ok := c.old[k]
	if ok {
		c.put(k, b)
	}
	return b
}

// add keeps a block, which must not change from then on.
func (c *blockCache) add(k blockKey, b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.young[k]; !ok {
		c.put(k, b)
	}
}

func (c *blockCache) put(k blockKey, b []byte) {
	if c.young == nil || c.size+len(b) > blockCacheBytes {
		c.old, c.young, c.size = c.young, make(map[blockKey][]byte), 0
	}
	c.young[k] = b
	c.size += len(b)
}
