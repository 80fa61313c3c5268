package feed

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"
	"github.com/mmcdole/gofeed/rss"
	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding/unicode"

	"github.com/offprint/offprint"
)

// Limits on a feed's XML. The parser recurses into nested elements and joins
// pieces of text one by one, so depth costs stack and pieces cost time.
const (
	maxDepth  = 100
	maxTokens = 2_000_000
	maxJoined = 256 << 20 // bytes copied in joining
)

// parse reads a feed. It returns errNotFeed for something else.
func parse(body []byte, contentType string) (f *gofeed.Feed, err error) {
	defer func() {
		if r := recover(); r != nil { // feeds are hostile, and the parser is not ours
			f, err = nil, fmt.Errorf("the feed upset the parser: %v", r)
		}
	}()
	body, err = toUTF8(body, contentType)
	if err != nil {
		return nil, malformed()
	}
	switch gofeed.DetectFeedType(bytes.NewReader(body[:min(len(body), 4096)])) {
	case gofeed.FeedTypeUnknown:
		return nil, fmt.Errorf("%w: %w", errNotFeed, offprint.Errorf(offprint.KindInvalid, "There is no RSS, Atom or JSON feed at the address."))
	case gofeed.FeedTypeJSON:
	default:
		if err := checkXML(body); err != nil {
			return nil, err
		}
	}
	p := gofeed.NewParser()
	p.KeepOriginalFeed = true
	f, err = p.Parse(bytes.NewReader(body))
	if err != nil {
		return nil, malformed()
	}
	return f, nil
}

func malformed() error {
	return offprint.Errorf(offprint.KindInvalid, "The feed is malformed and cannot be read.")
}

var declaredEncoding = regexp.MustCompile(`^(\s*<\?xml[^>]*?)\s+encoding\s*=\s*["'][^"']*["']`)

// toUTF8 converts a document to UTF-8, by its byte order mark, its XML
// declaration or its Content-Type, in this order, and drops what is not
// allowed in XML.
func toUTF8(body []byte, contentType string) ([]byte, error) {
	utf16 := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM)
	declared := declaredEncoding.Match(body[:min(len(body), 1024)])
	_, params, _ := mime.ParseMediaType(contentType)
	var err error
	switch {
	case bytes.HasPrefix(body, []byte("\xfe\xff")), bytes.HasPrefix(body, []byte("\xff\xfe")):
		body, err = utf16.NewDecoder().Bytes(body)
	case bytes.HasPrefix(body, []byte("\xef\xbb\xbf")):
		body = body[3:]
	case declared || params["charset"] == "":
		label := "utf-8"
		if declared {
			label = labelIn(body)
		}
		body, err = decode(body, label)
	default:
		body, err = decode(body, params["charset"])
	}
	if err != nil {
		return nil, err
	}
	if len(body) > 4*maxBody {
		return nil, errors.New("too long in UTF-8")
	}
	if loc := declaredEncoding.FindSubmatchIndex(body[:min(len(body), 1024)]); loc != nil {
		body = append(bytes.Clone(body[:loc[3]]), body[loc[1]:]...)
	}
	return bytes.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == '\ufffe' || r == '\uffff' {
			return -1
		}
		return r
	}, bytes.ToValidUTF8(body, []byte("\ufffd"))), nil
}

var encodingLabel = regexp.MustCompile(`encoding\s*=\s*["']([^"']*)["']`)

func labelIn(body []byte) string {
	return string(encodingLabel.FindSubmatch(body[:min(len(body), 1024)])[1])
}

func decode(body []byte, label string) ([]byte, error) {
	if strings.EqualFold(label, "utf-8") {
		return body, nil
	}
	r, err := charset.NewReaderLabel(label, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, 4*maxBody+1))
}

// checkXML refuses what the parser could not read in bounded stack and time. It
// reads as leniently as the parser does.
func checkXML(body []byte) error {
	d := xml.NewDecoder(bytes.NewReader(body))
	d.Strict = false
	var texts []int // bytes of text in each open element
	joined := 0
	for tokens := 0; ; tokens++ {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return malformed()
		}
		switch t := t.(type) {
		case xml.StartElement:
			texts = append(texts, 0)
		case xml.EndElement:
			texts = texts[:len(texts)-1]
		case xml.CharData:
			if n := len(texts); n > 0 {
				joined += texts[n-1]
				texts[n-1] += len(t)
			}
		}
		if len(texts) > maxDepth || tokens > maxTokens || joined > maxJoined {
			return offprint.Errorf(offprint.KindInvalid, "The feed is too deep or too intricate to be read.")
		}
	}
}

// title is the feed's name for people.
func title(f *gofeed.Feed) string {
	const limit = 200
	t := strings.Join(strings.Fields(plainText(f.Title)), " ")
	if len(t) > limit {
		t = strings.ToValidUTF8(t[:limit], "")
	}
	return t
}

// timeToLive is how long RSS says that the feed stays as it is, at most a day.
func timeToLive(f *gofeed.Feed) time.Duration {
	r, ok := f.OriginalFeed().(*rss.Feed)
	if !ok {
		return 0
	}
	minutes, err := strconv.Atoi(strings.TrimSpace(r.TTL))
	if err != nil || minutes < 0 {
		return 0
	}
	return time.Duration(min(minutes, 24*60)) * time.Minute
}
