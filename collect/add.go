package collect

import (
	"context"
	"fmt"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/outbound"
)

// Add brings one paper from arXiv, named by its id or address, into the store,
// and returns it as it is stored. A reference that is neither is
// [offprint.KindInvalid], a paper that arXiv does not have
// [offprint.KindNotFound].
func (c *Collector) Add(ctx context.Context, ref string) (*offprint.Paper, error) {
	id, _, ok := offprint.ParseArXivID(ref)
	if !ok {
		return nil, offprint.Errorf(offprint.KindInvalid, "That is not an arXiv id or address: write it as 2503.01234 or https://arxiv.org/abs/2503.01234.")
	}
	if c.Lookup == nil {
		return nil, offprint.Errorf(offprint.KindInvalid, "Papers cannot be looked up at arXiv here.")
	}
	papers, err := c.Lookup(ctx, id)
	if err != nil {
		if ctx.Err() == nil && offprint.KindOf(err) == offprint.KindInternal {
			c.log().WarnContext(ctx, "looking up a paper failed", "id", id, "error", err)
			return nil, offprint.Errorf(offprint.KindInternal, "arXiv could not be asked for %s. %s Try again later.", id, outbound.Explain(err))
		}
		return nil, err
	}
	if len(papers) == 0 {
		return nil, offprint.Errorf(offprint.KindNotFound, "arXiv has no paper %s.", id)
	}
	if _, err := c.Store.PutPapers(ctx, papers[:1]); err != nil {
		return nil, fmt.Errorf("storing the paper %s: %w", id, err)
	}
	return c.Store.Paper(ctx, id)
}
