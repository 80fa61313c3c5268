package web

import (
	"bytes"
	"context"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"github.com/offprint/offprint"
)

var (
	markdownParser = goldmark.New(goldmark.WithExtensions(extension.Linkify, extension.Strikethrough, extension.Table))
	markdownPolicy = newMarkdownPolicy()
)

// newMarkdownPolicy lets text, lists, code, quotes, tables and links through:
// no image (it would be loaded from elsewhere), no heading, style, class or id.
func newMarkdownPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowStandardURLs()
	p.AllowURLSchemes("http", "https", "mailto")
	p.AllowAttrs("href").OnElements("a")
	p.AllowElements("p", "br", "em", "strong", "del", "code", "pre", "blockquote", "ul", "ol", "li",
		"table", "thead", "tbody", "tr", "th", "td", "hr")
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	return p
}

// markdown renders what a reader wrote. Raw HTML in it is dropped.
func markdown(s string) template.HTML {
	var buf bytes.Buffer
	if err := markdownParser.Convert([]byte(s), &buf); err != nil {
		return template.HTML(template.HTMLEscapeString(s)) //nolint:gosec // escaped
	}
	return template.HTML(markdownPolicy.SanitizeBytes(buf.Bytes())) //nolint:gosec // sanitised
}

// comment is a comment with its replies.
type comment struct {
	offprint.Comment
	HTML    template.HTML
	Replies []*comment
	Mine    bool // it is the asking reader's
	MayEnd  bool // the asking reader may delete it
	Signed  bool // the asking reader may answer and report
}

// maxDepth is how far answers are indented; deeper ones stand beside each other.
const maxDepth = 4

// thread puts comments, given by time, under what they answer.
func thread(comments []offprint.Comment, reader *offprint.Reader) []*comment {
	var top []*comment
	byID := map[int64]*comment{}
	depth := map[int64]int{}
	for _, c := range comments {
		node := &comment{Comment: c}
		if !c.Deleted {
			node.HTML = markdown(c.Body)
		}
		if reader != nil {
			node.Signed = true
			node.Mine = c.ReaderID == reader.ID
			node.MayEnd = node.Mine || reader.Role == offprint.RoleOwner
		}
		byID[c.ID] = node
		parent, ok := byID[c.ParentID]
		for ok && depth[parent.ID] >= maxDepth {
			parent, ok = byID[parent.ParentID]
		}
		if !ok {
			top = append(top, node)
			continue
		}
		depth[c.ID] = depth[parent.ID] + 1
		parent.Replies = append(parent.Replies, node)
	}
	return top
}

// cleanComment tidies and checks what was typed.
func cleanComment(body string) (string, error) {
	body = strings.TrimSpace(strings.ReplaceAll(body, "\r\n", "\n"))
	switch {
	case body == "":
		return "", offprint.Errorf(offprint.KindInvalid, "The comment is empty.")
	case len(body) > offprint.MaxBody:
		return "", offprint.Errorf(offprint.KindTooLarge, "The comment is too long: at most %d characters.", offprint.MaxBody)
	}
	return body, nil
}

func (s *Server) postComment(w http.ResponseWriter, r *http.Request) error {
	var parent int64
	if v := r.FormValue("parent"); v != "" {
		var err error
		if parent, err = strconv.ParseInt(v, 10, 64); err != nil {
			return offprint.Errorf(offprint.KindInvalid, "The comment to answer is not known.")
		}
	}
	c, err := s.addComment(r.Context(), r.PathValue("key"), r.FormValue("body"), parent)
	if err != nil {
		return err
	}
	http.Redirect(w, r, commentURL(c), http.StatusSeeOther)
	return nil
}

// addComment stores what the asking reader says of a paper, in answer to the
// comment parent unless that is 0.
func (s *Server) addComment(ctx context.Context, key, body string, parent int64) (*offprint.Comment, error) {
	p, err := s.Store.Paper(ctx, key)
	if err != nil {
		return nil, err
	}
	c := &offprint.Comment{PaperID: p.ID, PaperKey: p.Key, ReaderID: readerID(ctx), ParentID: parent, Created: s.now()}
	if c.Body, err = cleanComment(body); err != nil {
		return nil, err
	}
	return c, s.Store.CreateComment(ctx, c)
}

