package offprint

import (
	"testing"
	"unicode/utf8"
)

func TestFoldName(t *testing.T) {
	for in, want := range map[string]string{
		"":                           "",
		"Geoffrey Hinton":            "geoffrey hinton",
		"  Yann\tLe\u00a0Cun ":       "yann le cun",
		"Moreno D'Incà":              "moreno d inca",
		"Moreno D’Incà":              "moreno d inca",
		"Erdős, Pál":                 "erdos pal",
		"Erdo\u030bs, Pa\u0301l":     "erdos pal", // decomposed
		"Łukasz Żółć-Ørsted":         "lukasz zolc orsted",
		"Straße GROẞ":                "strasse gross",
		"İstanbul Işık":              "istanbul isik",
		"Nguyễn Thị Ánh":             "nguyen thi anh",
		"Þórður Æsir":                "thordur aesir",
		"Ёлкин Андрей":               "елкин андреи",
		"Παπαδόπουλος":               "παπαδοπουλοσ",
		"张三":                         "张三",
		"अनिल":                       "अनिल",
		"H₂O and x²":                 "h2o and x2",
		"ﬁne-grained":                "fine grained",
		"J.-P. Serre (Paris) & Co.!": "j p serre paris co",
		"...":                        "",
	} {
		if got := FoldName(in); got != want {
			t.Errorf("FoldName(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzFoldName(f *testing.F) {
	f.Add("Erdős, Pál")
	f.Add("\xff\u0301A")
	f.Fuzz(func(t *testing.T, s string) {
		folded := FoldName(s)
		if again := FoldName(folded); again != folded || !utf8.ValidString(folded) {
			t.Errorf("%q folds to %q and then %q", s, folded, again)
		}
	})
}
