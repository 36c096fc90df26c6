package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

const dialTimeout = 10 * time.Second

// httpLine is one connection of HTTP/1.1 that is kept alive.
type httpLine struct {
	o    *options
	conn net.Conn
	in   *bufio.Reader
	out  []byte
	body []byte
}

func httpDoor(o *options) dial {
	return func() (line, error) {
		l := &httpLine{o: o}
		return l, l.connect()
	}
}

func (l *httpLine) connect() error {
	conn, err := net.DialTimeout("tcp", l.o.address, dialTimeout)
	if err != nil {
		return err
	}
	l.conn, l.in = conn, bufio.NewReader(conn)
	return nil
}

func (l *httpLine) close() {
	if l.conn != nil {
		l.conn.Close()
		l.conn = nil
	}
}

func (l *httpLine) pay(requestID string, to *order) (string, error) {
	if l.conn == nil {
		if err := l.connect(); err != nil {
			return "", err
		}
	}
	l.write(requestID, to)
	_ = l.conn.SetDeadline(time.Now().Add(l.o.timeout))
	if _, err := l.conn.Write(l.out); err != nil {
		l.close()
		return "", err
	}
	status, err := l.read()
	if err != nil {
		l.close()
		return "", err
	}
	if status/100 != 2 {
		return fmt.Sprintf("HTTP %d", status), nil
	}
	return stateIn(l.body), nil
}

func (l *httpLine) write(requestID string, to *order) {
	b := append(l.body[:0], `{"requestId":"`...)
	b = append(b, requestID...)
	b = append(b, `","card":{"number":"`...)
	b = append(b, to.Card.Number...)
	b = append(b, `","expiryMonth":`...)
	b = strconv.AppendInt(b, int64(to.Card.ExpiryMonth), 10)
	b = append(b, `,"expiryYear":`...)
	b = strconv.AppendInt(b, int64(to.Card.ExpiryYear), 10)
	b = append(b, `,"holderName":`...)
	name, _ := json.Marshal(to.Card.HolderName)
	b = append(b, name...)
	b = append(b, `},"amount":{"currencyCode":"`...)
	b = append(b, to.CurrencyCode...)
	b = append(b, `","minorUnits":"`...)
	b = strconv.AppendInt(b, minorUnits, 10)
	b = append(b, `"},"description":"`...)
	b = append(b, description...)
	b = append(b, `","wait":"`...)
	b = strconv.AppendInt(b, l.o.waitSeconds(), 10)
	b = append(b, `s"}`...)
	l.body = b

	h := append(l.out[:0], "POST /v1/payments HTTP/1.1\r\nHost: "...)
	h = append(h, l.o.address...)
	h = append(h, "\r\nAuthorization: Bearer "...)
	h = append(h, to.Token...)
	h = append(h, "\r\nContent-Type: application/json\r\nContent-Length: "...)
	h = strconv.AppendInt(h, int64(len(b)), 10)
	h = append(h, "\r\n\r\n"...)
	l.out = append(h, b...)
}

// read takes one answer off the line; its body is in l.body afterwards.
func (l *httpLine) read() (int, error) {
	first, err := l.in.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(first)
	if len(fields) < 2 {
		return 0, fmt.Errorf("not an answer of HTTP: %q", first)
	}
	status, err := strconv.Atoi(string(fields[1]))
	if err != nil {
		return 0, err
	}
	length, chunked, last := 0, false, false
	for {
		header, err := l.in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		name, value, found := strings.Cut(strings.TrimSpace(string(header)), ":")
		if !found {
			break
		}
		value = strings.TrimSpace(value)
		switch strings.ToLower(name) {
		case "content-length":
			if length, err = strconv.Atoi(value); err != nil {
				return 0, err
			}
		case "transfer-encoding":
			chunked = strings.EqualFold(value, "chunked")
		case "connection":
			last = strings.EqualFold(value, "close")
		}
	}
	l.body = l.body[:0]
	if chunked {
		err = l.readChunks()
	} else {
		err = l.readBytes(length)
	}
	if last {
		l.close()
	}
	return status, err
}

func (l *httpLine) readChunks() error {
	for {
		head, err := l.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		size, err := strconv.ParseInt(strings.TrimSpace(string(head)), 16, 32)
		if err != nil {
			return err
		}
		if err := l.readBytes(int(size)); err != nil {
			return err
		}
		if _, err := l.in.Discard(2); err != nil {
			return err
		}
		if size == 0 {
			return nil
		}
	}
}

const largestAnswer = 1 << 20

func (l *httpLine) readBytes(count int) error {
	from := len(l.body)
	if from+count > largestAnswer {
		return errors.New("an answer is larger than 1 MiB")
	}
	l.body = append(l.body, make([]byte, count)...)
	_, err := io.ReadFull(l.in, l.body[from:])
	return err
}

var stateMark = []byte(`"state":"PAYMENT_STATE_`)

func stateIn(body []byte) string {
	_, rest, found := bytes.Cut(body, stateMark)
	if !found {
		return "no state"
	}
	state, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(state)
}
