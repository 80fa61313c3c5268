package web

import (
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/offprint/offprint"
)

// welcomePage is the form for a new account.
type welcomePage struct {
	Heading, Lede, Problem string
	Action                 string
	Name, Email, TimeZone  string
	FixedEmail             bool // the address is the invitation's
	NeedEmail              bool
	Zones                  []string
}

func (s *Server) renderWelcome(w http.ResponseWriter, r *http.Request, status int, p welcomePage) {
	p.Action, p.Zones = r.URL.Path, timeZones
	s.render(w, r, status, "welcome", page{Title: p.Heading, Content: p})
}

func ownerPage() welcomePage {
	return welcomePage{
		Heading: "This Offprint is yours",
		Lede:    "You are its owner: you choose the sources, invite others and see to reports. All of this can be changed later.",
	}
}

func (s *Server) ownerForm(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.token(r, offprint.PurposeOwner); err != nil {
		return err
	}
	s.renderWelcome(w, r, http.StatusOK, ownerPage())
	return nil
}

// becomeOwner creates the first account.
func (s *Server) becomeOwner(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.token(r, offprint.PurposeOwner); err != nil {
		return err
	}
	_, err := s.firstOwner(r.Context())
	if err == nil {
		return offprint.Errorf(offprint.KindConflict, "This Offprint has an owner already.")
	} else if offprint.KindOf(err) != offprint.KindNotFound {
		return err
	}
	return s.welcome(w, r, ownerPage(), offprint.PurposeOwner, offprint.RoleOwner)
}

func invitePage(t *offprint.Token) welcomePage {
	return welcomePage{
		Heading: "Welcome to Offprint",
		Lede:    "Papers of the day, with votes, tags and notes of your own. What you read and write stays private, except the number of votes and your comments.",
		Email:   t.Email, FixedEmail: t.Email != "", NeedEmail: t.Email == "",
	}
}

func (s *Server) inviteForm(w http.ResponseWriter, r *http.Request) error {
	t, err := s.token(r, offprint.PurposeInvite)
	if err != nil {
		return err
	}
	s.renderWelcome(w, r, http.StatusOK, invitePage(t))
	return nil
}

func (s *Server) acceptInvite(w http.ResponseWriter, r *http.Request) error {
	t, err := s.token(r, offprint.PurposeInvite)
	if err != nil {
		return err
	}
	role := t.Role
	if role == "" {
		role = offprint.RoleReader
	}
	return s.welcome(w, r, invitePage(t), offprint.PurposeInvite, role)
}

// welcome creates the account that a form asks for, uses its token up and signs
// in. What is wrong with the form is said above it, and the token stays.
func (s *Server) welcome(w http.ResponseWriter, r *http.Request, p welcomePage, purpose offprint.Purpose, role offprint.Role) error {
	ctx := r.Context()
	p.Name, p.TimeZone = r.PostFormValue("name"), strings.TrimSpace(r.PostFormValue("zone"))
	if !p.FixedEmail {
		p.Email = strings.TrimSpace(r.PostFormValue("email"))
	}
	reader, err := newReader(p)
	if err == nil {
		reader.Role = role
		err = s.createReader(r, purpose, reader)
	}
	switch kind := offprint.KindOf(err); {
	case err == nil:
	case kind == offprint.KindInvalid || kind == offprint.KindConflict:
		status, message := statusOf(err)
		if kind == offprint.KindConflict {
			message = "There is an account with this address already: sign in instead."
		}
		p.Problem = message
		s.renderWelcome(w, r, status, p)
		return nil
	default:
		return err
	}
	if err := s.startSession(r, reader); err != nil {
		return err
	}
	s.Log.InfoContext(ctx, "account created", "reader", reader.ID, "role", reader.Role)
	s.flash(r, "Welcome, "+reader.Name+". Choose the categories of your page under your name.")
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

func newReader(p welcomePage) (*offprint.Reader, error) {
	reader := &offprint.Reader{Settings: offprint.Settings{TimeZone: p.TimeZone}}
	var err error
	if reader.Name, err = cleanName(p.Name); err != nil {
		return nil, err
	}
	if p.Email != "" || p.NeedEmail {
		if reader.Email, err = offprint.CleanEmail(p.Email); err != nil {
			return nil, err
		}
	}
	return reader, checkZone(p.TimeZone)
}

// createReader uses the request's token for an account. When that fails, the
// token is put back.
func (s *Server) createReader(r *http.Request, purpose offprint.Purpose, reader *offprint.Reader) error {
	t, err := s.useToken(r, purpose)
	if err != nil {
		return err
	}
	if err := s.Store.CreateReader(r.Context(), reader); err != nil {
		if again := s.Store.CreateToken(r.Context(), *t); again != nil {
			s.Log.ErrorContext(r.Context(), "put a token back", "error", again)
		}
		return err
	}
	return nil
}

const maxName = 60 // characters

// cleanName makes a name fit to stand beside comments.
func cleanName(s string) (string, error) {
	name := strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) { // such as marks that turn text around
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))), " ")
	switch {
	case name == "":
		return "", offprint.Errorf(offprint.KindInvalid, "A name is needed: it stands beside your comments.")
	case utf8.RuneCountInString(name) > maxName:
		return "", offprint.Errorf(offprint.KindInvalid, "The name is too long: use at most %d characters.", maxName)
	}
	return name, nil
}

// checkZone reports whether a time zone is known; an empty one is UTC.
func checkZone(zone string) error {
	if _, err := time.LoadLocation(zone); err != nil || zone == "Local" || len(zone) > 64 {
		return offprint.Errorf(offprint.KindInvalid, "%s is not a time zone: use a name such as Europe/Berlin, or leave it empty.", quoted(zone))
	}
	return nil
}

// timeZones are suggestions; every IANA name is accepted.
var timeZones = []string{
	"UTC", "Africa/Cairo", "Africa/Johannesburg", "Africa/Lagos", "Africa/Nairobi",
	"America/Argentina/Buenos_Aires", "America/Bogota", "America/Chicago", "America/Denver", "America/Halifax",
	"America/Los_Angeles", "America/Mexico_City", "America/New_York", "America/Santiago", "America/Sao_Paulo", "America/Toronto",
	"Asia/Bangkok", "Asia/Dhaka", "Asia/Dubai", "Asia/Ho_Chi_Minh", "Asia/Hong_Kong", "Asia/Jakarta", "Asia/Jerusalem", "Asia/Karachi",
	"Asia/Kolkata", "Asia/Manila", "Asia/Riyadh", "Asia/Seoul", "Asia/Shanghai", "Asia/Singapore", "Asia/Taipei", "Asia/Tehran", "Asia/Tokyo",
	"Australia/Brisbane", "Australia/Melbourne", "Australia/Perth", "Australia/Sydney",
	"Europe/Amsterdam", "Europe/Athens", "Europe/Berlin", "Europe/Brussels", "Europe/Dublin", "Europe/Helsinki", "Europe/Istanbul",
	"Europe/Kyiv", "Europe/Lisbon", "Europe/London", "Europe/Madrid", "Europe/Oslo", "Europe/Paris", "Europe/Prague", "Europe/Rome",
	"Europe/Stockholm", "Europe/Vienna", "Europe/Warsaw", "Europe/Zurich", "Pacific/Auckland", "Pacific/Honolulu",
}

// quoted shows hostile input in a message, cut short.
func quoted(s string) string {
	const limit = 60
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "…"
	}
	return "“" + s + "”"
}
