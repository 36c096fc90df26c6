/**
 * The messages of one session in both directions, in place of rhea's own. rhea's keep at most 2,048 unsettled
 * deliveries, after which the session never sends again (fault 2); join dispositions of different outcomes (fault 1);
 * hold up every link of a session behind one without credit (fault 3); and decode each body (fault 5).
 */

import type { DispositionFields, TransferFields } from "../decode-frames.js";
import { encodeDisposition, TRANSFER_OVERHEAD, type Verdict, writeTransfer } from "../encode-frames.js";
import type { Delivery, DeliveryOutcome, Transaction } from "./backend.js";
import type { RheaFlow, RheaLink, RheaSession } from "./rhea-server.js";

/** Frames that the peer may send before it hears from us. */
const INCOMING_WINDOW = 8_192;
/** Parts of a message larger than this are written as they are rather than copied behind their frame's head. */
const COPIED_BYTES = 16_384;

/** Who acts on what the session's links carry. */
export interface TransferEvents {
  write(bytes: Buffer): void;
  transferred(link: RheaLink, transfer: TransferFields): void;
  /** The peer may be sent more. */
  roomier(): void;
  /** @throws Refusal for an id that no open transaction has. */
  transaction(id: Buffer): Transaction;
}

export class IncomingTransfers {
  readonly window = INCOMING_WINDOW;
  /** rhea's name; the number of the next frame, as both sides count. */
  next_transfer_id: number;
  /** rhea's name; set when it tells the peer of the window. */
  max_transfer_id: number;
  readonly #session: RheaSession;
  readonly #events: TransferEvents;
  /** Deliveries accepted in a row and not yet told. */
  #accepted: { readonly first: number; last: number } | undefined;

  constructor(session: RheaSession, events: TransferEvents) {
    this.#session = session;
    this.#events = events;
    this.next_transfer_id = session.remote.begin.next_outgoing_id;
    this.max_transfer_id = this.next_transfer_id + this.window;
    session.local.begin.incoming_window = this.window;
  }

  transfer(transfer: TransferFields): void {
    this.next_transfer_id++;
    const link = this.#session.remote.handles[transfer.handle];
    if (link === undefined) throw new Error(`a transfer on handle ${transfer.handle}, which is not attached`);
    this.#events.transferred(link, transfer);
    if (this.max_transfer_id - this.next_transfer_id < this.window / 2) this.#session._write_flow();
  }

  /** Says what became of a message; acceptances of a row go together, each as far as the next different word. */
  settle(deliveryId: number, verdict: Verdict): void {
    const waiting = this.#accepted;
    if (verdict === "accepted") {
      if (waiting !== undefined && deliveryId === (waiting.last + 1) >>> 0) {
        waiting.last = deliveryId;
        return;
      }
      this.flush();
      this.#accepted = { first: deliveryId, last: deliveryId };
      return;
    }
    this.flush();
    this.#dispose(deliveryId, deliveryId, verdict);
  }

  /** Sends the acceptances that wait. */
  flush(): void {
    const waiting = this.#accepted;
    if (waiting === undefined) return;
    this.#accepted = undefined;
    this.#dispose(waiting.first, waiting.last, "accepted");
  }

  #dispose(first: number, last: number, verdict: Verdict): void {
    const { channel } = this.#session.local;
    this.#events.write(encodeDisposition({ channel, role: true, settled: true }, first, last, verdict));
  }

  /** rhea asks these of its own; there is nothing to do. */
  process(): void {}
  on_begin(): void {}
  on_flow(): void {}
}

const DELIVERY_FAILED: DeliveryOutcome = { kind: "modified", failed: true, undeliverableHere: false };

/** A message at the peer whose outcome is not known. */
interface Unsettled {
  readonly link: RheaLink;
  readonly delivery: Delivery;
}

interface WaitingFrame {
  readonly link: RheaLink;
  readonly bytes: readonly Buffer[];
}

export class OutgoingTransfers {
  /** rhea asks whether there is room again, to notify senders of its own; there are none. */
  readonly deliveries = { available: () => 1 };
  /** rhea's name; the number of the next frame. */
  next_transfer_id = 0;
  /** rhea's name; this side's window is without limit. */
  readonly window = 0xffff_ffff;
  readonly #session: RheaSession;
  readonly #events: TransferEvents;
  readonly #maximumPayload: number;
  readonly #unsettled = new Map<number, Unsettled>();
  #nextDeliveryId = 0;
  #remoteWindow: number;
  /** Frames of a message that did not fit into the peer's window. */
  #waiting: WaitingFrame[] = [];

  constructor(session: RheaSession, maximumFrameBytes: number, events: TransferEvents) {
    this.#session = session;
    this.#events = events;
    this.#maximumPayload = maximumFrameBytes - TRANSFER_OVERHEAD;
    this.#remoteWindow = session.remote.begin.incoming_window;
  }

  /** Whether a message may go now. */
  get ready(): boolean {
    return this.#remoteWindow > 0 && this.#waiting.length === 0;
  }

