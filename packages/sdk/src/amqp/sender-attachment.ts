/** A producer's link while it is attached: what is in flight on it, and how each send ends. */
import { MessagingError } from "../errors.js";
import type { DeliveryOutcome, DispositionFields } from "./decode-frames.js";
import type { LinkHandle } from "./link-handle.js";
import { rejectionError } from "./map-error.js";
import type { OutgoingDeliveries } from "./outgoing-deliveries.js";
import type { RheaSender } from "./rhea-types.js";
import type { PendingSend } from "./send-queue.js";

/** One life of the link. Deliveries belong to it alone, so none can be taken for one of another life (fault 7). */
export class SenderAttachment {
  readonly handle: LinkHandle<RheaSender>;
  /** By delivery id, in the order of sending. */
  readonly pending = new Map<number, PendingSend>();
  /** The largest message that the broker takes on this link; 0 for any. */
  readonly #maximumBytes: number;
  /** Since when there is no credit; from the attaching on, for a broker may give none at all. */
  starvedSince: number | undefined = performance.now();
  /** When the oldest send was begun that was given up, since the broker answered last. */
  timedOutSince: number | undefined;
  readonly #deliveries: OutgoingDeliveries;
  readonly #sendable: () => void;

  constructor(handle: LinkHandle<RheaSender>, deliveries: OutgoingDeliveries, sendable: () => void) {
    this.handle = handle;
    this.#deliveries = deliveries;
    this.#sendable = sendable;
    const maximum = handle.link.remote.attach?.max_message_size;
    this.#maximumBytes = typeof maximum === "number" ? maximum : 0;
    const roomier = () => {
      if (this.sendable) this.starvedSince = undefined;
      sendable();
    };
    deliveries.listen((disposition) => this.#disposed(disposition), roomier);
    // rhea takes a count that has gone round for one that has not.
    handle.link.on("sender_flow", () => {
      handle.link.credit |= 0;
    });
    handle.link.on("sendable", roomier);
    if (this.sendable) this.starvedSince = undefined;
  }

  get sendable(): boolean {
    return this.handle.open && this.#deliveries.canSend(this.handle.link);
  }

  /** When the oldest send was begun of those that the broker has not answered. */
  get unansweredSince(): number | undefined {
    if (this.timedOutSince !== undefined) return this.timedOutSince;
    for (const send of this.pending.values()) return send.begun;
    return undefined;
  }

  trySend(send: PendingSend): boolean {
    // A broker that is sent more than it takes ends the link, and with it what other sends wait for.
    if (this.#maximumBytes > 0 && send.bytes.length > this.#maximumBytes) {
      complete(send, tooLarge(send, this.#maximumBytes));
      return true;
    }
    if (!this.sendable) {
      this.starvedSince ??= performance.now();
      return false;
    }
    const id = this.#deliveries.send(this.handle.link, send.bytes, !send.confirmed);
    if (send.confirmed) {
      send.sent = true;
      this.pending.set(id, send);
    } else {
      send.over = true;
    }
    return true;
  }

  /** Tells all that is in flight that its fate is unknown. */
  fail(error: MessagingError): void {
    const sends = [...this.pending.values()];
    this.pending.clear();
    for (const send of sends) {
      complete(
        send,
        new MessagingError(error.code, `${error.message} A message for ${send.address} may have arrived.`, {
          destination: send.address,
          mayHaveArrived: true,
          cause: error,
          ...(error.condition !== undefined && { condition: error.condition }),
        }),
      );
    }
  }

  /** The broker's word on messages; a range may be as wide as it likes, and the work is bounded by what is there. */
  #disposed({ first, last, settled, outcome }: DispositionFields): void {
    const said = typeof outcome === "object" && outcome.kind !== "transactional" ? outcome : undefined;
    const width = (last - first) >>> 0;
    this.timedOutSince = undefined;
    if (width >= this.pending.size) {
      for (const id of this.pending.keys()) if ((id - first) >>> 0 <= width) this.#settle(id, said, settled);
    } else {
      for (let index = 0; index <= width; index++) this.#settle((first + index) >>> 0, said, settled);
    }
    this.#sendable();
  }

  #settle(id: number, outcome: DeliveryOutcome | undefined, settled: boolean): void {
    const send = this.pending.get(id);
    if (send === undefined) return;
    if (outcome !== undefined) send.outcome = outcome;
    if (!settled) return;
    this.pending.delete(id);
    if (!send.over) complete(send, errorOf(send));
  }
}

function errorOf({ outcome, address }: PendingSend): MessagingError | undefined {
  switch (outcome?.kind) {
    case "accepted":
      return undefined;
    case "rejected":
      return rejectionError(address, outcome.error);
    case "released":
    case "modified":
      return new MessagingError("released", `The broker gave back a message for ${address} unprocessed.`, {
        destination: address,
      });
    default:
      return new MessagingError("protocol", `The broker settled a message for ${address} without saying how.`, {
        destination: address,
        mayHaveArrived: true,
      });
  }
}

function tooLarge({ address, bytes }: PendingSend, maximum: number): MessagingError {
  const sentence = `A message of ${bytes.length} bytes is too large for ${address}: the broker takes ${maximum}.`;
  return new MessagingError("invalid-argument", sentence, { destination: address });
}

/** Ends a send, once. */
export function complete(send: PendingSend, error: MessagingError | undefined): void {
  if (send.over) return;
  send.over = true;
  send.done(error);
}
