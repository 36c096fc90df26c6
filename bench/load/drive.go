package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const retryPause = 50 * time.Millisecond

// call is one payment that was asked for, and what became of it.
type call struct {
	due     time.Time // when it was to begin; in a closed loop when it did
	late    time.Duration
	took    time.Duration // from due
	outcome string
	err     error
	tries   int
}

type driver struct {
	o     *options
	dial  dial
	next  atomic.Int64
	limit int64
	began time.Time
	mu    sync.Mutex
	calls []call
}

func drive(o *options, d dial) (*report, error) {
	run := &driver{o: o, dial: d, limit: math.MaxInt64}
	if o.count > 0 {
		run.limit = int64(o.count)
	}
	var err error
	if o.rate > 0 {
		err = run.open()
	} else {
		err = run.closed()
	}
	if err != nil {
		return nil, err
	}
	return run.report(time.Now())
}

// closed keeps so many calls open, each on a line of its own. All lines stand before the first call.
func (d *driver) closed() error {
	lines := make([]line, d.o.inFlight)
	for i := range lines {
		made, err := d.dial()
		if err != nil {
			return err
		}
		defer made.close()
		lines[i] = made
	}
	var done sync.WaitGroup
	d.began = time.Now()
	for _, l := range lines {
		done.Add(1)
		go func() {
			defer done.Done()
			var calls []call
			for {
				now := time.Now()
				if d.isOver(now) {
					break
				}
				number := d.next.Add(1)
				if number > d.limit {
					break
				}
				calls = append(calls, d.pay(l, number, now))
			}
			d.mu.Lock()
			d.calls = append(d.calls, calls...)
			d.mu.Unlock()
		}()
	}
	done.Wait()
	return nil
}

func (d *driver) isOver(now time.Time) bool {
	return d.o.duration > 0 && now.Sub(d.began) >= d.o.duration
}

// open begins calls when they are due, whatever became of those before: one that finds no line waits for one, and the
// wait counts as its own. Lines that were used last are used first, so that few stay warm.
func (d *driver) open() error {
	idle := make(chan struct{}, d.o.inFlight)
	for range d.o.inFlight {
		idle <- struct{}{}
	}
	var lines []line
	var mu sync.Mutex
	take := func() (line, error) {
		mu.Lock()
		defer mu.Unlock()
		if last := len(lines) - 1; last >= 0 {
			l := lines[last]
			lines = lines[:last]
			return l, nil
		}
		return d.dial()
	}
	put := func(l line) {
		mu.Lock()
		lines = append(lines, l)
		mu.Unlock()
	}
	gap := float64(time.Second) / d.o.rate
	var done sync.WaitGroup
	d.began = time.Now()
	for number := int64(1); number <= d.limit; number++ {
		due := d.began.Add(time.Duration(float64(number-1) * gap))
		if d.isOver(due) {
			break
		}
		time.Sleep(time.Until(due))
		done.Add(1)
		go func() {
			defer done.Done()
			<-idle
			l, err := take()
			made := call{due: due, outcome: "no connection", err: err, took: time.Since(due)}
			if err == nil {
				made = d.pay(l, number, due)
				put(l)
			}
			idle <- struct{}{}
			d.mu.Lock()
			d.calls = append(d.calls, made)
			d.mu.Unlock()
		}()
	}
	done.Wait()
	for _, l := range lines {
		l.close()
	}
	return nil
}

// pay makes one payment, with -retry until it is answered.
func (d *driver) pay(l line, number int64, due time.Time) call {
	// A step without a factor in common with the number of orders would visit all; any spreads them well enough.
	to := &d.o.orders[int(number*7919)%len(d.o.orders)]
	requestID := d.o.run + "-" + strconv.FormatInt(number, 10)
	made := call{due: due, late: time.Since(due)}
	for {
		made.tries++
		made.outcome, made.err = l.pay(requestID, to)
		made.took = time.Since(due)
		if !d.o.retry || made.isFinal() || made.took > d.o.timeout {
			return made
		}
		time.Sleep(retryPause)
	}
}

func (c *call) isFinal() bool {
	return c.err == nil && (c.outcome == "SUCCEEDED" || c.outcome == "DECLINED")
}

func (c *call) name() string {
	if c.err != nil {
		return fmt.Sprintf("failed: %s", strings.TrimSpace(c.err.Error()))
	}
	return c.outcome
}
