package web

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/offprint/offprint"
)

//go:generate go test -run ^TestOpenAPIFile$ -update .

// openapiFile describes the API: see [describeAPI]. A test keeps it true.
//
//go:embed openapi.json
var openapiFile []byte

// openAPI is a description of the API as OpenAPI 3.1 has it, with the parts of
// the standard that are used here.
type openAPI struct {
	OpenAPI    string                                  `json:"openapi"`
	Info       openAPIInfo                             `json:"info"`
	Servers    []openAPIServer                         `json:"servers"`
	Tags       []openAPITag                            `json:"tags"`
	Paths      map[string]map[string]*openAPIOperation `json:"paths"`
	Components openAPIComponents                       `json:"components"`
}

type openAPIInfo struct {
	Title       string `json:"title"`
	Version     string `json:"version"`
	Description string `json:"description"`
}

type openAPIServer struct {
	URL string `json:"url"`
}

type openAPITag struct {
	Name string `json:"name"`
}

type openAPIOperation struct {
	OperationID string                      `json:"operationId"`
	Tags        []string                    `json:"tags"`
	Summary     string                      `json:"summary"`
	Description string                      `json:"description,omitempty"`
	Security    []map[string][]string       `json:"security"`
	Parameters  []openAPIParameter          `json:"parameters,omitempty"`
	RequestBody *openAPIBody                `json:"requestBody,omitempty"`
	Responses   map[string]*openAPIResponse `json:"responses"`
}

type openAPIParameter struct {
	Name        string  `json:"name"`
	In          string  `json:"in"`
	Required    bool    `json:"required,omitempty"`
	Description string  `json:"description,omitempty"`
	Schema      *schema `json:"schema"`
}

type openAPIBody struct {
	Required bool                    `json:"required"`
	Content  map[string]openAPIMedia `json:"content"`
}

type openAPIMedia struct {
	Schema *schema `json:"schema"`
}

type openAPIResponse struct {
	Ref         string                   `json:"$ref,omitempty"`
	Description string                   `json:"description,omitempty"`
	Headers     map[string]openAPIHeader `json:"headers,omitempty"`
	Content     map[string]openAPIMedia  `json:"content,omitempty"`
}

type openAPIHeader struct {
	Description string  `json:"description"`
	Schema      *schema `json:"schema"`
}

type openAPIComponents struct {
	Schemas         map[string]*schema           `json:"schemas"`
	Responses       map[string]*openAPIResponse  `json:"responses"`
	SecuritySchemes map[string]map[string]string `json:"securitySchemes"`
}

// schema describes a JSON value as JSON Schema 2020-12 has it.
type schema struct {
	Ref                  string             `json:"$ref,omitempty"`
	Type                 string             `json:"type,omitempty"`
	Format               string             `json:"format,omitempty"`
	Description          string             `json:"description,omitempty"`
	Enum                 []string           `json:"enum,omitempty"`
	Minimum              *int               `json:"minimum,omitempty"`
	Maximum              *int               `json:"maximum,omitempty"`
	Items                *schema            `json:"items,omitempty"`
	Properties           map[string]*schema `json:"properties,omitempty"`
	Required             []string           `json:"required,omitempty"`
	AdditionalProperties *bool              `json:"additionalProperties,omitempty"`

	order []string // of the properties, as the type has them
}

const (
	schemaRef   = "#/components/schemas/"
	responseRef = "#/components/responses/"
)

// What errors mean, wherever they come from.
var statusMeanings = map[int]string{
	http.StatusNotModified:           "It is as the tag in If-None-Match says.",
	http.StatusBadRequest:            "Something that was sent is malformed, missing or not known.",
	http.StatusUnauthorized:          "There is no token or session, or it is not valid.",
	http.StatusForbidden:             "The token or the reader may not do this.",
	http.StatusNotFound:              "There is no such thing.",
	http.StatusConflict:              "It is there already, or goes against what is.",
	http.StatusRequestEntityTooLarge: "The body or a part of it is too large.",
	http.StatusUnsupportedMediaType:  "The body is not sent as application/json.",
	http.StatusTooManyRequests:       "That was too often: wait as Retry-After says.",
	http.StatusInternalServerError:   "Something went wrong on the server’s side.",
	http.StatusBadGateway:            "A server elsewhere could not be asked.",
}

// describeAPI makes the description of operations.
func describeAPI(ops []operation) *openAPI {
	d := &openAPI{
		OpenAPI: "3.1.0",
		Info: openAPIInfo{
			Title: "Offprint", Version: "1",
			Description: "All that the pages of Offprint do. Times are RFC 3339 in UTC, days are as 2026-03-05. " +
				"A list has a cursor in “next” while there is more. Answers to GET have an ETag. " +
				"Fields may be added to answers; a field that is not known in a request is refused.",
		},
		Servers: []openAPIServer{{"/"}},
		Paths:   map[string]map[string]*openAPIOperation{},
		Components: openAPIComponents{
			Schemas:   map[string]*schema{},
			Responses: map[string]*openAPIResponse{},
			SecuritySchemes: map[string]map[string]string{
				"token":   {"type": "http", "scheme": "bearer", "description": "An API token, from Settings. One that may only read is refused for anything but GET."},
				"session": {"type": "apiKey", "in": "cookie", "name": "offprint", "description": "A browser that is signed in. Over https the cookie is called __Host-offprint."},
			},
		},
	}
	for _, op := range ops {
		if !slices.Contains(d.Tags, openAPITag{op.group}) {
			d.Tags = append(d.Tags, openAPITag{op.group})
		}
		if d.Paths[op.path] == nil {
			d.Paths[op.path] = map[string]*openAPIOperation{}
		}
		d.Paths[op.path][strings.ToLower(op.method)] = d.operation(&op)
	}
	return d
}

