/**
 * The messages that a session's one receiving link was sent and has not settled, in place of rhea's. rhea frees their
 * places in order only, so that one long in the making stops the session; joins different outcomes (fault 1); and
 * decodes bodies while it reads the frame, so that a bad one ends the connection (fault 5).
 */
import { type DispositionFields, decodeTransfer, type TransferFields } from "./decode-frames.js";
import { encodeDisposition, type Verdict } from "./encode-frames.js";
import type { RheaTurns } from "./rhea-turns.js";
import type { RheaLink, RheaReceiver, RheaSession } from "./rhea-types.js";

/** A message that was received, as its session knows it. */
export interface IncomingDelivery {
  readonly id: number;
  readonly link: RheaLink;
  /** Whether the broker has settled it, so that nobody waits for its outcome. */
  settledByBroker: boolean;
}

type Received = (payload: Buffer, delivery: IncomingDelivery) => void;

export class IncomingDeliveries {
  /** rhea's names: the number of the next frame, and the last that the broker was told it may send. */
  next_transfer_id = 0;
  max_transfer_id: number;
  readonly #session: RheaSession;
  readonly #turns: RheaTurns;
  readonly #capacity: number;
  readonly #unsettled = new Map<number, IncomingDelivery>();
  #received: Received = () => {};
  #nextDeliveryId: number | undefined;
  #unfinished: { readonly delivery: IncomingDelivery; readonly parts: Buffer[] } | undefined;
  /** Deliveries accepted in a row and not yet told. */
  #accepted: { readonly first: number; last: number } | undefined;
  /** The link whose credit the broker is to be told. */
  #credited: RheaReceiver | undefined;
  #isPutOff = false;

  /** Takes the place of rhea's in a session that has sent nothing yet. */
  constructor(session: RheaSession, turns: RheaTurns, capacity: number) {
    this.#session = session;
    this.#turns = turns;
    this.#capacity = capacity;
    this.max_transfer_id = capacity;
    session.incoming = this;
  }

  /** rhea's name: frames that the broker may send. */
  get window(): number {
    return Math.max(0, this.#capacity - this.#unsettled.size);
  }

  listen(received: Received): void {
    this.#received = received;
  }

  /** @throws DecodeError, and for what a broker must not send */
  take(frame: Buffer): void {
    const transfer = decodeTransfer(frame);
    const link = this.#session.remote.handles[transfer.handle];
    if (link?.is_receiver() !== true || !link.is_remote_open())
      throw new Error("A message on a link that is not open.");
    this.next_transfer_id++;
    if (this.#unfinished !== undefined || transfer.more || transfer.aborted) this.#collect(link, transfer);
    else this.#arrived(link, this.#begin(link, transfer), transfer.payload);
    if (this.max_transfer_id - this.next_transfer_id < this.window / 2) this.#putOffFlush();
  }

  #begin(link: RheaLink, { deliveryId: id, settled }: TransferFields): IncomingDelivery {
    if (id === undefined || id !== (this.#nextDeliveryId ?? id)) {
      throw new Error(`Delivery ${id} came where ${this.#nextDeliveryId} was expected.`);
    }
    this.#nextDeliveryId = (id + 1) >>> 0;
    return { id, link, settledByBroker: settled };
  }

  #collect(link: RheaLink, transfer: TransferFields): void {
    this.#unfinished ??= { delivery: this.#begin(link, transfer), parts: [] };
    const { delivery, parts } = this.#unfinished;
    if (transfer.deliveryId !== undefined && transfer.deliveryId !== delivery.id) {
      throw new Error(`Delivery ${transfer.deliveryId} begins before ${delivery.id} is complete.`);
    }
    parts.push(transfer.payload);
    if (transfer.settled) delivery.settledByBroker = true;
    if (transfer.more && !transfer.aborted) return;
    this.#unfinished = undefined;
    if (transfer.aborted) useCredit(link);
    else this.#arrived(link, delivery, Buffer.concat(parts));
  }

  #arrived(link: RheaLink, delivery: IncomingDelivery, payload: Buffer): void {
    useCredit(link);
    this.#unsettled.set(delivery.id, delivery);
    this.#received(payload, delivery);
  }

  /** Settles a message. Acceptances of a row go together, each as far as the next different word. */
  settle(delivery: IncomingDelivery, verdict: Verdict): void {
    const { id } = delivery;
    if (!this.#unsettled.delete(id) || delivery.settledByBroker) return;
    const waiting = this.#accepted;
    if (verdict !== "accepted") {
      this.#sayAccepted();
      this.#say(id, id, verdict);
    } else if (waiting !== undefined && id === (waiting.last + 1) >>> 0) {
      waiting.last = id;
    } else {
      this.#sayAccepted();
      this.#accepted = { first: id, last: id };
    }
    this.#putOffFlush();
  }

  /** Gives the link more credit. The broker is told once a turn. */
  addCredit(link: RheaReceiver, credit: number): void {
    link.credit += credit;
    this.#credited = link;
    this.#putOffFlush();
  }

  /** The broker got the link's credit in another way. */
  forgetCredit(): void {
    this.#credited = undefined;
  }

  /** The broker's own word on messages that it sent: it has settled them. */
  disposed({ first, last, settled }: DispositionFields): void {
    if (!settled) return;
    const width = (last - first) >>> 0;
    for (const [id, delivery] of this.#unsettled) if ((id - first) >>> 0 <= width) delivery.settledByBroker = true;
  }

  flush(): void {
    this.#isPutOff = false;
    this.#sayAccepted();
    const link = this.#credited;
    this.#credited = undefined;
    if (link?.is_open() === true) this.#session._write_flow(link);
    else if (this.max_transfer_id - this.next_transfer_id < this.window / 2) this.#session._write_flow();
  }

  #putOffFlush(): void {
    if (this.#isPutOff) return;
    this.#isPutOff = true;
    this.#turns.putOff(this);
  }

  #sayAccepted(): void {
    const waiting = this.#accepted;
    if (waiting === undefined) return;
    this.#accepted = undefined;
    this.#say(waiting.first, waiting.last, "accepted");
  }

  #say(first: number, last: number, verdict: Verdict): void {
    const { channel } = this.#session.local;
    this.#turns.output.append(encodeDisposition({ channel, role: true, settled: true }, first, last, verdict));
  }

  /** rhea hands the session's part of the begin frame over here. */
  on_begin({ next_outgoing_id: next }: { readonly next_outgoing_id: number }): void {
    this.next_transfer_id = next;
    this.max_transfer_id = next + this.window;
  }

  /** rhea asks these of its own; there is nothing to do. */
  on_flow(): void {}
  process(): void {}
}

/** A message has used up credit, were it broken off or not (AMQP 1.0, 2.6.7). */
function useCredit(link: RheaLink): void {
  // What was on its way when the credit was taken back has none to use up.
  if (link.credit > 0) link.credit--;
  link.delivery_count = (link.delivery_count + 1) >>> 0;
}
