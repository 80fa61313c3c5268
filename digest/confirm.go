package digest

import (
	"fmt"
	"strings"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/mail"
)

// confirmView is what the mail that asks for a confirmation shows. Nothing in
// it is text of whoever asked, who may not be the one who gets it.
type confirmView struct {
	Site    string
	What    string
	Confirm string
	Days    int
}

func (s *Service) confirmation(sub offprint.Subscription) (mail.Message, error) {
	often := map[offprint.Frequency]string{
		offprint.Daily: "every day", offprint.Weekdays: "from Monday to Friday",
		offprint.Weekly: "on Mondays", offprint.Monthly: "on the first of the month",
	}[sub.Frequency]
	papers := "up to " + plural(sub.Count, "new paper")
	if sub.Query != "" {
		papers += " that match a search"
	}
	v := confirmView{
		Site: s.base.Host, What: fmt.Sprintf("%s, %s at %d:00 (%s)", papers, often, sub.Hour, sub.TimeZone),
		Confirm: s.link("digest", "confirm", sub.Secret), Days: int(pendingFor.Hours() / 24),
	}
	var html strings.Builder
	if err := templates.ExecuteTemplate(&html, "confirm.html", v); err != nil {
		return mail.Message{}, fmt.Errorf("digest: render a confirmation: %w", err)
	}
	return mail.Message{To: sub.Email, Subject: "Please confirm: papers by mail from " + v.Site, Text: v.text(), HTML: html.String()}, nil
}

func (v *confirmView) text() string {
	return wrap("Somebody, hopefully you, asked "+v.Site+" to mail this address "+v.What+".", "", "") +
		"\n" + wrap("To get it, open this page and confirm:", "", "") +
		"\n" + v.Confirm + "\n" +
		"\n" + wrap(fmt.Sprintf("If it was not you, do nothing: no more will come, and the link ends in %d days.", v.Days), "", "")
}
