/**
 * How every message of the system is made: JSON in a text message, with JMSType, JMSCorrelationID, the reply address and
 * the trace that it passes on, a duplicate-detection id that is the same for the same input, and the proof of its writer.
 */
import type { Destination, Message, Outgoing, OutgoingMessage, OutgoingProperty } from "@quittance/sdk";
import { type Logger, traceIdOf } from "../platform/log.js";
import { serviceMeter } from "../platform/meter.js";
import { END_PROPERTIES, type MessageKind } from "../topology/channel-table.js";
import type { ServiceName } from "../topology/system-table.js";
import type { MessageKeys } from "./message-keys.js";
import { channelOf, MESSAGE_KINDS } from "./message-kinds.js";
import { MessageSignatures } from "./message-signature.js";
import { ALL_CHANNELS, deadLetterAddress, destinationOf } from "./queue-map.js";

/** The headers of a message that answers no other. */
export interface EnvelopeHeaders {
  /** The payment's or the refund's id. A request has none here: `Connection.request` gives it one. */
  readonly correlationId?: string;
  readonly traceparent?: string;
  readonly tracestate?: string;
  /** Where the answer is to go. */
  readonly replyTo?: Destination;
  /** Properties that selectors read. */
  readonly properties?: Readonly<Record<string, OutgoingProperty>>;
}

/** What an outcome owes to the message that it follows from. */
export interface EnvelopeOrigin {
  /** The payment's or the refund's id. */
  readonly correlationId: string;
  readonly input: Message;
}

/** No service may be made to write there by a reply address that somebody made up. */
const OWN_ADDRESSES: ReadonlySet<string> = new Set(
  ALL_CHANNELS.flatMap((channel) => [channel.address, deadLetterAddress(channel)]),
);

/** Properties that belong to one sending of a message. */
const NOT_COPIED: ReadonlySet<string> = new Set(["_AMQ_DUPL_ID", "traceparent", "tracestate"]);

