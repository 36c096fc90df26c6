// Command load offers payments to a gateway, over HTTP/1.1 or gRPC, and prints what became of them as one line of JSON.
//
// It is a program of its own so that its work is not done in the event loop, the heap or the processor time of what is
// measured. `npm run bench -- payments` builds and runs it.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"
)

// options of one run. Either rate is 0 and inFlight calls are kept open, or so many calls a second are due.
type options struct {
	door     string
	address  string
	orders   []order
	inFlight int
	rate     float64
	count    int
	duration time.Duration
	wait     time.Duration
	timeout  time.Duration
	retry    bool
	timeline bool
	run      string
}

func main() {
	var o options
	var orders string
	flag.StringVar(&o.door, "door", "http", "http or grpc")
	flag.StringVar(&o.address, "address", "", "host:port of the door")
	flag.StringVar(&orders, "orders", "", "a file with what is paid: a JSON array of {token, card, currencyCode}, taken in turn")
	flag.IntVar(&o.inFlight, "in-flight", 1, "closed loop: so many calls at once; open loop: no more than so many")
	flag.Float64Var(&o.rate, "rate", 0, "open loop: so many calls a second, whose latency counts from when they were due (0: closed loop)")
	flag.IntVar(&o.count, "count", 0, "end after so many calls (0: -duration decides)")
	flag.DurationVar(&o.duration, "duration", 0, "begin no call after so long (0: -count decides)")
	flag.DurationVar(&o.wait, "wait", 30*time.Second, "how long a call may wait for its payment to be final")
	flag.DurationVar(&o.timeout, "timeout", 60*time.Second, "give up on a call, and with -retry on a payment, after so long")
	flag.BoolVar(&o.retry, "retry", false, "make a call again, with the same request id, until it is answered")
	flag.BoolVar(&o.timeline, "timeline", false, "also print how many calls were due and how many had ended, for each tenth of a second")
	flag.StringVar(&o.run, "run", fmt.Sprintf("%x", time.Now().UnixNano()), "what request ids begin with")
	flag.Parse()

	if err := o.check(orders); err != nil {
		fail(err)
	}
	dial, err := doorOf(&o)
	if err != nil {
		fail(err)
	}
	result, err := drive(&o, dial)
	if err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		fail(err)
	}
}

func (o *options) check(orders string) error {
	if o.address == "" || orders == "" {
		return errors.New("-address and -orders are required")
	}
	if o.count == 0 && o.duration == 0 {
		return errors.New("-count or -duration must say when to end")
	}
	if o.inFlight < 1 {
		return errors.New("-in-flight must be at least 1")
	}
	text, err := os.ReadFile(orders)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &o.orders); err != nil {
		return fmt.Errorf("%s: %w", orders, err)
	}
	if len(o.orders) == 0 {
		return fmt.Errorf("%s holds no orders", orders)
	}
	return nil
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "load:", err)
	os.Exit(1)
}
