package web

import (
	"context"
	"encoding/base64"
	"html/template"
	"net/http"
	"time"

	"github.com/offprint/offprint"
)

// routeModeration adds what an owner does about other readers.
func (s *Server) routeModeration(handle func(string, handlerFunc)) {
	owner := func(h handlerFunc) handlerFunc { return s.inSession(s.needOwner(h)) }
	handle("GET /settings/readers", owner(s.readers))
	handle("POST /settings/readers/{id}", owner(s.changeReader))
	handle("POST /settings/invitations", owner(s.slow(s.invite)))
	handle("POST /settings/invitations/revoke", owner(s.revokeInvitation))
	handle("GET /settings/reports", owner(s.reports))
	handle("POST /settings/reports/{id}", owner(s.settleReport))
}

// invitation is an open invitation in a list.
type invitation struct {
	ID      string // its hash, from which nobody gets at the link
	Email   string
	Role    offprint.Role
	By      string // who invited
	Expires time.Time
}

type readersPage struct {
	Readers     []offprint.Reader
	Invitations []invitation
	Mail        bool   // invitations can be mailed
	Link        string // of an invitation that has just been made: shown this once
	Sent        string // the address that the link was mailed to
}

func (s *Server) readers(w http.ResponseWriter, r *http.Request) error {
	return s.renderReaders(w, r, readersPage{})
}

func (s *Server) renderReaders(w http.ResponseWriter, r *http.Request, p readersPage) error {
	ctx := r.Context()
	p.Mail = s.SendSignIn != nil
	var err error
	if p.Readers, err = s.Store.Readers(ctx); err != nil {
		return err
	}
	if p.Invitations, err = s.invitations(ctx, p.Readers); err != nil {
		return err
	}
	s.renderSettings(w, r, "settings_readers", "Readers", p)
	return nil
}

// invitations returns the invitations that are open, with the names of those of
// the readers who sent them.
func (s *Server) invitations(ctx context.Context, readers []offprint.Reader) ([]invitation, error) {
	names := map[int64]string{}
	for _, reader := range readers {
		names[reader.ID] = reader.Name
	}
	tokens, err := s.Store.Invitations(ctx, s.now())
	var open []invitation
	for _, t := range tokens {
		open = append(open, invitation{
			ID: base64.RawURLEncoding.EncodeToString(t.Hash), Email: t.Email, Role: t.Role, By: names[t.By], Expires: t.Expires,
		})
	}
	return open, err
}

// changeReader suspends a reader, lets them in again, or changes their role.
// Nobody does so to themselves, so that there is always an owner.
func (s *Server) changeReader(w http.ResponseWriter, r *http.Request) error {
	reader, err := s.otherReader(r)
	if err != nil {
		return err
	}
	var said string
	switch r.PostFormValue("do") {
	case "suspend":
		reader.Suspended, said = true, reader.Name+" is suspended, and signed out everywhere."
	case "readmit":
		reader.Suspended, said = false, reader.Name+" may sign in again."
	case "owner":
		reader.Role, said = offprint.RoleOwner, reader.Name+" is an owner now."
	case "reader":
		reader.Role, said = offprint.RoleReader, reader.Name+" is an ordinary reader now."
	default:
		return offprint.Errorf(offprint.KindInvalid, "Choose what to do: suspend, readmit, owner or reader.")
	}
	if err := s.moderate(r.Context(), reader); err != nil {
		return err
	}
	return s.done(w, r, "/settings/readers", said)
}

// otherReader finds the reader of the address, who is not the one who asks.
func (s *Server) otherReader(r *http.Request) (*offprint.Reader, error) {
	id, err := pathID(r)
	if err != nil {
		return nil, err
	}
	if id == readerID(r.Context()) {
		return nil, offprint.Errorf(offprint.KindInvalid, "You cannot suspend yourself or change your own role: another owner can.")
	}
	return s.Store.Reader(r.Context(), id)
}

