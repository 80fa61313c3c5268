package web

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// apiDescription answers with openapi.json.
func (s *Server) apiDescription(w http.ResponseWriter, r *http.Request) error {
	return writeResult(w, r, http.StatusOK, json.RawMessage(openapiFile))
}

// docsPage is the page about the API.
type docsPage struct {
	Groups []docsGroup
	Types  []docsType
}

type docsGroup struct {
	ID, Name   string
	Operations []docsOperation
}

type docsOperation struct {
	ID, Method, Path string
	Summary, Notes   string
	Who              string
	Params           []docsField
	Body, Result     docsKind
	Success          int
	Fails            []int
}

// docsType is a type that the API takes or gives.
type docsType struct {
	Name   string
	Fields []docsField
}

// docsField is a field of a type, or a parameter.
type docsField struct {
	Name, Doc string
	Place     string // of a parameter: "path" or "query"
	Kind      docsKind
	Optional  bool
}

// docsKind says what values are like: a plain kind, or a type on the page.
type docsKind struct {
	List bool
	Name string // such as "text", or of a type
	Type bool
	Enum []string
}

// apiPageAbout shows the API for people, made from the table of operations.
func (s *Server) apiPageAbout(w http.ResponseWriter, r *http.Request) error {
	s.render(w, r, http.StatusOK, "api", page{
		Title: "API", Canonical: "/api/v1/docs", Description: "The JSON API of this Offprint.", Content: newDocsPage(s.operations()),
	})
	return nil
}

func newDocsPage(ops []operation) docsPage {
	var p docsPage
	d := describeAPI(ops)
	for _, tag := range d.Tags {
		g := docsGroup{ID: strings.ToLower(strings.NewReplacer(" ", "-", ",", "").Replace(tag.Name)), Name: tag.Name}
		for _, op := range ops {
			if op.group == tag.Name {
				g.Operations = append(g.Operations, newDocsOperation(&op, d.Paths[op.path][strings.ToLower(op.method)]))
			}
		}
		p.Groups = append(p.Groups, g)
	}
	for name, sch := range d.Components.Schemas {
		t := docsType{Name: name}
		for _, field := range sch.order {
			prop := sch.Properties[field]
			t.Fields = append(t.Fields, docsField{
				Name: field, Doc: prop.Description, Kind: kindOf(prop), Optional: !slices.Contains(sch.Required, field),
			})
		}
		p.Types = append(p.Types, t)
	}
	slices.SortFunc(p.Types, func(a, b docsType) int { return strings.Compare(a.Name, b.Name) })
	return p
}

func newDocsOperation(op *operation, described *openAPIOperation) docsOperation {
	out := docsOperation{ID: op.id, Method: op.method, Path: op.path, Summary: op.summary, Notes: op.notes, Success: op.success()}
	switch {
	case op.access == forOwners && op.session:
		out.Who = "The owner, in a browser that is signed in"
	case op.access == forOwners:
		out.Who = "The owner"
	case op.session:
		out.Who = "Readers, in a browser that is signed in"
	case op.access == forReaders:
		out.Who = "Readers"
	}
	for _, p := range described.Parameters {
		out.Params = append(out.Params, docsField{Name: p.Name, Doc: p.Description, Place: p.In, Kind: kindOf(p.Schema), Optional: !p.Required})
	}
	if described.RequestBody != nil {
		out.Body = kindOf(described.RequestBody.Content["application/json"].Schema)
	}
	for _, status := range op.statuses() {
		if status >= 400 && status != http.StatusInternalServerError {
			out.Fails = append(out.Fails, status)
		}
	}
	if op.media == "" {
		for _, resp := range described.Responses {
			if c, ok := resp.Content["application/json"]; ok {
				out.Result = kindOf(c.Schema)
			}
		}
	}
	return out
}

// kindOf names what a schema describes, in words.
func kindOf(sch *schema) docsKind {
	if sch.Items != nil {
		k := kindOf(sch.Items)
		k.List = true
		return k
	}
	k := docsKind{Enum: sch.Enum}
	switch {
	case sch.Ref != "":
		k.Name, k.Type = strings.TrimPrefix(sch.Ref, schemaRef), true
	case sch.Format == "date":
		k.Name = "day"
	case sch.Format == "date-time":
		k.Name = "time"
	case sch.Format == "uri":
		k.Name = "address"
	case sch.Type == "integer":
		k.Name = "number"
	case sch.Type == "boolean":
		k.Name = "true or false"
	case sch.Type == "string":
		k.Name = "text"
	default:
		k.Name = sch.Type
	}
	return k
}
