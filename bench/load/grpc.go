package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
)

const (
	payMethod = "/quittance.payments.v1.PaymentService/Pay"
	// callsOnAConnection: a server takes a bounded number of calls on each.
	callsOnAConnection = 64
)

// Field numbers of proto/quittance/payments/v1/payments.proto.
const (
	payRequestID   = 1
	payCard        = 2
	payAmount      = 3
	payDescription = 4
	payWait        = 5

	cardNumber      = 1
	cardExpiryMonth = 2
	cardExpiryYear  = 3
	cardHolderName  = 4

	moneyCurrencyCode = 1
	moneyMinorUnits   = 2

	durationSeconds = 1

	answerPayment = 1
	paymentState  = 6
)

var stateNames = []string{"UNSPECIFIED", "PENDING", "SUCCEEDED", "DECLINED", "REFUNDED", "ACCEPTED"}

// rawCodec passes messages as the bytes that they are.
type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }
func (rawCodec) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), data...)
	return nil
}
func (rawCodec) Name() string { return "proto" }

type grpcLine struct {
	o    *options
	conn *grpc.ClientConn
}

func grpcDoor(o *options) (dial, error) {
	conns := make([]*grpc.ClientConn, (o.inFlight+callsOnAConnection-1)/callsOnAConnection)
	for i := range conns {
		conn, err := grpc.NewClient("passthrough:///"+o.address,
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithDefaultCallOptions(grpc.ForceCodec(rawCodec{})))
		if err != nil {
			return nil, err
		}
		conns[i] = conn
	}
	var next atomic.Int64
	return func() (line, error) {
		return &grpcLine{o, conns[int(next.Add(1)-1)%len(conns)]}, nil
	}, nil
}

func (l *grpcLine) close() {}

func (l *grpcLine) pay(requestID string, to *order) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), l.o.timeout)
	defer cancel()
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+to.Token)
	request, answer := encodePay(requestID, to, l.o.waitSeconds()), []byte(nil)
	err := l.conn.Invoke(ctx, payMethod, &request, &answer)
	if err == nil {
		return stateOf(answer)
	}
	switch code := status.Code(err); code {
	case codes.DeadlineExceeded, codes.Canceled, codes.Unknown, codes.Internal:
		return "", err
	default:
		return "gRPC " + code.String(), nil
	}
}

func encodePay(requestID string, to *order, waitSeconds int64) []byte {
	var c, m, w []byte
	c = appendText(c, cardNumber, to.Card.Number)
	c = appendNumber(c, cardExpiryMonth, int64(to.Card.ExpiryMonth))
	c = appendNumber(c, cardExpiryYear, int64(to.Card.ExpiryYear))
	c = appendText(c, cardHolderName, to.Card.HolderName)
	m = appendText(m, moneyCurrencyCode, to.CurrencyCode)
	m = appendNumber(m, moneyMinorUnits, minorUnits)
	w = appendNumber(w, durationSeconds, waitSeconds)

	b := appendText(nil, payRequestID, requestID)
	b = appendText(b, payCard, string(c))
	b = appendText(b, payAmount, string(m))
	b = appendText(b, payDescription, description)
	return appendText(b, payWait, string(w))
}

// appendText appends a field of type string, bytes or message.
func appendText(b []byte, field protowire.Number, text string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), text)
}

func appendNumber(b []byte, field protowire.Number, number int64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), uint64(number))
}

func stateOf(answer []byte) (string, error) {
	payment, err := fieldOf(answer, answerPayment)
	if err != nil {
		return "", err
	}
	inner, _ := protowire.ConsumeBytes(payment)
	value, err := fieldOf(inner, paymentState)
	if err != nil {
		return "", err
	}
	state, _ := protowire.ConsumeVarint(value)
	if state >= uint64(len(stateNames)) {
		return fmt.Sprintf("state %d", state), nil
	}
	return stateNames[state], nil
}

// fieldOf returns the value of the first field of that number, without its tag.
func fieldOf(message []byte, wanted protowire.Number) ([]byte, error) {
	for len(message) > 0 {
		number, kind, tag := protowire.ConsumeTag(message)
		if tag < 0 {
			return nil, protowire.ParseError(tag)
		}
		size := protowire.ConsumeFieldValue(number, kind, message[tag:])
		if size < 0 {
			return nil, protowire.ParseError(size)
		}
		if number == wanted {
			return message[tag : tag+size], nil
		}
		message = message[tag+size:]
	}
	return nil, errors.New("the answer holds no payment with a state")
}
