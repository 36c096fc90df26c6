package main

import (
	"fmt"
	"time"
)

// order says who is paid by whom: everything of a payment that is not new with each call.
type order struct {
	Token        string `json:"token"`
	Card         card   `json:"card"`
	CurrencyCode string `json:"currencyCode"`
}

type card struct {
	Number      string `json:"number"`
	ExpiryMonth int    `json:"expiryMonth"`
	ExpiryYear  int    `json:"expiryYear"`
	HolderName  string `json:"holderName"`
}

const (
	description = "load"
	minorUnits  = 1
)

// line carries one call at a time.
type line interface {
	// pay returns the payment's state, or what the door refused with. An error is a call without an answer.
	pay(requestID string, o *order) (outcome string, err error)
	close()
}

// A line that is made by dial belongs to one goroutine at a time.
type dial func() (line, error)

func doorOf(o *options) (dial, error) {
	switch o.door {
	case "http":
		return httpDoor(o), nil
	case "grpc":
		return grpcDoor(o)
	default:
		return nil, fmt.Errorf("-door is %q: it must be http or grpc", o.door)
	}
}

// waitSeconds as both doors take it.
func (o *options) waitSeconds() int64 { return int64(o.wait / time.Second) }
