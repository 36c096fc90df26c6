/** The sends of one link: those that wait for their turn and those under way. The broker, a time-out or a loss ends each. */
import { setTimeout as sleep } from "node:timers/promises";
import { startDeadline } from "../deadline.js";
import type { Destination } from "../destination.js";
import { MessagingError } from "../errors.js";
import type { Stall } from "../producer.js";
import type { LinkHost } from "./link-host.js";
import { finish, type PendingSend, type SendGroup, SendQueue } from "./send-queue.js";
import { SenderLink } from "./sender-link.js";
import type { Transport } from "./transport.js";

/** Messages of one call that wait encoded; beyond it the others are encoded as their turn comes. */
const MAXIMUM_ENCODED = 1_000;
const SWEEP_MAXIMUM_MS = 1_000;
const SWEEP_MINIMUM_MS = 5;

export interface OutboxLimits {
  /** Sends under way at once. */
  readonly maximumInFlight: number;
  /** Sends that may wait for their turn. */
  readonly maximumWaiting: number;
  readonly sendTimeoutMs: number;
}

export class Outbox {
  readonly #host: LinkHost;
  readonly #destination: Destination | undefined;
  readonly #limits: OutboxLimits;
  readonly #link: SenderLink;
  readonly #waiting = new SendQueue();
  /** Cancels the next look for overdue sends. */
  #sweep: (() => void) | undefined;
  /** While sends wait for a lost transport to be made again: cancels the deadline of that wait. */
  #away: (() => void) | undefined;
  /** The transport has been away for longer than sends wait. */
  #awayTooLong = false;
  #idle: PromiseWithResolvers<void> | undefined;
  #closed: MessagingError | undefined;