// commentOf finds the comment of an address, and its paper's key.
func (s *Server) commentOf(r *http.Request) (*offprint.Comment, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return nil, offprint.Errorf(offprint.KindInvalid, "The number of a comment is a whole number.")
	}
	c, err := s.Store.Comment(r.Context(), id)
	if err != nil {
		return nil, err
	}
	if c.Deleted {
		return nil, offprint.Errorf(offprint.KindNotFound, "This comment has been deleted.")
	}
	return c, nil
}

// ownComment is commentOf for its author alone.
func (s *Server) ownComment(r *http.Request) (*offprint.Comment, error) {
	c, err := s.commentOf(r)
	if err == nil && c.ReaderID != readerID(r.Context()) {
		return nil, offprint.Errorf(offprint.KindForbidden, "Only its author may change a comment.")
	}
	return c, err
}

type commentPage struct {
	Comment *offprint.Comment
	HTML    template.HTML
	Back    string
}

func (s *Server) editCommentForm(w http.ResponseWriter, r *http.Request) error {
	c, err := s.ownComment(r)
	if err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, "comment_edit", page{Title: "Edit a comment", Content: commentPage{Comment: c, Back: commentURL(c)}})
	return nil
}

func (s *Server) editComment(w http.ResponseWriter, r *http.Request) error {
	c, err := s.rewriteComment(r, r.FormValue("body"))
	if err != nil {
		return err
	}
	http.Redirect(w, r, commentURL(c), http.StatusSeeOther)
	return nil
}

// rewriteComment changes the text of the address's comment, which is its
// author's to do.
func (s *Server) rewriteComment(r *http.Request, body string) (*offprint.Comment, error) {
	c, err := s.ownComment(r)
	if err != nil {
		return nil, err
	}
	if body, err = cleanComment(body); err != nil {
		return nil, err
	}
	return c, s.Store.EditComment(r.Context(), c.ID, body, s.now())
}

func (s *Server) deleteComment(w http.ResponseWriter, r *http.Request) error {
	c, err := s.removeComment(r)
	if err != nil {
		return err
	}
	redirectBack(w, r, commentURL(c))
	return nil
}

// removeComment deletes the address's comment, as its author and an owner may.
func (s *Server) removeComment(r *http.Request) (*offprint.Comment, error) {
	c, err := s.commentOf(r)
	if err != nil {
		return nil, err
	}
	if reader := readerOf(r.Context()); c.ReaderID != reader.ID && reader.Role != offprint.RoleOwner {
		return nil, offprint.Errorf(offprint.KindForbidden, "Only its author or the owner may delete a comment.")
	}
	return c, s.Store.DeleteComment(r.Context(), c.ID)
}

func (s *Server) reportCommentForm(w http.ResponseWriter, r *http.Request) error {
	c, err := s.commentOf(r)
	if err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, "comment_report", page{Title: "Report a comment", Content: commentPage{Comment: c, HTML: markdown(c.Body), Back: commentURL(c)}})
	return nil
}

func (s *Server) reportComment(w http.ResponseWriter, r *http.Request) error {
	c, err := s.noteReport(r, r.FormValue("reason"))
	if err != nil {
		return err
	}
	s.flash(r, "Thank you. The owner will look at the comment.")
	http.Redirect(w, r, commentURL(c), http.StatusSeeOther)
	return nil
}

// noteReport tells the owner about the address's comment.
func (s *Server) noteReport(r *http.Request, reason string) (*offprint.Comment, error) {
	c, err := s.commentOf(r)
	if err != nil {
		return nil, err
	}
	return c, s.Store.ReportComment(r.Context(), c.ID, readerID(r.Context()), clipText(strings.TrimSpace(reason), 1000))
}

// commentURL is where a comment stands.
func commentURL(c *offprint.Comment) string {
	return "/paper/" + c.PaperKey + "#comment-" + strconv.FormatInt(c.ID, 10)
}

// flash keeps a sentence for the next page that the reader sees.
func (s *Server) flash(r *http.Request, sentence string) {
	if s.hasSession(r) {
		s.sessions.Put(r.Context(), sessionFlash, sentence)
	}
}
