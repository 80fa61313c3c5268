package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/offprint/offprint"
)

// parameter is an input of an operation that stands in its address.
type parameter struct {
	name, place string // place is "path" or "query"
	field       reflect.StructField
	index       []int
}

// inputOf returns the parameters of an input type, and the type of its body, if
// it has one.
func inputOf(t reflect.Type) (params []parameter, body reflect.Type) {
	for _, f := range reflect.VisibleFields(t) {
		if f.Name == "Body" {
			body = f.Type
			continue
		}
		for _, place := range []string{"path", "query"} {
			if name, ok := f.Tag.Lookup(place); ok {
				params = append(params, parameter{name, place, f, f.Index})
			}
		}
	}
	return params, body
}

// readInput fills an input in from a request.
func readInput(r *http.Request, in any) error {
	v := reflect.ValueOf(in).Elem()
	params, body := inputOf(v.Type())
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return offprint.Errorf(offprint.KindInvalid, "What follows the ? of the address is malformed.")
	}
	for _, p := range params {
		text := query.Get(p.name)
		if p.place == "path" {
			text = r.PathValue(p.name)
		}
		if text == "" {
			continue
		}
		if err := readParameter(v.FieldByIndex(p.index).Addr().Interface(), p, text); err != nil {
			return err
		}
	}
	if body == nil {
		return nil
	}
	return readBody(r, v.FieldByName("Body").Addr().Interface())
}

// readParameter reads the text of a parameter into its field, within the limits
// that the field's tags state.
func readParameter(field any, p parameter, text string) error {
	invalid := func(want string) error {
		return offprint.Errorf(offprint.KindInvalid, "%s is %s, not %s.", p.name, want, quoted(text))
	}
	switch to := field.(type) {
	case *string:
		if enum, ok := p.field.Tag.Lookup("enum"); ok && !slices.Contains(strings.Split(enum, ","), text) {
			return invalid("one of " + strings.ReplaceAll(enum, ",", ", "))
		}
		*to = text
	case *int:
		least, most := tagInt(p.field, "min"), tagInt(p.field, "max")
		n, err := strconv.Atoi(text)
		if err != nil || least != nil && n < *least || most != nil && n > *most {
			if least != nil && most != nil {
				return invalid(fmt.Sprintf("a number from %d to %d", *least, *most))
			}
			return invalid("a whole number")
		}
		*to = n
	case *int64:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n <= 0 {
			return invalid("the number of something here")
		}
		*to = n
	case *bool:
		if text != "true" && text != "false" {
			return invalid("true or false")
		}
		*to = text == "true"
	case *offprint.Date:
		return to.UnmarshalText([]byte(text))
	default:
		return fmt.Errorf("parameter %s has the type %T", p.name, field)
	}
	return nil
}

// tagInt is the number in a field's tag, or nil.
func tagInt(f reflect.StructField, tag string) *int {
	n, err := strconv.Atoi(f.Tag.Get(tag))
	if err != nil {
		return nil
	}
	return &n
}

// readBody reads a JSON object: all fields that it must have, and none that is
// not known.
func readBody(r *http.Request, body any) error {
	if mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || mediaType != "application/json" {
		return &statusError{status: http.StatusUnsupportedMediaType, message: "Send the body as JSON, with the header Content-Type: application/json."}
	}
	b, err := io.ReadAll(r.Body)
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return err
	} else if err != nil {
		return offprint.Errorf(offprint.KindInvalid, "The body ended early.")
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(b, &fields); err != nil || fields == nil {
		return jsonError(err)
	}
	for _, f := range reflect.VisibleFields(reflect.TypeOf(body).Elem()) {
		name, optional := jsonName(f)
		if _, ok := fields[name]; !ok && !optional {
			return offprint.Errorf(offprint.KindInvalid, "The field %q is missing.", name)
		}
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(body); err != nil {
		return jsonError(err)
	}
	return nil
}

// jsonError says what is wrong with a body.
func jsonError(err error) error {
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return offprint.Errorf(offprint.KindInvalid, "The body is not valid JSON at byte %d.", e.Offset)
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && e.Field != "" {
		return offprint.Errorf(offprint.KindInvalid, "The field %q cannot be a %s.", e.Field, e.Value)
	}
	if err != nil {
		// encoding/json has no type for this error.
		if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
			return offprint.Errorf(offprint.KindInvalid, "There is no field %s here.", clipText(name, 100))
		}
		// A type that reads itself: a date or a time.
		if offprint.KindOf(err) == offprint.KindInvalid {
			return err
		}
	}
	return offprint.Errorf(offprint.KindInvalid, "The body is not a JSON object with the right fields.")
}

// jsonName is what a field is called in JSON, and whether it may be absent.
func jsonName(f reflect.StructField) (name string, optional bool) {
	name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name, f.Anonymous || strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
}