  /** @param destination undefined for the anonymous relay */
  constructor(host: LinkHost, destination: Destination | undefined, limits: OutboxLimits) {
    this.#host = host;
    this.#destination = destination;
    this.#limits = limits;
    this.#link = new SenderLink(host, destination, limits.maximumInFlight, {
      sendable: () => this.#pump(),
      failed: (error) => this.#failWaiting(error),
    });
  }

  /** Sends under way or waiting. */
  get pending(): number {
    return this.#link.inFlight + this.#waiting.messages;
  }

  get #isBusy(): boolean {
    return this.#link.inFlight + this.#waiting.length > 0;
  }

  get stall(): Stall | undefined {
    const stall = this.#link.stall(performance.now());
    return stall && { ...stall, address: this.#destination?.address };
  }

  /** Whether so many wait that further messages of one call are better encoded later. */
  get mustPace(): boolean {
    const { length } = this.#waiting;
    // Half of the room is for other calls.
    const room = Math.min(MAXIMUM_ENCODED, this.#limits.maximumWaiting >> 1);
    return length >= room && !(length === 0 && this.#link.sendable);
  }

  /** Whether a send would leave at once, or fail at once and say why. */
  get takesMore(): boolean {
    if (this.#closed !== undefined) return true;
    if (this.#host.transport === undefined) return !this.#waitsOut;
    if (this.#waiting.length === 0 && this.#link.sendable) return true;
    this.#link.attachIfNeeded();
    return false;
  }

  attachIfNeeded(): void {
    this.#link.attachIfNeeded();
  }

  send(send: PendingSend): void {
    // A send that asks for no confirmation does not wait: nobody would learn that it failed.
    const unavailable = this.#unavailable(send.address, send.confirmed);
    if (unavailable !== undefined) {
      finish(send, unavailable);
      return;
    }
    if (this.#waiting.length === 0 && this.#link.trySend(send)) {
      this.#sweepLater();
      return;
    }
    if (this.#waiting.length >= this.#limits.maximumWaiting) {
      finish(send, this.#windowFull(send.address));
      return;
    }
    this.#waiting.push(send);
    this.#sweepLater();
    this.#link.attachIfNeeded();
  }

  /** Takes messages of one call, however many: they wait for each other and not for room. */
  sendGroup(group: SendGroup): void {
    const unavailable = this.#unavailable(undefined, true);
    if (unavailable !== undefined) {
      group.fail(unavailable);
      return;
    }
    this.#waiting.push(group);
    this.#sweepLater();
    this.#link.attachIfNeeded();
    this.#pump();
  }

  /** Resolves when nothing is under way, or after `timeoutMs`. */
  async whenIdle(timeoutMs: number): Promise<void> {
    if (!this.#isBusy) return;
    this.#idle ??= Promise.withResolvers();
    const stop = new AbortController();
    await Promise.race([this.#idle.promise, sleep(timeoutMs, undefined, { signal: stop.signal }).catch(() => {})]);
    stop.abort();
  }

  async restore(transport: Transport): Promise<void> {
    try {
      await this.#link.restore(transport);
    } finally {
      // If this transport was lost meanwhile too, the wait goes on.
      if (transport.lost === undefined) {
        this.#away?.();
        this.#away = undefined;
        this.#awayTooLong = false;
      }
    }
  }

  /** What is under way has an unknown fate; what waits may wait on. */
  lost(error: MessagingError): void {
    this.#link.lost(error);
    if (this.#waitsOut) this.#pump();
    else this.#failWaiting(error);
  }

  /** The connection is over, and with it all that waits and is under way. */
  end(closed: MessagingError): void {
    this.#closed ??= closed;
    this.#link.lost(this.#closed);
    this.#failWaiting(this.#closed);
    this.#sweep?.();
    this.#away?.();
  }

  /** Takes no more from now on. */
  refuse(closed: MessagingError): void {
    this.#closed ??= closed;
  }

  async close(closed: MessagingError): Promise<void> {
    this.#failWaiting(closed);
    await this.#link.close(closed);
    this.#sweep?.();
    this.#away?.();
  }

  #unavailable(address: string | undefined, mayWait: boolean): MessagingError | undefined {
    if (this.#closed !== undefined) return this.#closed;
    if (this.#host.transport !== undefined || (mayWait && this.#waitsOut)) return undefined;
    return this.#host.unavailable(address);
  }

  /** Whether sends wait while there is no transport. The first to ask starts the deadline for that. */
  get #waitsOut(): boolean {
    const { waitForReconnectMs } = this.#host;
    if (waitForReconnectMs === 0 || this.#awayTooLong || this.#closed !== undefined) return false;
    this.#away ??= startDeadline(waitForReconnectMs, () => {
      this.#away = undefined;
      this.#awayTooLong = true;
      this.#failWaiting(this.#host.unavailable(this.#destination?.address));
    });
    return true;
  }

  #pump(): void {
    for (let next = this.#waiting.peek(); next !== undefined; next = this.#waiting.peek()) {
      if (!next.over && !this.#link.trySend(next)) break;
      this.#waiting.shift();
    }
    if (this.#idle !== undefined && !this.#isBusy) {
      this.#idle.resolve();
      this.#idle = undefined;
    }
  }

  #failWaiting(error: MessagingError): void {
    this.#waiting.fail(error);
    this.#pump();
  }

  /** One timer for all sends: a time-out is seen a little late, and a send in time costs no timer. */
  #sweepLater(): void {
    this.#sweep ??= startDeadline(
      Math.min(SWEEP_MAXIMUM_MS, Math.max(SWEEP_MINIMUM_MS, this.#limits.sendTimeoutMs / 4)),
      () => {
        this.#sweep = undefined;
        this.#endOverdue(performance.now());
        this.#pump();
        if (this.#isBusy) this.#sweepLater();
      },
    );
  }

  #endOverdue(now: number): void {
    this.#link.expire(now, (send) => this.#timedOut(send));
    for (let next = this.#waiting.peek(); next !== undefined; next = this.#waiting.peek()) {
      if (!next.over && next.deadline > now) break;
      const { group } = this.#waiting;
      this.#waiting.shift();
      if (next.over) continue;
      const error = this.#timedOut(next);
      finish(next, error);
      // What comes behind it in one call has waited as long.
      group?.fail(error);
    }
  }

  #timedOut({ address, sent }: PendingSend): MessagingError {
    const { sendTimeoutMs } = this.#limits;
    const sentence = sent
      ? `No confirmation from ${address} within ${sendTimeoutMs} ms; the message may have arrived.`
      : `No credit for ${address} within ${sendTimeoutMs} ms; the message was not sent.`;
    return new MessagingError("timed-out", sentence, { destination: address, mayHaveArrived: sent });
  }

  #windowFull(address: string): MessagingError {
    const sentence = `${this.#limits.maximumWaiting} sends wait for ${address} already; send more slowly.`;
    return new MessagingError("window-full", sentence, { destination: address });
  }
}