  /** Sends the parts as one message. Settled ones are not remembered. */
  send(link: RheaLink, delivery: Delivery, parts: readonly Buffer[], settled: boolean): void {
    const deliveryId = this.#nextDeliveryId;
    this.#nextDeliveryId = (deliveryId + 1) >>> 0;
    if (!settled) this.#unsettled.set(deliveryId, { link, delivery });
    const transfer = { channel: this.#session.local.channel, handle: link.local.handle, deliveryId, settled };
    let length = 0;
    for (const part of parts) length += part.length;
    if (length <= COPIED_BYTES && length <= this.#maximumPayload) {
      const frame = Buffer.allocUnsafe(TRANSFER_OVERHEAD + length);
      writeTransfer(frame, 0, transfer, false, length);
      let at = TRANSFER_OVERHEAD;
      for (const part of parts) at += part.copy(frame, at);
      this.#output({ link, bytes: [frame] });
      return;
    }
    const whole = Buffer.concat(parts, length);
    for (let at = 0; at < length; at += this.#maximumPayload) {
      const payload = whole.subarray(at, at + this.#maximumPayload);
      const head = Buffer.allocUnsafe(TRANSFER_OVERHEAD);
      writeTransfer(head, 0, transfer, at + payload.length < length, payload.length);
      this.#output({ link, bytes: [head, payload] });
    }
  }

  /** Acts on a receiver's word on messages that it was sent. @throws Refusal for a transaction that is not open. */
  dispose({ first, last, settled, outcome }: DispositionFields): void {
    if (typeof outcome === "object" && outcome.kind === "transactional") {
      const transaction = this.#events.transaction(outcome.transaction);
      if (!outcome.accepted) return;
      const claim = settled ? this.#claimSettled : this.#claimKept;
      this.#each(first, last, (id, unsettled) => claim(id, unsettled, transaction));
      if (!settled) this.#say(first, last, false, { within: outcome.transaction });
      return;
    }
    const state = outcome === "none" ? undefined : outcome;
    if (!settled && state === undefined) return;
    this.#each(first, last, (id, { delivery }) => {
      this.#unsettled.delete(id);
      // Settled silently: as the default outcome of JMS clients, the delivery failed.
      delivery.settle(state ?? DELIVERY_FAILED);
    });
    // A receiver that settles second waits until it hears that this side has settled.
    if (!settled) this.#say(first, last, true, "settled");
  }

  readonly #claimSettled = (id: number, { delivery }: Unsettled, transaction: Transaction): void => {
    this.#unsettled.delete(id);
    delivery.acceptWithin(transaction, false);
  };

  /** The delivery is settled when the transaction commits, unless its receiver or its link was faster. */
  readonly #claimKept = (id: number, unsettled: Unsettled, transaction: Transaction): void => {
    unsettled.delivery.acceptWithin(transaction, true);
    const commit = () => {
      if (this.#unsettled.get(id) !== unsettled) return;
      this.#unsettled.delete(id);
      this.#say(id, id, true, "accepted");
    };
    transaction.add({ commit, rollback: () => {} });
  };

  /** A range may be as wide as a peer likes: the work is bounded by what is there. */
  #each(first: number, last: number, act: (id: number, unsettled: Unsettled) => void): void {
    const count = ((last - first) >>> 0) + 1;
    if (count > this.#unsettled.size) {
      for (const [id, unsettled] of [...this.#unsettled]) if ((id - first) >>> 0 < count) act(id, unsettled);
      return;
    }
    for (let index = 0; index < count; index++) {
      const id = (first + index) >>> 0;
      const unsettled = this.#unsettled.get(id);
      if (unsettled !== undefined) act(id, unsettled);
    }
  }

  #say(first: number, last: number, settled: boolean, verdict: Verdict): void {
    const { channel } = this.#session.local;
    this.#events.write(encodeDisposition({ channel, role: false, settled }, first, last, verdict));
  }

  /** Forgets what a link was sent: its backend takes that back by itself. */
  forget(link: RheaLink): void {
    for (const [id, unsettled] of this.#unsettled) if (unsettled.link === link) this.#unsettled.delete(id);
    this.#waiting = this.#waiting.filter((frame) => frame.link !== link);
  }

  #output(frame: WaitingFrame): void {
    if (this.#remoteWindow <= 0 || this.#waiting.length > 0) this.#waiting.push(frame);
    else this.#write(frame);
  }

  #write({ bytes }: WaitingFrame): void {
    this.#remoteWindow--;
    this.next_transfer_id = (this.next_transfer_id + 1) >>> 0;
    for (const part of bytes) this.#events.write(part);
  }

  /** rhea hands the session's part of each flow frame over here. */
  on_flow(flow: RheaFlow): void {
    const onTheirWay = (this.next_transfer_id - (flow.next_incoming_id ?? 0)) >>> 0;
    this.#remoteWindow = flow.incoming_window - onTheirWay;
    const fitting = this.#waiting.splice(0, Math.max(0, this.#remoteWindow));
    for (const frame of fitting) this.#write(frame);
    this.#events.roomier();
  }

  /** rhea asks these of its own; there is nothing to do. */
  process(): void {}
  on_begin(): void {}
}
