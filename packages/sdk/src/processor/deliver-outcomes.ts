/** The end of a batch: its outcomes are sent and confirmed, and only then its inputs accepted. */
import { MessagingError } from "../errors.js";
import type { Message } from "../message.js";
import type { Incoming, Outcome } from "../processor.js";
import { sendFailureClass } from "./failure-class.js";
import type { PendingSend } from "./outcome-sender.js";
import { giveBack, setAside } from "./set-aside.js";
import type { Step } from "./step.js";

type Messages = readonly Incoming<unknown>[];

/** Whose outcomes are delivered, and who takes what cannot be. */
export interface Delivery {
  readonly step: Step;
  /** The epoch of the connection in which the messages were received. */
  readonly epoch: number;
  readonly aside: (message: Message, work: Promise<unknown>) => void;
  /** An outcome of this input is refused; the input is not settled. */
  readonly refused: (incoming: Incoming<unknown>, error: unknown) => void;
}

/** Sends until each outcome is confirmed or refused; only what failed is sent again, and the handler is not asked. */
export async function deliverOutcomes(
  delivery: Delivery,
  messages: Messages,
  outcomes: readonly Outcome[],
): Promise<void> {
  const hold = delivery.step.holds.begin("step");
  try {
    await deliverHolding(delivery, messages, outcomes, (waiting, error) => hold.failed(waiting, error));
  } finally {
    hold.end();
  }
}

async function deliverHolding(
  delivery: Delivery,
  messages: Messages,
  outcomes: readonly Outcome[],
  held: (waiting: number, error: unknown) => void,
): Promise<void> {
  const { step, epoch, refused } = delivery;
  const settled = new Array<boolean>(messages.length).fill(false);
  let waiting: readonly PendingSend[] = step.sender.pendingSends(messages, outcomes);
  for (let failures = 1; ; failures += 1) {
    const failed = await step.sender.sendAll(waiting);
    const again: PendingSend[] = [];
    const open = new Set<number>();
    let lastError: unknown;
    for (const { send, error } of failed) {
      if (isLineLost(error)) {
        if (!step.lifecycle.isLost(epoch)) {
          // The news of the loss is still to come, or only the producer is gone: do not spin on what comes again.
          await step.backOff(failures, messages.length, error);
        }
        return leave(messages.filter((_, input) => settled[input] !== true));
      }
      const incoming = messages[send.input];
      if (isSentAgain(step, send, error)) {
        again.push(send);
        open.add(send.input);
        lastError = error;
      } else if (settled[send.input] !== true && incoming !== undefined) {
        settled[send.input] = true;
        refused(incoming, error);
      }
    }
    for (const [input, incoming] of messages.entries()) {
      if (settled[input] !== true && !open.has(input)) {
        settled[input] = true;
        conclude(delivery, incoming, outcomes[input] ?? {});
      }
    }
    waiting = again.filter((send) => settled[send.input] !== true);
    if (waiting.length === 0) return;
    const unsettled = messages.filter((_, input) => settled[input] !== true);
    if (step.lifecycle.phase === "running") {
      held(unsettled.length, lastError);
      await step.backOff(failures, unsettled.length, lastError);
    }
    if (step.lifecycle.isLost(epoch)) return leave(unsettled);
    if (step.lifecycle.phase !== "running") return giveAllBack(step, unsettled, lastError);
  }
}

/** Where order matters those behind it must wait, also for a failure that concerns this one alone. */
function isSentAgain({ settings }: Step, { outgoing }: PendingSend, error: unknown): boolean {
  const errorClass = sendFailureClass(error, outgoing.destination === undefined);
  return errorClass === "transient" || (errorClass === "unknown" && settings.orderedByGroup);
}

/** The persistent messages of this outcome are held by the broker; what remains is cheap, then the input may go. */
function conclude({ step, epoch, aside, refused }: Delivery, incoming: Incoming<unknown>, outcome: Outcome): void {
  const { message } = incoming;
  try {
    step.sender.sendUnconfirmed(outcome, message);
  } catch (error) {
    refused(incoming, error);
    return;
  }
  if (outcome.deadLetter !== undefined) {
    const bad = { message, epoch, reason: outcome.deadLetter, errorClass: "application" } as const;
    aside(message, setAside(step, bad));
    return;
  }
  message.accept();
  step.counts.handled += 1;
}

/** Releases messages without counting the delivery. */
export function giveAllBack(step: Step, messages: Messages, error: unknown): void {
  for (const { message } of messages) {
    giveBack(step, message, error, false);
  }
}

/** The messages come again in any case; where the connection still stands, releasing them makes it soon. */
export function leave(messages: Messages): void {
  for (const { message } of messages) {
    message.release();
  }
}

/** With the connection, the inputs are lost as well: the broker offers them again, and the handler must not count on these. */
function isLineLost(error: unknown): boolean {
  return error instanceof MessagingError && (error.code === "connection-lost" || error.code === "closed");
}
