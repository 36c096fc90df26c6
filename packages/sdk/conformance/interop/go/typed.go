package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/go-amqp"
)

// An AMQP value as `[type, value]`: numbers are texts, binary is base64, and what is nested is typed itself.
type typed []json.RawMessage

func (t typed) decoded() (any, error) {
	var name, text string
	if len(t) == 0 {
		return nil, fmt.Errorf("a value without a type")
	}
	if err := json.Unmarshal(t[0], &name); err != nil {
		return nil, err
	}
	if name == "null" {
		return nil, nil
	}
	if len(t) < 2 {
		return nil, fmt.Errorf("a %s without a value", name)
	}
	switch name {
	case "boolean":
		var value bool
		err := json.Unmarshal(t[1], &value)
		return value, err
	case "list":
		var values []typed
		if err := json.Unmarshal(t[1], &values); err != nil {
			return nil, err
		}
		return listOf(values)
	case "map":
		return mapOf(t[1])
	}
	if err := json.Unmarshal(t[1], &text); err != nil {
		return nil, err
	}
	return simple(name, text)
}

func simple(name, text string) (any, error) {
	switch name {
	case "byte", "short", "int", "long":
		bits := map[string]int{"byte": 8, "short": 16, "int": 32, "long": 64}[name]
		value, err := strconv.ParseInt(text, 10, bits)
		return map[int]any{8: int8(value), 16: int16(value), 32: int32(value), 64: value}[bits], err
	case "ubyte", "ushort", "uint", "ulong":
		bits := map[string]int{"ubyte": 8, "ushort": 16, "uint": 32, "ulong": 64}[name]
		value, err := strconv.ParseUint(text, 10, bits)
		return map[int]any{8: uint8(value), 16: uint16(value), 32: uint32(value), 64: value}[bits], err
	case "float":
		value, err := strconv.ParseFloat(text, 32)
		return float32(value), err
	case "double":
		return strconv.ParseFloat(text, 64)
	case "timestamp":
		value, err := strconv.ParseInt(text, 10, 64)
		return time.UnixMilli(value), err
	case "uuid":
		bytes, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
		if err != nil || len(bytes) != 16 {
			return nil, fmt.Errorf("%q is no uuid", text)
		}
		return amqp.UUID(bytes), nil
	case "binary":
		return base64.StdEncoding.DecodeString(text)
	case "string":
		return text, nil
	case "symbol":
		return amqp.Symbol(text), nil
	}
	return nil, fmt.Errorf("go-amqp writes no %s", name)
}

func listOf(given []typed) ([]any, error) {
	values := make([]any, len(given))
	for index, value := range given {
		decoded, err := value.decoded()
		if err != nil {
			return nil, err
		}
		values[index] = decoded
	}
	return values, nil
}

func mapOf(given json.RawMessage) (map[any]any, error) {
	var entries [][2]typed
	if err := json.Unmarshal(given, &entries); err != nil {
		return nil, err
	}
	values := map[any]any{}
	for _, entry := range entries {
		key, err := entry[0].decoded()
		if err != nil {
			return nil, err
		}
		if values[key], err = entry[1].decoded(); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func typedOf(value any) (typed, error) {
	switch it := value.(type) {
	case nil, amqp.Null:
		return pack("null")
	case bool:
		return pack("boolean", it)
	case int8:
		return pack("byte", strconv.FormatInt(int64(it), 10))
	case int16:
		return pack("short", strconv.FormatInt(int64(it), 10))
	case int32:
		return pack("int", strconv.FormatInt(int64(it), 10))
	case int64:
		return pack("long", strconv.FormatInt(it, 10))
	case uint8:
		return pack("ubyte", strconv.FormatUint(uint64(it), 10))
	case uint16:
		return pack("ushort", strconv.FormatUint(uint64(it), 10))
	case uint32:
		return pack("uint", strconv.FormatUint(uint64(it), 10))
	case uint64:
		return pack("ulong", strconv.FormatUint(it, 10))
	case float32:
		return pack("float", strconv.FormatFloat(float64(it), 'g', -1, 32))
	case float64:
		return pack("double", strconv.FormatFloat(it, 'g', -1, 64))
	case time.Time:
		return pack("timestamp", strconv.FormatInt(it.UnixMilli(), 10))
	case amqp.UUID:
		return pack("uuid", it.String())
	case []byte:
		return pack("binary", base64.StdEncoding.EncodeToString(it))
	case string:
		return pack("string", it)
	case amqp.Symbol:
		return pack("symbol", string(it))
	case []any:
		values, err := typedList(it)
		if err != nil {
			return nil, err
		}
		return pack("list", values)
	case map[any]any:
		return typedMap(it)
	case map[string]any:
		entries := map[any]any{}
		for key, entry := range it {
			entries[key] = entry
		}
		return typedMap(entries)
	}
	// go-amqp gives a described type of an internal package.
	fields := reflect.ValueOf(value)
	if fields.Kind() != reflect.Struct || !fields.FieldByName("Descriptor").IsValid() {
		return nil, fmt.Errorf("go-amqp gave a %T", value)
	}
	descriptor, err := typedOf(fields.FieldByName("Descriptor").Interface())
	if err != nil {
		return nil, err
	}
	described, err := typedOf(fields.FieldByName("Value").Interface())
	if err != nil {
		return nil, err
	}
	return pack("described", descriptor, described)
}

func typedList(given []any) ([]typed, error) {
	values := make([]typed, len(given))
	for index, value := range given {
		encoded, err := typedOf(value)
		if err != nil {
			return nil, err
		}
		values[index] = encoded
	}
	return values, nil
}

// In the order of the keys as JSON, for a map of Go has none.
func typedMap(given map[any]any) (typed, error) {
	entries := [][2]typed{}
	for key, value := range given {
		name, err := typedOf(key)
		if err != nil {
			return nil, err
		}
		encoded, err := typedOf(value)
		if err != nil {
			return nil, err
		}
		entries = append(entries, [2]typed{name, encoded})
	}
	sort.Slice(entries, func(one, other int) bool {
		return string(entries[one][0][1]) < string(entries[other][0][1])
	})
	return pack("map", entries)
}

func pack(parts ...any) (typed, error) {
	out := make(typed, len(parts))
	for index, part := range parts {
		bytes, err := json.Marshal(part)
		if err != nil {
			return nil, err
		}
		out[index] = bytes
	}
	return out, nil
}
