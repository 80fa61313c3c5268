package offprint

import (
	"strings"
	"testing"
)

func TestTitleKeyJoinsSpellings(t *testing.T) {
	type work struct {
		title   string
		authors []string
	}
	for _, spellings := range [][]work{
		{
			{"On the {Erd{\\H o}s}--R{\\'e}nyi Graphs: Pre-Training, \\emph{Revisited}", []string{"Pál Erdős", "Alfréd Rényi"}},
			{"On the Erdős–Rényi graphs: pretraining revisited", []string{"Erdos, P.", "Renyi, A."}},
			{"ON THE ERDOS-RENYI GRAPHS   PRE TRAINING REVISITED.", []string{"P. Erd{\\H{o}}s", "A. R\\'enyi"}},
		},
		{
			{"$\\alpha$-Fair $k$-Means in $\\mathcal{O}(n^2)$ Time \\& Space", []string{"Laurens van der Maaten"}},
			{"α-Fair k-Means in O(n²) Time and Space", []string{"van der Maaten, Laurens"}},
			{"\\(\\alpha\\)-fair \\textit{k}-means in \\(O(n^{2})\\) time and\\\\ space", []string{"L.J.P. van der Maaten"}},
		},
		{
			{"Δ-Learning with 16×16 Patches", []string{"John Smith, Jr.", "Maria García Márquez"}},
			{"$\\Delta$-Learning with $16\\times16$ patches", []string{"Smith, Jr., John", "García Márquez, Maria"}},
			{"Delta-Learning with 16x16 Patches", []string{"J. Smith Jr.", "M. Garcia Marquez"}},
		},
		{
			{"Stra{\\ss}en und {\\O}rsted: {\\AE}sthetics", []string{"D'Incà, Moreno"}},
			{"Straßen und Ørsted: Æsthetics", []string{"Moreno D’Incà"}},
		},
	} {
		want := TitleKey(spellings[0].title, spellings[0].authors)
		if want == "" {
			t.Errorf("%q has no key", spellings[0].title)
		}
		for _, s := range spellings[1:] {
			if got := TitleKey(s.title, s.authors); got != want {
				t.Errorf("%q by %q has key\n%q, want\n%q", s.title, s.authors, got, want)
			}
		}
	}
}

func TestTitleKeyKeepsWorksApart(t *testing.T) {
	seen := make(map[string]string)
	for _, w := range []struct {
		title   string
		authors string // separated by ";"
	}{
		{"A Theory of Everything, Part I", "Ada Lovelace"},
		{"A Theory of Everything, Part II", "Ada Lovelace"},
		{"A Theory of Everything, Part 2", "Ada Lovelace"},
		{"A Theory of Everything, Part I", "Charles Babbage"},
		{"A Theory of Everything, Part I", "Ada Lovelace; Charles Babbage"},
		{"A Survey of C and Its Uses", "Ada Lovelace"},
		{"A Survey of C++ and Its Uses", "Ada Lovelace"},
		{"Bounds of $n^{2}$ on Graphs", "Ada Lovelace"},
		{"Bounds of $n^{3}$ on Graphs", "Ada Lovelace"},
		{"Bounds of $\\alpha$ on Graphs", "Ada Lovelace"},
		{"Bounds of $\\beta$ on Graphs", "Ada Lovelace"},
		{"大型语言模型 综述 研究", "张三"},
		{"大型语言模型 综述 方法", "张三"},
	} {
		key := TitleKey(w.title, strings.Split(w.authors, "; "))
		if other, ok := seen[key]; ok || key == "" {
			t.Errorf("%q has key %q, as has %q", w.title, key, other)
		}
		seen[key] = w.title
	}
}

func TestTitleKeyNeedsEnough(t *testing.T) {
	for _, w := range []struct {
		title   string
		authors []string
	}{
		{"", nil},
		{"Deep Learning", []string{"Ian Goodfellow"}},
		{"Deep-Learning", []string{"Ian Goodfellow"}},
		{"$\\mathcal{}$ {} \\emph{} !", []string{"Ian Goodfellow"}},
		{"An Introduction to Everything", nil},
		{"An Introduction to Everything", []string{""}},
		{"An Introduction to Everything", []string{"Ada Lovelace", "..."}},
	} {
		if key := TitleKey(w.title, w.authors); key != "" {
			t.Errorf("%q by %q has key %q", w.title, w.authors, key)
		}
	}
}

func FuzzTitleKey(f *testing.F) {
	f.Add("On the {Erd{\\H o}s} $\\alpha_2$ graph\\", "Erd\\H{o}s, P\\'al")
	f.Add("\\\\ \\ \\* \\a*", "\\")
	f.Fuzz(func(t *testing.T, title, author string) {
		key := TitleKey(title, []string{author})
		if upper := TitleKey("  "+title+" . ", []string{author}); upper != key {
			t.Errorf("%q has key %q, and with white space %q", title, key, upper)
		}
		if strings.ContainsAny(key, " \\{}$") {
			t.Errorf("key %q", key)
		}
	})
}