func (d *openAPI) operation(op *operation) *openAPIOperation {
	out := &openAPIOperation{
		OperationID: op.id, Tags: []string{op.group}, Summary: op.summary, Description: op.notes,
		Security: op.security(), Responses: map[string]*openAPIResponse{},
	}
	params, body := inputOf(op.in)
	for _, p := range params {
		sch := d.schema(p.field.Type, false)
		sch.constrain(p.field)
		out.Parameters = append(out.Parameters, openAPIParameter{
			Name: p.name, In: p.place, Required: p.place == "path", Description: p.field.Tag.Get("doc"), Schema: sch,
		})
	}
	if body != nil {
		out.RequestBody = &openAPIBody{true, map[string]openAPIMedia{"application/json": {d.schema(body, true)}}}
	}
	for _, status := range op.statuses() {
		if status != op.success() {
			out.Responses[strconv.Itoa(status)] = &openAPIResponse{Ref: responseRef + d.failure(status)}
			continue
		}
		success := &openAPIResponse{Description: http.StatusText(status)}
		if op.out != reflect.TypeFor[nothing]() {
			media := op.media
			if media == "" {
				media = "application/json"
			}
			success.Content = map[string]openAPIMedia{media: {d.schema(op.out, false)}}
		}
		if op.method == http.MethodGet {
			success.Headers = map[string]openAPIHeader{"ETag": {"For If-None-Match.", &schema{Type: "string"}}}
		}
		out.Responses[strconv.Itoa(status)] = success
	}
	return out
}

// security says who may call an operation: any of the entries is enough, and an
// empty one is nobody in particular.
func (op *operation) security() []map[string][]string {
	token, session := map[string][]string{"token": {}}, map[string][]string{"session": {}}
	switch {
	case op.session:
		return []map[string][]string{session}
	case op.access == forAnybody:
		return []map[string][]string{{}, token, session}
	}
	return []map[string][]string{token, session}
}

// failure adds the response of an error, if it is new, and returns its name.
func (d *openAPI) failure(status int) string {
	name := strings.ReplaceAll(http.StatusText(status), " ", "")
	if d.Components.Responses[name] == nil {
		resp := &openAPIResponse{Description: statusMeanings[status]}
		if status >= 400 {
			resp.Content = map[string]openAPIMedia{"application/json": {d.schema(reflect.TypeFor[errorJSON](), false)}}
		}
		if status == http.StatusTooManyRequests {
			resp.Headers = map[string]openAPIHeader{"Retry-After": {"Seconds to wait.", &schema{Type: "integer"}}}
		}
		d.Components.Responses[name] = resp
	}
	return name
}

// schema returns the schema of a Go type. Structs become components.
func (d *openAPI) schema(t reflect.Type, input bool) *schema {
	switch t {
	case reflect.TypeFor[time.Time](), reflect.TypeFor[millis]():
		return &schema{Type: "string", Format: "date-time"}
	case reflect.TypeFor[offprint.Date]():
		return &schema{Type: "string", Format: "date"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return d.schema(t.Elem(), input)
	case reflect.String:
		return &schema{Type: "string"}
	case reflect.Bool:
		return &schema{Type: "boolean"}
	case reflect.Int:
		return &schema{Type: "integer"}
	case reflect.Float64:
		return &schema{Type: "number"}
	case reflect.Int64:
		return &schema{Type: "integer", Format: "int64"}
	case reflect.Slice:
		return &schema{Type: "array", Items: d.schema(t.Elem(), input)}
	case reflect.Map:
		return &schema{Type: "object"}
	case reflect.Struct:
		return &schema{Ref: schemaRef + d.component(t, input)}
	}
	panic(fmt.Sprintf("web: no schema for %v", t)) // a mistake in the API's types, which a test finds
}

// component adds the schema of a struct, if it is new, and returns its name. An
// input takes no other fields than it has.
func (d *openAPI) component(t reflect.Type, input bool) string {
	name := strings.TrimSuffix(t.Name(), "JSON")
	name = strings.ToUpper(name[:1]) + name[1:]
	if d.Components.Schemas[name] != nil {
		return name
	}
	sch := &schema{Type: "object", Properties: map[string]*schema{}}
	d.Components.Schemas[name] = sch // before its fields, which may refer to it
	if input {
		sch.AdditionalProperties = new(bool)
	}
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous {
			continue // its fields are visible themselves
		}
		field, optional := jsonName(f)
		prop := d.schema(f.Type, input)
		prop.constrain(f)
		prop.Description = f.Tag.Get("doc")
		sch.Properties[field] = prop
		sch.order = append(sch.order, field)
		if !optional {
			sch.Required = append(sch.Required, field)
		}
	}
	return name
}

// constrain adds what the tags of a field say of its values, or of the items of
// a list.
func (sch *schema) constrain(f reflect.StructField) {
	if sch.Items != nil {
		sch = sch.Items
	}
	if enum, ok := f.Tag.Lookup("enum"); ok {
		sch.Enum = strings.Split(enum, ",")
	}
	if format, ok := f.Tag.Lookup("format"); ok {
		sch.Format = format
	}
	sch.Minimum, sch.Maximum = tagInt(f, "min"), tagInt(f, "max")
}

// marshal writes the description as a file, the same for the same table.
func (d *openAPI) marshal() ([]byte, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(d)
	return []byte(b.String()), err
}
