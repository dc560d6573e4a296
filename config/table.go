package config

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A table is one TOML table while it is read. Every reader sets its destination
// only if the key is there with the right type, reports whether it did, and
// notes an error if the key is there with the wrong one.
type table struct {
	doc    *document
	path   string
	values map[string]any
	known  []string // every key that has been asked for
}

// manyKeys is about as many as a [[service]] or a [[service.real]] can have.
const manyKeys = 14

// report notes err about key. The text of err names the key itself.
func (t *table) report(key string, err error) { t.doc.report(join(t.path, key), err) }

// check notes err about key, if there is one.
func (t *table) check(key string, err error) {
	if err != nil {
		t.report(key, err)
	}
}

// silence drops all errors about key that are still to come: they would follow
// from one that has been noted.
func (t *table) silence(key string) { t.doc.reported[join(t.path, key)] = true }

// has reports whether key is there, whatever it holds.
func (t *table) has(key string) bool {
	if !slices.Contains(t.known, key) {
		t.known = append(t.known, key)
	}
	_, ok := t.values[key]
	return ok
}

// read is the reader for T, which TOML calls want.
func read[T any](t *table, key, want string, dst *T) bool {
	if !t.has(key) {
		return false
	}
	v := t.values[key]
	typed, ok := v.(T)
	if !ok {
		t.wrongType(key, want, v)
		return false
	}
	*dst = typed
	return true
}

// wrongType notes that key holds v in the place of what want describes.
func (t *table) wrongType(key, want string, v any) {
	t.report(key, fmt.Errorf("%s: %w: must be %s, is %s", key, ErrType, want, typeName(v)))
}

// require notes an error if key is not there at all.
func (t *table) require(keys ...string) {
	for _, key := range keys {
		if _, ok := t.values[key]; !ok {
			t.report(key, fmt.Errorf("%w: %s", ErrMissingKey, key))
		}
	}
}

// table returns the table at key, empty if it is not there.
func (t *table) table(key string) *table {
	sub := &table{doc: t.doc, path: join(t.path, key)}
	read(t, key, "a table: ["+sub.path+"]", &sub.values)
	return sub
}

// named returns the tables in the table at key by their names, in the order of
// those: what stands there is named by the operator.
func (t *table) named(key string) iter.Seq2[string, *table] {
	outer := t.table(key)
	return func(yield func(string, *table) bool) {
		for _, name := range slices.Sorted(maps.Keys(outer.values)) {
			if !yield(name, outer.table(name)) {
				return
			}
		}
	}
}

// tables returns the tables of the array at key, which header opens in a file.
// An array that holds anything else is refused whole.
func (t *table) tables(key, header string) (subs []*table) {
	maps, ok := inlineTables(t.values[key])
	if ok {
		t.has(key)
	} else {
		read(t, key, "an array of tables: "+header, &maps)
	}
	subs = make([]*table, len(maps))
	path := join(t.path, key) + "."
	for i, m := range maps {
		subs[i] = &table{doc: t.doc, path: path + strconv.Itoa(i), values: m, known: make([]string, 0, manyKeys)}
	}
	return subs
}

// inlineTables returns the tables of v if it is an array of inline tables,
// which the TOML library tells from [[...]], or an empty array.
func inlineTables(v any) (maps []map[string]any, ok bool) {
	elems, ok := v.([]any)
	for _, e := range elems {
		m, isTable := e.(map[string]any)
		if !isTable {
			return nil, false
		}
		maps = append(maps, m)
	}
	return maps, ok
}

// done notes an error for every key that nobody has asked for.
func (t *table) done() {
	var unknown []string
	for key := range t.values {
		if !slices.Contains(t.known, key) {
			unknown = append(unknown, key)
		}
	}
	slices.Sort(unknown)
	for _, key := range unknown {
		t.report(key, fmt.Errorf("%w %q: allowed here: %s", ErrUnknownKey, key, strings.Join(t.known, ", ")))
	}
}

// typeName says what TOML calls the type of v.
func typeName(v any) string {
	switch v.(type) {
	case string:
		return "a string"
	case int64:
		return "an integer"
	case float64:
		return "a float"
	case bool:
		return "a boolean"
	case time.Time:
		return "a date or time"
	case map[string]any:
		return "a table"
	case []map[string]any:
		return "an array of tables"
	}
	return "an array"
}
