package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/sqlite"
)

type addCmd struct {
	fetchSettings
	siteSettings

	Papers []string `arg:"" name:"paper" help:"arXiv ids or addresses, such as 1706.03762 or https://arxiv.org/abs/1706.03762."`
}

func (c addCmd) Run(ctx context.Context, e *env) error {
	for _, ref := range c.Papers { // before anything is asked for
		if _, _, ok := offprint.ParseArXivID(ref); !ok {
			return offprint.Errorf(offprint.KindInvalid, "%q is not an arXiv id or address: write it as 1706.03762 or https://arxiv.org/abs/1706.03762.", ref)
		}
	}
	return e.withStore(ctx, func(store *sqlite.Store) error {
		collector := newCollector(store, c.client(), e.quietLog(e.stderr))
		var failed []error
		for _, ref := range c.Papers {
			if err := ctx.Err(); err != nil {
				return errors.Join(append(failed, err)...)
			}
			p, err := collector.Add(ctx, ref)
			if err != nil {
				failed = append(failed, fmt.Errorf("%s: %w", ref, err))
				continue
			}
			fmt.Fprintf(e.stdout, "%s\n  %s/paper/%s\n", printable(p.Title), c.baseURL(), p.Key)
		}
		return errors.Join(failed...)
	})
}
