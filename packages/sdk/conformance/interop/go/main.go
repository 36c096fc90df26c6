// The Go client of the interop tests. It does what it is told on standard input, one JSON document a line, and answers
// with one on standard output.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/Azure/go-amqp"
)

const wait = 15 * time.Second

type order struct {
	Do      string   `json:"do"`
	Address string   `json:"address"`
	Message *message `json:"message"`
}

type answer struct {
	Message *message `json:"message,omitempty"`
	Error   string   `json:"error,omitempty"`
}

func main() {
	ctx := context.Background()
	connection, err := amqp.Dial(ctx, os.Args[1], &amqp.ConnOptions{SASLType: amqp.SASLTypeAnonymous()})
	if err != nil {
		fail(err)
	}
	defer connection.Close()
	session, err := connection.NewSession(ctx, nil)
	if err != nil {
		fail(err)
	}
	answers := json.NewEncoder(os.Stdout)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		said, err := do(ctx, session, lines.Bytes())
		if err != nil {
			said = answer{Error: err.Error()}
		}
		if err := answers.Encode(said); err != nil {
			fail(err)
		}
	}
}

func do(ctx context.Context, session *amqp.Session, line []byte) (answer, error) {
	var told order
	if err := json.Unmarshal(line, &told); err != nil {
		return answer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	switch told.Do {
	case "send":
		return answer{}, send(ctx, session, told)
	case "receive":
		received, err := receive(ctx, session, told.Address)
		return answer{Message: received}, err
	}
	return answer{}, fmt.Errorf("nothing is called %q", told.Do)
}

func send(ctx context.Context, session *amqp.Session, told order) error {
	outgoing, err := told.Message.encode()
	if err != nil {
		return err
	}
	sender, err := session.NewSender(ctx, told.Address, &amqp.SenderOptions{TargetCapabilities: []string{"queue"}})
	if err != nil {
		return err
	}
	defer sender.Close(ctx)
	return sender.Send(ctx, outgoing, nil)
}

func receive(ctx context.Context, session *amqp.Session, address string) (*message, error) {
	options := &amqp.ReceiverOptions{Credit: 1, SourceCapabilities: []string{"queue"}}
	receiver, err := session.NewReceiver(ctx, address, options)
	if err != nil {
		return nil, err
	}
	defer receiver.Close(ctx)
	incoming, err := receiver.Receive(ctx, nil)
	if err != nil {
		return nil, err
	}
	if err := receiver.AcceptMessage(ctx, incoming); err != nil {
		return nil, err
	}
	return decode(incoming)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
