/** How every step of the cycle logs and counts what goes wrong with messages. */
import type { ProcessorEvent } from "@quittance/sdk";
import { type Logger, traceIdOf } from "../platform/log.js";
import { serviceMeter } from "../platform/meter.js";
import { PAYMENT_ID, REFUND_ID } from "./payment-id.js";

/** Logs an event of the processor of `step`, with the payment's or refund's id and the trace's where the message has them. */
export function logStepEvent(event: ProcessorEvent, step: string, log: Logger): void {
  // Such events are rare: looking the counter up again costs less than having every service make it.
  serviceMeter()
    .createCounter("quittance.step.events", {
      description: "Events in a step other than a message handled at the first try.",
      unit: "{event}",
    })
    .add(1, { "quittance.step": step, "quittance.event": event.name });
  if (event.name === "retry") {
    log.warn({ step, attempt: event.attempt, delayMs: event.delayMs, size: event.size, err: event.error }, "retry");
    return;
  }
  if (event.name === "breaker") {
    const facts = { step, breaker: event.state.name };
    if (event.state.name === "open") log.warn({ ...facts, err: event.state.cause }, "messages wait in the broker");
    else log.info(facts, event.state.name === "closed" ? "messages are taken" : "some messages are tried");
    return;
  }
  if (event.name !== "dead-letter" && event.name !== "released" && event.name !== "held") return;
  const { messageId, correlationId, traceparent } = event.message;
  // The body may be anything: only a correlation id that looks like one of our ids is taken for one.
  const like = (form: RegExp) => (correlationId !== undefined && form.test(correlationId) ? correlationId : undefined);
  const facts = { step, payment: like(PAYMENT_ID), refund: like(REFUND_ID), messageId, trace: traceIdOf(traceparent) };
  if (event.name === "dead-letter") log.error({ ...facts, reason: event.reason, err: event.error }, "set aside");
  else if (event.name === "released") log.warn({ ...facts, err: event.error }, "released");
  else {
    const { attempt, delayMs, error } = event;
    log.error({ ...facts, attempt, delayMs, err: error }, "held: it fails alone, for a reason that is not known");
  }
}
