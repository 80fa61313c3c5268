package lab

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/doc"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strings"
)

// API is what a method's package exports, and its source.
type API struct {
	Package string // its name
	Doc     string // of the package
	Items   []APIItem
	Files   []SourceFile
}

// APIItem is an exported function, type or value.
type APIItem struct {
	Decl string // without bodies
	Doc  string
}

// SourceFile is a file of a package.
type SourceFile struct {
	Name, Text string
	Test       bool
}

// ReadAPI reads the package in the folder dir of fsys.
func ReadAPI(fsys fs.FS, dir string) (*API, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, fmt.Errorf("source of %s: %w", dir, err)
	}
	fset := token.NewFileSet()
	var files []*ast.File
	api := &API{}
	for _, e := range entries {
		if e.IsDir() || path.Ext(e.Name()) != ".go" {
			continue
		}
		b, err := fs.ReadFile(fsys, path.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("source of %s: %w", dir, err)
		}
		test := strings.HasSuffix(e.Name(), "_test.go")
		api.Files = append(api.Files, SourceFile{e.Name(), string(b), test})
		if test {
			continue
		}
		f, err := parser.ParseFile(fset, e.Name(), b, parser.ParseComments)
		if err != nil {
			return nil, fmt.Errorf("source of %s: %w", dir, err)
		}
		files = append(files, f)
	}
	p, err := doc.NewFromFiles(fset, files, dir)
	if err != nil {
		return nil, fmt.Errorf("source of %s: %w", dir, err)
	}
	api.Package, api.Doc = p.Name, p.Doc
	add := func(decl ast.Node, text string) {
		if f, ok := decl.(*ast.FuncDecl); ok {
			f.Body = nil
			f.Doc = nil
		}
		if g, ok := decl.(*ast.GenDecl); ok {
			g.Doc = nil
		}
		var buf bytes.Buffer
		if err := format.Node(&buf, fset, decl); err == nil {
			api.Items = append(api.Items, APIItem{buf.String(), text})
		}
	}
	funcs := func(fs []*doc.Func) {
		for _, f := range fs {
			add(f.Decl, f.Doc)
		}
	}
	for _, c := range append(p.Consts, p.Vars...) {
		add(c.Decl, c.Doc)
	}
	funcs(p.Funcs)
	for _, t := range p.Types {
		add(t.Decl, t.Doc)
		for _, c := range append(t.Consts, t.Vars...) {
			add(c.Decl, c.Doc)
		}
		funcs(t.Funcs)
		funcs(t.Methods)
	}
	return api, nil
}
