/**
 * The messages that a session's one sending link has on their way, in place of rhea's. rhea keeps a ring of them that
 * one unanswered message stops (fault 2), and makes a dozen objects and two events of each.
 */
import type { DispositionFields } from "./decode-frames.js";
import { TRANSFER_OVERHEAD, writeTransfer } from "./encode-frames.js";
import type { RheaTurns } from "./rhea-turns.js";
import type { RheaSender, RheaSession } from "./rhea-types.js";

export class OutgoingDeliveries {
  /** rhea's names, for the flow frames that it writes; its own senders ask whether there is room, and there is. */
  next_transfer_id = 0;
  readonly window = 0xffff_ffff;
  readonly deliveries = { available: () => 1 };
  readonly available = () => 1;
  readonly #session: RheaSession;
  readonly #turns: RheaTurns;
  /** Hears what the broker says of messages. */
  disposed: (disposition: DispositionFields) => void = () => {};
  #roomier: () => void = () => {};
  #nextDeliveryId = 0;
  /** Frames that the broker takes. */
  #remoteWindow = 0;
  #maximumPayload = Number.POSITIVE_INFINITY;
  /** The rest of a message that did not fit the window. */
  #unfinished: { readonly link: RheaSender; readonly id: number; readonly settled: boolean; rest: Buffer } | undefined;

  /** Takes the place of rhea's in a session that has sent nothing yet. */
  constructor(session: RheaSession, turns: RheaTurns) {
    this.#session = session;
    this.#turns = turns;
    session.outgoing = this;
  }

  listen(disposed: (disposition: DispositionFields) => void, roomier: () => void): void {
    this.disposed = disposed;
    this.#roomier = roomier;
  }

  /** Whether a message of the link would leave in this turn. */
  canSend(link: RheaSender): boolean {
    return link.credit > 0 && this.#remoteWindow > 0 && this.#unfinished === undefined;
  }

  /** Sends a message, which {@link canSend} must allow, and returns its delivery id. */
  send(link: RheaSender, bytes: Buffer, settled: boolean): number {
    const id = this.#nextDeliveryId;
    this.#nextDeliveryId = (id + 1) >>> 0;
    link.credit--;
    link.delivery_count++;
    if (bytes.length <= this.#maximumPayload) this.#write(link, { id, settled, more: false, payload: bytes });
    else {
      this.#unfinished = { link, id, settled, rest: bytes };
      this.#goOn();
    }
    this.#turns.schedule();
    return id;
  }

  #goOn(): void {
    const unfinished = this.#unfinished;
    if (unfinished === undefined) return;
    const { link, id, settled } = unfinished;
    while (this.#remoteWindow > 0 && unfinished.rest.length > 0) {
      const payload = unfinished.rest.subarray(0, this.#maximumPayload);
      unfinished.rest = unfinished.rest.subarray(payload.length);
      this.#write(link, { id, settled, more: unfinished.rest.length > 0, payload });
    }
    if (unfinished.rest.length === 0) this.#unfinished = undefined;
  }

  #write(
    link: RheaSender,
    frame: { readonly id: number; readonly settled: boolean; readonly more: boolean; readonly payload: Buffer },
  ): void {
    const { id: deliveryId, settled, more, payload } = frame;
    this.#remoteWindow--;
    this.next_transfer_id = (this.next_transfer_id + 1) >>> 0;
    const { output } = this.#turns;
    const at = output.reserve(TRANSFER_OVERHEAD + payload.length);
    const { buffer } = output;
    const transfer = { channel: this.#session.local.channel, handle: link.local.handle, deliveryId, settled };
    writeTransfer(buffer, at, transfer, more, payload.length);
    buffer.set(payload, at + TRANSFER_OVERHEAD);
  }

  /** rhea hands the session's part of each begin and flow frame over here. */
  on_begin({ incoming_window: window }: { readonly incoming_window: number }): void {
    this.#remoteWindow = window;
    const maximum = this.#session.connection.max_frame_size;
    if (typeof maximum === "number" && maximum > 2 * TRANSFER_OVERHEAD) {
      this.#maximumPayload = maximum - TRANSFER_OVERHEAD;
    }
  }

  on_flow(flow: { readonly next_incoming_id?: number | null; readonly incoming_window: number }): void {
    // A flow without the first field comes before the broker knows of our begin: it has counted nothing yet.
    const onTheirWay = (this.next_transfer_id - (flow.next_incoming_id ?? 0)) >>> 0;
    this.#remoteWindow = flow.incoming_window - onTheirWay;
    if (this.#unfinished !== undefined) {
      this.#goOn();
      this.#turns.schedule();
    }
    this.#roomier();
  }

  /** rhea asks this in each of its turns; there is nothing to do. */
  process(): void {}
}
