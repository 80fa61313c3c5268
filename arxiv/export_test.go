package arxiv

// SetMaxPages sets how many pages a list may have.
func (c *Client) SetMaxPages(n int) { c.maxPages = n }
