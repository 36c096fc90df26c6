package main

import (
	"math"
	"slices"
	"syscall"
	"time"
)

// report is what is printed. Latencies are in milliseconds.
type report struct {
	Door     string         `json:"door"`
	Calls    int            `json:"calls"`
	Outcomes map[string]int `json:"outcomes"`
	Retries  int            `json:"retries"`
	// StartedAtMs is on the system's clock; Seconds last until the last call was answered.
	StartedAtMs int64              `json:"startedAtMs"`
	Seconds     float64            `json:"seconds"`
	LatencyMs   map[string]float64 `json:"latencyMs"`
	// LateMs says how late calls of an open loop began: waiting for the generator, or for one of its lines.
	LateMs    map[string]float64 `json:"lateMs"`
	Generator usage              `json:"generator"`
	Timeline  *timeline          `json:"timeline,omitempty"`
}

type usage struct {
	CPUMicroseconds int64 `json:"cpuMicroseconds"`
	ContextSwitches int64 `json:"contextSwitches"`
}

// timeline counts, at the end of each step, the calls that had been due and those that had ended.
type timeline struct {
	StepMs int   `json:"stepMs"`
	Due    []int `json:"due"`
	Ended  []int `json:"ended"`
}

const step = 100 * time.Millisecond

func (d *driver) report(end time.Time) (*report, error) {
	r := &report{
		Door: d.o.door, Calls: len(d.calls), Outcomes: map[string]int{},
		StartedAtMs: d.began.UnixMilli(), Seconds: round(end.Sub(d.began).Seconds()),
	}
	took, late := make([]time.Duration, len(d.calls)), make([]time.Duration, len(d.calls))
	for i := range d.calls {
		c := &d.calls[i]
		took[i], late[i] = c.took, c.late
		r.Outcomes[c.name()]++
		r.Retries += max(c.tries-1, 0)
	}
	r.LatencyMs, r.LateMs = quantiles(took), quantiles(late)
	if d.o.timeline {
		r.Timeline = d.timeline(end)
	}
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return nil, err
	}
	r.Generator = usage{
		CPUMicroseconds: (used.Utime.Nano() + used.Stime.Nano()) / 1000,
		ContextSwitches: int64(used.Nvcsw) + int64(used.Nivcsw),
	}
	return r, nil
}

func (d *driver) timeline(end time.Time) *timeline {
	steps := int(end.Sub(d.began)/step) + 1
	t := &timeline{int(step / time.Millisecond), make([]int, steps), make([]int, steps)}
	for _, c := range d.calls {
		due := int(c.due.Sub(d.began) / step)
		ended := int(c.due.Add(c.took).Sub(d.began) / step)
		t.Due[due]++
		t.Ended[min(ended, steps-1)]++
	}
	for i := 1; i < steps; i++ {
		t.Due[i] += t.Due[i-1]
		t.Ended[i] += t.Ended[i-1]
	}
	return t
}

func quantiles(durations []time.Duration) map[string]float64 {
	if len(durations) == 0 {
		return map[string]float64{}
	}
	slices.Sort(durations)
	at := func(part float64) float64 {
		place := int(math.Ceil(part*float64(len(durations)))) - 1
		return round(float64(durations[max(place, 0)]) / float64(time.Millisecond))
	}
	return map[string]float64{"p50": at(0.5), "p90": at(0.9), "p99": at(0.99), "p99.9": at(0.999), "max": at(1)}
}

func round(number float64) float64 { return math.Round(number*100) / 100 }
