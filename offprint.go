// Package offprint is the domain of a self-hosted Daily Papers: papers, the
// days on which they are listed, readers and what they do with papers, the
// sources that papers come from and the digests that are mailed.
//
// It holds the types, the rules about them and the one interface, [Store],
// that a database has to satisfy. It depends on the standard library alone;
// every other package of the project depends on it, and it on none of them.
package offprint
