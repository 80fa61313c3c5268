package dataset

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Interactions are users with the items that they chose, as (user, item) pairs,
// split in two.
type Interactions struct {
	Users, Items int
	Train, Test  [][2]int32
}

// ReadGowalla reads the check-ins of gowalla in the split of NGCF and LightGCN.
func ReadGowalla() (*Interactions, error) {
	dir, err := Find("gowalla")
	if err != nil {
		return nil, err
	}
	return readInteractions(dir)
}

// readInteractions reads train.txt and test.txt: a user, then its items.
func readInteractions(dir string) (*Interactions, error) {
	x := &Interactions{}
	for _, part := range []struct {
		file string
		to   *[][2]int32
	}{{"train.txt", &x.Train}, {"test.txt", &x.Test}} {
		err := eachLine(dir, part.file, func(_ int, line string) error {
			cells := strings.Fields(line)
			if len(cells) == 0 {
				return fmt.Errorf("an empty line")
			}
			u, err := index(cells[0], math.MaxInt32)
			if err != nil {
				return err
			}
			x.Users = max(x.Users, int(u)+1)
			for _, c := range cells[1:] {
				i, err := index(c, math.MaxInt32)
				if err != nil {
					return err
				}
				x.Items = max(x.Items, int(i)+1)
				*part.to = append(*part.to, [2]int32{u, i})
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return x, nil
}

// Listens are the data of lastfm: who listened to whom, and who trusts whom.
// Users and items are numbered from 0.
type Listens struct {
	Interactions
	Trust [][2]int32
}

// ReadLastFM reads the listens and the trust network of lastfm in LightGCN's split.
func ReadLastFM() (*Listens, error) {
	dir, err := Find("lastfm")
	if err != nil {
		return nil, err
	}
	x := &Listens{}
	pair := func(line string, cols int) (a, b int32, err error) {
		cells := strings.Fields(line)
		if len(cells) != cols {
			return 0, 0, fmt.Errorf("%d values, want %d", len(cells), cols)
		}
		if a, err = index(cells[0], math.MaxInt32); err != nil {
			return 0, 0, err
		}
		if b, err = index(cells[1], math.MaxInt32); err != nil {
			return 0, 0, err
		}
		if a == 0 || b == 0 {
			return 0, 0, fmt.Errorf("the file counts from 1")
		}
		return a - 1, b - 1, nil
	}
	for _, part := range []struct {
		file string
		to   *[][2]int32
	}{{"data1.txt", &x.Train}, {"test1.txt", &x.Test}} {
		if err := eachLine(dir, part.file, func(_ int, line string) error {
			u, i, err := pair(line, 3)
			x.Users, x.Items = max(x.Users, int(u)+1), max(x.Items, int(i)+1)
			*part.to = append(*part.to, [2]int32{u, i})
			return err
		}); err != nil {
			return nil, err
		}
	}
	err = eachLine(dir, "trustnetwork.txt", func(_ int, line string) error {
		u, v, err := pair(line, 2)
		x.Users = max(x.Users, int(u)+1, int(v)+1)
		x.Trust = append(x.Trust, [2]int32{u, v})
		return err
	})
	if err != nil {
		return nil, err
	}
	return x, nil
}

// MovieLens are the ratings of movielens-100k with what is known of users and
// movies. Users and movies are numbered from 0.
type MovieLens struct {
	Users  []MovieLensUser
	Movies []Movie
	Genres []string
	Train  []Rating // ua.base
	Test   []Rating // ua.test: ten a user
}

// MovieLensUser is who rates.
type MovieLensUser struct {
	Age        int
	Sex        string // M or F
	Occupation string
	ZIP        string
}

// Movie is what is rated.
type Movie struct {
	Title  string
	Year   int    // of release; 0 if unknown
	Genres []bool // one for each of MovieLens.Genres
}

// Rating is one rating, 1 to 5, at a time in Unix seconds.
type Rating struct {
	User, Movie int32
	Value       int
	Time        int64
}

// ReadMovieLens reads movielens-100k with its ua split.
func ReadMovieLens() (*MovieLens, error) {
	dir, err := Find("movielens-100k")
	if err != nil {
		return nil, err
	}
	return readMovieLens(dir)
}

func readMovieLens(dir string) (*MovieLens, error) {
	m := &MovieLens{}
	steps := []struct {
		file string
		line func(n int, line string) error
	}{
		{"u.genre", func(_ int, line string) error {
			if line == "" {
				return nil
			}
			name, _, ok := strings.Cut(line, "|")
			if !ok {
				return fmt.Errorf("want genre|number")
			}
			m.Genres = append(m.Genres, name)
			return nil
		}},
		{"u.user", func(n int, line string) error {
			if n == 1 && strings.HasPrefix(line, "user-id|") { // some copies have headings
				return nil
			}
			n = len(m.Users) + 1
			c := strings.Split(line, "|")
			if len(c) != 5 || c[0] != strconv.Itoa(n) {
				return fmt.Errorf("want user %d with age, sex, occupation and ZIP", n)
			}
			age, err := strconv.Atoi(c[1])
			if err != nil {
				return fmt.Errorf("%q is not an age", c[1])
			}
			m.Users = append(m.Users, MovieLensUser{age, c[2], c[3], c[4]})
			return nil
		}},
		{"u.item", func(n int, line string) error {
			if n == 1 && strings.HasPrefix(line, "movie id ") {
				return nil
			}
			n = len(m.Movies) + 1
			c := strings.Split(latin1(line), "|")
			if len(c) != 5+len(m.Genres) || c[0] != strconv.Itoa(n) {
				return fmt.Errorf("want movie %d with %d columns, have %d", n, 5+len(m.Genres), len(c))
			}
			movie := Movie{Title: c[1], Genres: make([]bool, len(m.Genres))}
			if d := strings.TrimSpace(c[2]); len(d) >= 4 {
				year, err := strconv.Atoi(d[len(d)-4:])
				if err != nil {
					return fmt.Errorf("%q is not a date", d)
				}
				movie.Year = year
			}
			for i, v := range c[5:] {
				if v != "0" && v != "1" {
					return fmt.Errorf("genre %q, want 0 or 1", v)
				}
				movie.Genres[i] = v == "1"
			}
			m.Movies = append(m.Movies, movie)
			return nil
		}},
		{"ua.base", func(_ int, line string) error { return m.rating(&m.Train, line) }},
		{"ua.test", func(_ int, line string) error { return m.rating(&m.Test, line) }},
	}
	for _, s := range steps {
		if err := eachLine(dir, s.file, s.line); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *MovieLens) rating(to *[]Rating, line string) error {
	c := strings.Split(line, "\t")
	if len(c) != 4 {
		return fmt.Errorf("%d values, want user, movie, rating, time", len(c))
	}
	u, err := index(c[0], len(m.Users)+1)
	if err != nil {
		return err
	}
	i, err := index(c[1], len(m.Movies)+1)
	if err != nil {
		return err
	}
	v, err := strconv.Atoi(c[2])
	if err != nil || v < 1 || v > 5 || u == 0 || i == 0 {
		return fmt.Errorf("rating %q of movie %d by user %d, want 1 to 5, counted from 1", c[2], i, u)
	}
	t, err := strconv.ParseInt(c[3], 10, 64)
	if err != nil {
		return fmt.Errorf("%q is not a time", c[3])
	}
	*to = append(*to, Rating{u - 1, i - 1, v, t})
	return nil
}

// latin1 reads ISO 8859-1, the encoding of u.item, unless the text is UTF-8.
func latin1(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	r := make([]rune, len(s))
	for i := range len(s) {
		r[i] = rune(s[i])
	}
	return string(r)
}

func sortPairs(ps [][2]int32) {
	slices.SortFunc(ps, func(a, b [2]int32) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
}
