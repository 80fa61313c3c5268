package fulltext

// Token is a word of a text, or a compound of words as one.
type Token struct {
	Term     string // the word's stem, by which it is found
	Word     string // in lower case and without diacritics
	Start    int    // of its bytes in the text
	End      int    // after its last byte
	Position int    // counts words from 0; a compound has its first part's
	Joined   bool   // a compound such as gpt4 for "GPT-4"; its parts follow it
	Stop     bool   // too common to say anything, such as "the"
}

// Tokenize returns the words of a text in the form in which they are indexed
// and searched. "GPT-4's élan" gives gpt4 (joined), gpt, 4, elan.
func Tokenize(text string) []Token {
	var tokens []Token
	var s scanner
	s.scan(text, func(w word) {
		t := string(w.text)
		tokens = append(tokens, Token{
			Term: stem(t), Word: t, Start: w.start, End: w.end,
			Position: w.position, Joined: w.joined, Stop: stopWords[t],
		})
	})
	return tokens
}
