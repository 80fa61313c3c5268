package web

import (
	"cmp"
	"net/http"

	"github.com/offprint/offprint"
)

func (s *Server) apiListSources(r *http.Request, _ nothing) (sourceListJSON, error) {
	sources, err := s.Store.Sources(r.Context())
	reader := readerOf(r.Context())
	owner := reader != nil && reader.Role == offprint.RoleOwner
	return sourceListJSON{listOf(sources, func(src *offprint.Source) sourceJSON { return s.jsonSource(src, owner) })}, err
}

type newSourceInput struct{ Body newSourceJSON }

func (s *Server) apiAddSource(r *http.Request, in newSourceInput) (sourceJSON, error) {
	var src *offprint.Source
	var err error
	switch b := in.Body; offprint.SourceKind(b.Kind) {
	case offprint.SourceArXiv:
		if b.Days < 0 || b.Days > 10_000 {
			err = offprint.Errorf(offprint.KindInvalid, "days is a number from 0 to 10000.")
			break
		}
		src, err = s.newArXivSource(b.Sets, b.Days)
	case offprint.SourceFeed:
		src, err = s.newFeedSource(b.URL, b.Name, b.AllowPrivate)
	default:
		err = offprint.Errorf(offprint.KindInvalid, "%s is not a kind of source: use arxiv or feed.", quoted(b.Kind))
	}
	if err != nil {
		return sourceJSON{}, err
	}
	_, err = s.startSource(r.Context(), src)
	return s.jsonSource(src, true), err
}

type changeSourceInput struct {
	idInput
	Body sourceChangeJSON
}

func (s *Server) apiChangeSource(r *http.Request, in changeSourceInput) (sourceJSON, error) {
	src, err := s.Store.Source(r.Context(), in.ID)
	if err != nil {
		return sourceJSON{}, err
	}
	src.Paused = in.Body.Paused
	return s.jsonSource(src, true), s.Store.UpdateSource(r.Context(), src)
}

func (s *Server) apiRemoveSource(r *http.Request, in idInput) (nothing, error) {
	return nothing{}, s.Store.DeleteSource(r.Context(), in.ID)
}

func (s *Server) apiReadSource(r *http.Request, in idInput) (messageJSON, error) {
	src, err := s.Store.Source(r.Context(), in.ID)
	if err != nil {
		return messageJSON{}, err
	}
	return messageJSON{"The source is being read now."}, s.readSource(r.Context(), src)
}

func (s *Server) apiListReaders(r *http.Request, _ nothing) (readerListJSON, error) {
	readers, err := s.Store.Readers(r.Context())
	return readerListJSON{listOf(readers, jsonReader)}, err
}

type changeReaderInput struct {
	idInput
	Body readerChangeJSON
}

func (s *Server) apiChangeReader(r *http.Request, in changeReaderInput) (readerJSON, error) {
	reader, err := s.otherReader(r)
	if err != nil {
		return readerJSON{}, err
	}
	if in.Body.Suspended != nil {
		reader.Suspended = *in.Body.Suspended
	}
	if in.Body.Role != nil {
		if reader.Role, err = parseRole(*in.Body.Role); err != nil {
			return readerJSON{}, err
		}
	}
	return jsonReader(reader), s.moderate(r.Context(), reader)
}

func parseRole(s string) (offprint.Role, error) {
	switch role := offprint.Role(s); role {
	case offprint.RoleOwner, offprint.RoleReader:
		return role, nil
	}
	return "", offprint.Errorf(offprint.KindInvalid, "%s is not a role: use owner or reader.", quoted(s))
}

func (s *Server) apiListInvitations(r *http.Request, _ nothing) (invitationListJSON, error) {
	readers, err := s.Store.Readers(r.Context())
	if err != nil {
		return invitationListJSON{}, err
	}
	open, err := s.invitations(r.Context(), readers)
	return invitationListJSON{listOf(open, func(i *invitation) invitationJSON {
		return invitationJSON{i.ID, i.Email, string(i.Role), i.By, i.Expires.UTC()}
	})}, err
}

type newInvitationInput struct{ Body newInvitationJSON }

func (s *Server) apiInvite(r *http.Request, in newInvitationInput) (invitationLinkJSON, error) {
	role, err := parseRole(cmp.Or(in.Body.Role, string(offprint.RoleReader)))
	if err != nil {
		return invitationLinkJSON{}, err
	}
	link, sent, err := s.newInvitation(r.Context(), in.Body.Email, role)
	return invitationLinkJSON{link, sent != ""}, err
}

type invitationInput struct {
	ID string `path:"id"`
}

func (s *Server) apiRevokeInvitation(r *http.Request, in invitationInput) (nothing, error) {
	return nothing{}, s.revoke(r.Context(), in.ID)
}

func (s *Server) apiListReports(r *http.Request, _ nothing) (reportListJSON, error) {
	comments, err := s.Store.ReportedComments(r.Context())
	me := readerID(r.Context())
	return reportListJSON{listOf(comments, func(c *offprint.Comment) reportJSON { return s.jsonReport(c, me) })}, err
}

func (s *Server) apiDismissReports(r *http.Request, in idInput) (nothing, error) {
	err := s.Store.DismissReports(r.Context(), in.ID)
	if err == nil {
		s.Log.InfoContext(r.Context(), "report settled", "comment", in.ID, "by", readerID(r.Context()), "how", "dismiss")
	}
	return nothing{}, err
}
