package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"github.com/offprint/offprint"
)

// maxFetch is the largest file that is fetched: 1 GiB.
const maxFetch = 1 << 30

// Fetch brings a set from its home into the user's cache and returns its
// folder there. A file that was cut off is gone on with where it stopped, and
// one whose checksum is wrong is removed. progress is called with the bytes of
// a file so far and in all (0 if unknown), and may be nil.
func Fetch(ctx context.Context, client *http.Client, name string, progress func(file string, done, total int64)) (string, error) {
	s, err := ByName(name)
	if err != nil {
		return "", err
	}
	if !s.fetchable() {
		return "", offprint.Errorf(offprint.KindInvalid, "%s cannot be fetched as it is from %s. %s", s.Name, s.Home, s.Hint)
	}
	cache, err := CacheFolder()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, s.Dir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("fetch %s: %w", name, err)
	}
	for _, f := range s.Files {
		if err := fetchFile(ctx, client, dir, f, progress); err != nil {
			return "", fmt.Errorf("fetch %s: %s: %w (what has arrived is kept: run the command again, or get the file from %s and put it into %s)", name, f.Name, err, s.Home, dir)
		}
	}
	return dir, nil
}

func fetchFile(ctx context.Context, client *http.Client, dir string, f File, progress func(string, int64, int64)) (err error) {
	final := filepath.Join(dir, f.Name)
	if sum, err := sumOf(final); err == nil && sum == f.SHA256 {
		return nil
	}
	part := final + ".part"
	out, err := os.OpenFile(part, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	have, err := out.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL, nil)
	if err != nil {
		return err
	}
	if have > 0 {
		req.Header.Set("Range", "bytes="+strconv.FormatInt(have, 10)+"-")
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK: // from the start, whatever we asked for
		have = 0
		if err := out.Truncate(0); err != nil {
			return err
		}
		if _, err := out.Seek(0, io.SeekStart); err != nil {
			return err
		}
	case http.StatusPartialContent:
	case http.StatusRequestedRangeNotSatisfiable: // it is all here; the checksum decides
	default:
		return fmt.Errorf("%s answered %s", req.URL.Host, resp.Status)
	}
	if resp.StatusCode != http.StatusRequestedRangeNotSatisfiable {
		total := int64(0)
		if resp.ContentLength > 0 {
			total = have + resp.ContentLength
		}
		w := &counter{w: out, n: have, report: func(n int64) {
			if progress != nil {
				progress(f.Name, n, total)
			}
		}}
		if _, err := io.Copy(w, io.LimitReader(resp.Body, maxFetch)); err != nil {
			return err
		}
	}
	sum, err := sumOf(part)
	if err != nil {
		return err
	}
	if sum != f.SHA256 {
		return errors.Join(fmt.Errorf("its checksum is %s, not %s: its home has changed it, or it was damaged on the way", sum, f.SHA256), os.Remove(part))
	}
	return os.Rename(part, final)
}

// counter reports how much has been written.
type counter struct {
	w      io.Writer
	n      int64
	report func(int64)
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	c.report(c.n)
	return n, err
}

func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Verify compares a found set's files with their checksums.
func Verify(name string) error {
	s, err := ByName(name)
	if err != nil {
		return err
	}
	dir, err := Find(name)
	if err != nil {
		return err
	}
	for _, f := range s.Files {
		r, p, err := open(dir, f.Name)
		if err != nil {
			return err
		}
		h := sha256.New()
		_, err = io.Copy(h, r)
		if err = errors.Join(err, r.Close()); err != nil && !errors.Is(err, fs.ErrClosed) {
			return fmt.Errorf("%s: %w", p, err)
		}
		if sum := hex.EncodeToString(h.Sum(nil)); sum != f.SHA256 && sum != f.Headed {
			return fmt.Errorf("%s: its content has the checksum %s, not %s", p, sum, f.SHA256)
		}
	}
	return nil
}
