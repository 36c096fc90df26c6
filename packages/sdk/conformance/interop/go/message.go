package main

import (
	"fmt"
	"time"

	"github.com/Azure/go-amqp"
)

// A message as the tests write it; see amqp-peer.ts.
type message struct {
	Durable     bool             `json:"durable"`
	Priority    uint8            `json:"priority"`
	TTL         int64            `json:"ttl,omitempty"`
	Annotations map[string]typed `json:"annotations,omitempty"`
	Properties  map[string]typed `json:"properties,omitempty"`
	Application map[string]typed `json:"application,omitempty"`
	Data        []typed          `json:"data,omitempty"`
	Sequences   [][]typed        `json:"sequences,omitempty"`
	Value       typed            `json:"value,omitempty"`
	Footer      map[string]typed `json:"footer,omitempty"`
}

func (m *message) encode() (*amqp.Message, error) {
	out := &amqp.Message{Header: &amqp.MessageHeader{
		Durable: m.Durable, Priority: m.Priority, TTL: time.Duration(m.TTL) * time.Millisecond,
	}}
	var err error
	if out.Annotations, err = annotationsOf(m.Annotations); err != nil {
		return nil, err
	}
	if out.Footer, err = annotationsOf(m.Footer); err != nil {
		return nil, err
	}
	if out.Properties, err = propertiesOf(m.Properties); err != nil {
		return nil, err
	}
	for name, value := range m.Application {
		if out.ApplicationProperties == nil {
			out.ApplicationProperties = map[string]any{}
		}
		if out.ApplicationProperties[name], err = value.decoded(); err != nil {
			return nil, err
		}
	}
	for _, section := range m.Data {
		bytes, err := section.decoded()
		if err != nil {
			return nil, err
		}
		out.Data = append(out.Data, bytes.([]byte))
	}
	for _, section := range m.Sequences {
		values, err := listOf(section)
		if err != nil {
			return nil, err
		}
		out.Sequence = append(out.Sequence, values)
	}
	if m.Value != nil {
		if out.Value, err = m.Value.decoded(); err != nil {
			return nil, err
		}
		if out.Value == nil {
			out.Value = amqp.Null{}
		}
	}
	return out, nil
}

func annotationsOf(given map[string]typed) (amqp.Annotations, error) {
	if given == nil {
		return nil, nil
	}
	out := amqp.Annotations{}
	for name, value := range given {
		decoded, err := value.decoded()
		if err != nil {
			return nil, err
		}
		out[amqp.Symbol(name)] = decoded
	}
	return out, nil
}

func propertiesOf(given map[string]typed) (*amqp.MessageProperties, error) {
	out := &amqp.MessageProperties{}
	for name, value := range given {
		decoded, err := value.decoded()
		if err != nil {
			return nil, err
		}
		text := fmt.Sprint(decoded)
		when, _ := decoded.(time.Time)
		switch name {
		case "messageId":
			out.MessageID = decoded
		case "userId":
			out.UserID = decoded.([]byte)
		case "to":
			out.To = &text
		case "subject":
			out.Subject = &text
		case "replyTo":
			out.ReplyTo = &text
		case "correlationId":
			out.CorrelationID = decoded
		case "contentType":
			out.ContentType = &text
		case "contentEncoding":
			out.ContentEncoding = &text
		case "expiry":
			out.AbsoluteExpiryTime = &when
		case "created":
			out.CreationTime = &when
		case "groupId":
			out.GroupID = &text
		case "groupSequence":
			sequence := decoded.(uint32)
			out.GroupSequence = &sequence
		case "replyToGroupId":
			out.ReplyToGroupID = &text
		default:
			return nil, fmt.Errorf("no property is called %q", name)
		}
	}
	return out, nil
}

func decode(in *amqp.Message) (*message, error) {
	out := &message{Priority: 4}
	if in.Header != nil {
		out.Durable, out.Priority, out.TTL = in.Header.Durable, in.Header.Priority, in.Header.TTL.Milliseconds()
	}
	var err error
	if out.Annotations, err = typedByName(in.Annotations); err != nil {
		return nil, err
	}
	if out.Footer, err = typedByName(in.Footer); err != nil {
		return nil, err
	}
	if out.Properties, err = typedProperties(in.Properties); err != nil {
		return nil, err
	}
	if out.Application, err = typedByName(in.ApplicationProperties); err != nil {
		return nil, err
	}
	for _, section := range in.Data {
		bytes, err := typedOf(section)
		if err != nil {
			return nil, err
		}
		out.Data = append(out.Data, bytes)
	}
	for _, section := range in.Sequence {
		values, err := typedList(section)
		if err != nil {
			return nil, err
		}
		out.Sequences = append(out.Sequences, values)
	}
	if in.Data == nil && in.Sequence == nil {
		out.Value, err = typedOf(in.Value)
	}
	return out, err
}

func typedByName[K comparable](given map[K]any) (map[string]typed, error) {
	out := map[string]typed{}
	for name, value := range given {
		encoded, err := typedOf(value)
		if err != nil {
			return nil, err
		}
		out[fmt.Sprint(name)] = encoded
	}
	return out, nil
}

func typedProperties(in *amqp.MessageProperties) (map[string]typed, error) {
	out := map[string]typed{}
	if in == nil {
		return out, nil
	}
	var failure error
	put := func(name string, value any) {
		encoded, err := typedOf(value)
		if err != nil {
			failure = err
		}
		out[name] = encoded
	}
	if in.MessageID != nil {
		put("messageId", in.MessageID)
	}
	if in.UserID != nil {
		put("userId", in.UserID)
	}
	if in.CorrelationID != nil {
		put("correlationId", in.CorrelationID)
	}
	texts := map[string]*string{"to": in.To, "subject": in.Subject, "replyTo": in.ReplyTo, "groupId": in.GroupID,
		"replyToGroupId": in.ReplyToGroupID}
	for name, text := range texts {
		if text != nil {
			put(name, *text)
		}
	}
	for name, text := range map[string]*string{"contentType": in.ContentType, "contentEncoding": in.ContentEncoding} {
		if text != nil {
			put(name, amqp.Symbol(*text))
		}
	}
	for name, when := range map[string]*time.Time{"expiry": in.AbsoluteExpiryTime, "created": in.CreationTime} {
		if when != nil {
			put(name, *when)
		}
	}
	if in.GroupSequence != nil {
		put("groupSequence", *in.GroupSequence)
	}
	return out, failure
}