/** Makes the messages of one service, signed, and tells whether those that it reads are signed. */
export class Envelopes extends MessageSignatures {
  readonly #log: Pick<Logger, "warn"> | undefined;
  readonly #refusedAddresses = serviceMeter().createCounter("quittance.reply_addresses.refused", {
    description: "Messages that named a reply address that is no temporary queue: nothing is sent there.",
    unit: "{message}",
  });

  /** @param log called with reply addresses that are refused [none]. */
  constructor(service: ServiceName, keys: MessageKeys, log?: Pick<Logger, "warn">) {
    super(service, keys);
    this.#log = log;
  }

  /** A message with headers of its own. */
  message(kind: MessageKind, body: object, headers: EnvelopeHeaders): OutgoingMessage {
    const text = JSON.stringify(body);
    if (MESSAGE_KINDS[kind].proof === "seal") return { ...headers, text, type: kind };
    const signatures = this.sign(kind, text, headers.correlationId);
    return { ...headers, text, type: kind, properties: { ...headers.properties, ...signatures } };
  }

  /** The answer to a request. `Connection.respond` sends it, and gives it the correlation id that is signed here. */
  answer(kind: MessageKind, body: object, request: Message): OutgoingMessage {
    const correlationId = request.correlationId ?? request.messageId;
    return this.message(kind, body, { ...(correlationId !== undefined && { correlationId }) });
  }

  /**
   * The outcome of a message: it passes on who waits, and the processor passes on the trace. The same input handled
   * again gives the same duplicate-detection id, so that the broker may drop the second. Another request for the same
   * payment or refund is another input: it carries the reply address of another caller, and must get through.
   */
  outcome(kind: MessageKind, body: object, { correlationId, input }: EnvelopeOrigin): Outgoing {
    const replyTo = this.replyAddressOf(input, correlationId);
    return {
      message: this.message(kind, body, { correlationId, ...(replyTo !== undefined && { replyTo }) }),
      options: { duplicateId: input.messageId ?? `${correlationId}:${replyTo?.address ?? ""}` },
    };
  }

  /**
   * A message once more, as its writer made it, to be delivered later: for a reader to whom it came too early. There is
   * no duplicate-detection id, for a copy that the broker took for an earlier one would be lost.
   */
  again(
    input: Message,
    later: { readonly delayMs: number; readonly properties: EnvelopeHeaders["properties"] },
  ): Outgoing {
    const { text = "", type, correlationId, traceparent, tracestate, deliveryMode, priority } = input;
    const replyTo = this.replyAddressOf(input);
    const kept = Object.entries(input.typedProperties).filter(([name]) => !NOT_COPIED.has(name));
    return {
      destination: input.destination,
      message: {
        text,
        properties: { ...Object.fromEntries(kept), ...later.properties },
        ...(type !== undefined && { type }),
        ...(correlationId !== undefined && { correlationId }),
        ...(replyTo !== undefined && { replyTo }),
        ...(traceparent !== undefined && { traceparent }),
        ...(tracestate !== undefined && { tracestate }),
      },
      options: { deliveryMode, priority, deliveryDelayMs: later.delayMs },
    };
  }

  /**
   * The end of a payment or a refund, for the processor's own destination. It is made of what is committed, and however
   * often its input comes it has one duplicate-detection id: what the broker drops was told.
   */
  end(kind: Extract<MessageKind, `${string}-end`>, body: object, id: string): Outgoing {
    return {
      message: this.message(kind, body, { correlationId: id, properties: END_PROPERTIES }),
      options: { duplicateId: `end:${id}` },
    };
  }

  /**
   * A volatile answer to the gateway whose caller waits, for it can be read again. One about several payments or refunds
   * has no correlation id.
   * @param destination what {@link replyAddressOf} gave.
   */
  reply(kind: MessageKind, body: object, destination: Destination, correlationId?: string): Outgoing {
    return {
      destination,
      message: this.message(kind, body, { ...(correlationId !== undefined && { correlationId }) }),
      options: { deliveryMode: "non-persistent" },
    };
  }

  /** Where the answer to a message goes; undefined when nobody waits, or where it may not go, which is told. */
  replyAddressOf(input: Pick<Message, "replyTo" | "traceparent">, about?: string): Destination | undefined {
    const { replyTo } = input;
    if (replyTo === undefined) return undefined;
    const allowed = replyAddressOf(input);
    if (allowed === undefined) {
      this.#refusedAddresses.add(1);
      // The address is its writer's text, and is repeated only where it is one of ours.
      const address = systemAddressOf(replyTo);
      this.#log?.warn(
        { about, trace: traceIdOf(input.traceparent), kind: replyTo.kind, address },
        "reply address refused",
      );
    }
    return allowed;
  }

  /** What is published on the channel of its kind beside the outcome of a step, volatile where the channel is. */
  publication(kind: MessageKind, body: object, headers: EnvelopeHeaders): Outgoing {
    const channel = channelOf(kind);
    const { deliveryMode, priority } = channel;
    return {
      destination: destinationOf(channel),
      message: this.message(kind, body, headers),
      options: { deliveryMode, priority },
    };
  }
}

/** Where the answer to a message may go: a temporary queue, and nothing else that somebody may have named. */
export function replyAddressOf({ replyTo }: Pick<Message, "replyTo">): Destination | undefined {
  return replyTo?.kind === "temporary-queue" && systemAddressOf(replyTo) === undefined ? replyTo : undefined;
}

/** The address of the system that a destination is, by whatever kind. */
function systemAddressOf(destination: Destination): string | undefined {
  const address = addressOf(destination);
  return OWN_ADDRESSES.has(address) ? address : undefined;
}

/** Without the queue that Artemis lets one name behind the address. */
function addressOf({ address }: Destination): string {
  return address.split("::", 1)[0] ?? address;
}