// moderate stores what an owner changed about a reader, and signs them out when
// they are suspended.
func (s *Server) moderate(ctx context.Context, reader *offprint.Reader) error {
	if err := s.Store.UpdateReader(ctx, reader); err != nil {
		return err
	}
	s.Log.InfoContext(ctx, "reader changed", "reader", reader.ID, "by", readerID(ctx), "suspended", reader.Suspended, "role", reader.Role)
	if reader.Suspended {
		return s.endSessions(ctx, reader.ID, everySession)
	}
	return nil
}

// invite answers with the page itself: the link is shown this once, since only
// its hash is stored.
func (s *Server) invite(w http.ResponseWriter, r *http.Request) error {
	role := offprint.RoleReader
	if r.PostFormValue("role") == string(offprint.RoleOwner) {
		role = offprint.RoleOwner
	}
	link, sent, err := s.newInvitation(r.Context(), r.PostFormValue("email"), role)
	if err != nil {
		return err
	}
	return s.renderReaders(w, r, readersPage{Link: link, Sent: sent})
}

// newInvitation returns a link to a new account, mailed to an address if one is
// given and that can be done: sent is then the address.
func (s *Server) newInvitation(ctx context.Context, email string, role offprint.Role) (link, sent string, err error) {
	t := offprint.Token{Purpose: offprint.PurposeInvite, Role: role, By: readerID(ctx)}
	if email != "" {
		if t.Email, err = offprint.CleanEmail(email); err != nil {
			return "", "", err
		}
		if _, err := s.Store.ReaderByEmail(ctx, t.Email); err == nil {
			return "", "", offprint.Errorf(offprint.KindConflict, "%s has an account already.", t.Email)
		} else if offprint.KindOf(err) != offprint.KindNotFound {
			return "", "", err
		}
	}
	if link, err = s.newLink(ctx, "/invite/", inviteValid, t); err != nil {
		return "", "", err
	}
	if t.Email != "" && s.SendSignIn != nil {
		if err := s.SendSignIn(ctx, t.Email, link); err != nil {
			// The link works all the same, and the owner can pass it on.
			s.Log.ErrorContext(ctx, "invitation mail", "error", err)
		} else {
			sent = t.Email
		}
	}
	return link, sent, nil
}

func (s *Server) revokeInvitation(w http.ResponseWriter, r *http.Request) error {
	if err := s.revoke(r.Context(), r.PostFormValue("id")); err != nil {
		return err
	}
	return s.done(w, r, "/settings/readers#invitations", "Revoked. Its link no longer works.")
}

// revoke withdraws the invitation with the id.
func (s *Server) revoke(ctx context.Context, id string) error {
	hash, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil {
		return offprint.Errorf(offprint.KindInvalid, "That is not an invitation.")
	}
	if t, err := s.Store.Token(ctx, hash, s.now()); err != nil {
		return err
	} else if t.Purpose != offprint.PurposeInvite {
		return offprint.Errorf(offprint.KindNotFound, "There is no such invitation.")
	}
	return s.Store.RevokeToken(ctx, hash)
}

// report is a comment that readers have reported.
type report struct {
	offprint.Comment
	TitleHTML, HTML template.HTML
	URL             string
}

func (s *Server) reports(w http.ResponseWriter, r *http.Request) error {
	comments, err := s.Store.ReportedComments(r.Context())
	if err != nil {
		return err
	}
	var reports []report
	for _, c := range comments {
		reports = append(reports, report{Comment: c, TitleHTML: mathHTML(c.PaperTitle), HTML: markdown(c.Body), URL: commentURL(&c)})
	}
	s.renderSettings(w, r, "settings_reports", "Reports", reports)
	return nil
}

func (s *Server) settleReport(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	ctx, said := r.Context(), ""
	switch r.PostFormValue("do") {
	case "delete":
		err, said = s.Store.DeleteComment(ctx, id), "The comment is deleted."
	case "dismiss":
		err, said = s.Store.DismissReports(ctx, id), "Dismissed: the comment stays."
	default:
		err = offprint.Errorf(offprint.KindInvalid, "Choose what to do: delete or dismiss.")
	}
	if err != nil {
		return err
	}
	s.Log.InfoContext(ctx, "report settled", "comment", id, "by", readerID(ctx), "how", r.PostFormValue("do"))
	return s.done(w, r, "/settings/reports", said)
}
