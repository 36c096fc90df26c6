import { type InspectOptions, inspect } from "node:util";
import { checkText } from "../arguments.js";
import type { Destination } from "../destination.js";
import { MessagingError } from "../errors.js";
import { placesOf } from "../issue-places.js";
import type { Message, MessageBase, OutgoingMessage, OutgoingProperty, PropertyValue } from "../message.js";
import type { StandardSchemaV1 } from "../standard-schema.js";
import { observeSettle } from "../telemetry/client-operations.js";
import type { JmsType, JmsTypes } from "../typed-value.js";
import type { MessageContent } from "./decode-message.js";
import { describeMessage } from "./describe-message.js";
import type { AcceptedWithin, Rejected } from "./encode-frames.js";
import type { IncomingDelivery } from "./incoming-deliveries.js";
import { type CopyOfReceived, LEFT_OUT, RECEIVED } from "./received-content.js";
import { readAs, typedProperty, typeOf } from "./wire-types.js";

/** What becomes of a received message. */
export type Outcome = "accepted" | "released" | "failed" | "rejected" | AcceptedWithin | Rejected;

/** Where a message goes to be settled: the link that it came from, for as long as that link lives. */
export interface Settler {
  settle(delivery: IncomingDelivery, outcome: Outcome): void;
  /** A message of this id goes back to the broker. */
  givenBack(messageId: string | undefined): void;
  /** Asks the broker for what it has now, and goes on as before. */
  ask(): void;
}

/** A message as it came from a consumer. */
export class ReceivedMessage implements MessageBase {
  readonly [RECEIVED]: MessageContent;
  readonly #delivery: IncomingDelivery;
  #wasSeen = false;
  #settler: Settler | undefined;

  constructor(content: MessageContent, delivery: IncomingDelivery, settler: Settler | undefined) {
    this[RECEIVED] = content;
    this.#delivery = delivery;
    this.#settler = settler;
  }

  /** What the message is to the link that it came from. */
  get delivery(): IncomingDelivery {
    return this.#delivery;
  }

  get kind(): MessageBase["kind"] {
    return this[RECEIVED].kind;
  }
  get text(): string | undefined {
    return this[RECEIVED].text;
  }
  get bytes(): Uint8Array | undefined {
    return this[RECEIVED].bytes;
  }
  get map(): Readonly<Record<string, unknown>> | undefined {
    const { kind, body } = this[RECEIVED];
    if (kind !== "map") return undefined;
    // A sender may say map and send another thing, or nothing: an empty map to JMS.
    return typeof body !== "object" || body === null || Array.isArray(body) || isOpaque(body)
      ? {}
      : (body as Readonly<Record<string, unknown>>);
  }
  get stream(): readonly unknown[] | undefined {
    const { kind, body } = this[RECEIVED];
    if (kind !== "stream") return undefined;
    return Array.isArray(body) ? body : [];
  }
  get contentType(): string | undefined {
    return this[RECEIVED].contentType;
  }
  get contentEncoding(): string | undefined {
    return this[RECEIVED].contentEncoding;
  }
  get body(): unknown {
    return this[RECEIVED].body;
  }
  get messageId(): string | undefined {
    return this[RECEIVED].messageId;
  }
  get correlationId(): string | undefined {
    return this[RECEIVED].correlationId;
  }
  get type(): string | undefined {
    return this[RECEIVED].type;
  }
  get destination(): Destination {
    return this[RECEIVED].destination;
  }
  get replyTo(): Destination | undefined {
    return this[RECEIVED].replyTo;
  }
  get priority(): number {
    return this[RECEIVED].priority;
  }
  get deliveryMode(): MessageBase["deliveryMode"] {
    return this[RECEIVED].durable ? "persistent" : "non-persistent";
  }
  get timestampMs(): number {
    return this[RECEIVED].timestampMs;
  }
  get expirationMs(): number {
    return this[RECEIVED].expirationMs;
  }
  get groupId(): string | undefined {
    return this[RECEIVED].groupId;
  }
  get groupSequence(): number | undefined {
    return this[RECEIVED].groupSequence;
  }
  get userId(): string | undefined {
    return this[RECEIVED].userId;
  }
  get deliveryCount(): number {
    return this[RECEIVED].deliveryCount;
  }
  get redelivered(): boolean {
    return this.#wasSeen || this[RECEIVED].deliveryCount > 1;
  }
  get properties(): Readonly<Record<string, PropertyValue>> {
    return this[RECEIVED].properties;
  }
  get typedProperties(): Readonly<Record<string, OutgoingProperty>> {
    const { properties, propertyTypes } = this[RECEIVED];
    const entries = Object.entries(properties);
    return Object.fromEntries(entries.map(([name, value]) => [name, typedProperty(propertyTypes, name, value)]));
  }
  get traceparent(): string | undefined {
    return this[RECEIVED].traceparent;
  }
  get tracestate(): string | undefined {
    return this[RECEIVED].tracestate;
  }

  json(): unknown;
  json<S extends StandardSchemaV1>(schema: S): StandardSchemaV1.InferOutput<S>;
  json(schema?: StandardSchemaV1): unknown {
    const value = this.#parsed();
    if (schema === undefined) return value;
    const result = schema["~standard"].validate(value);
    if (result instanceof Promise) {
      throw new MessagingError("invalid-argument", "json() takes a schema that validates synchronously.");
    }
    if (result.issues === undefined) return result.value;
    throw this.#invalid(`does not fit its schema at ${placesOf(result.issues)}`);
  }

  getEntry<T extends JmsType>(key: string | number, type: T): JmsTypes[T] | undefined {
    return readAs(`The entry ${key} of the body`, this[RECEIVED].entryTypes, key, this.#entry(key), type);
  }

  entryType(key: string | number): JmsType | undefined {
    return typeOf(this[RECEIVED].entryTypes, key, this.#entry(key));
  }

  getProperty<T extends JmsType>(name: string, type: T): JmsTypes[T] | undefined {
    return readAs(`The property ${name}`, this[RECEIVED].propertyTypes, name, this.#property(name), type);
  }

  propertyType(name: string): JmsType | undefined {
    return typeOf(this[RECEIVED].propertyTypes, name, this.#property(name));
  }

  toOutgoing({ omitProperties = [] }: { readonly omitProperties?: readonly string[] } = {}): OutgoingMessage {
    const copy: CopyOfReceived = { [RECEIVED]: this[RECEIVED], [LEFT_OUT]: omitProperties };
    return copy as OutgoingMessage;
  }

  toJSON(): Readonly<Record<string, unknown>> {
    return describeMessage(this);
  }

  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `Message ${inspect(this.toJSON(), options)}`;
  }

  accept(): void {
    this.#settle("accepted");
  }

  release(options: { readonly failed?: boolean } = {}): void {
    this.#settle(options.failed === true ? "failed" : "released");
  }

  reject(reason?: string): void {
    checkText("The reason of a rejection", reason);
    this.#settle(reason === undefined ? "rejected" : { condition: "amqp:internal-error", description: reason });
  }

  /** Notes that it was handed over before, whatever the broker counts. */
  markSeen(): void {
    this.#wasSeen = true;
  }

  /** The same message delivered once more; this one settles nothing from now on. */
  takeBack(): ReceivedMessage {
    const content = { ...this[RECEIVED], deliveryCount: this[RECEIVED].deliveryCount + 1 };
    const again = new ReceivedMessage(content, this.#delivery, this.#settler);
    this.#settler = undefined;
    return again;
  }

  /**
   * Accepts it if the transaction commits, and returns who settled it: nobody when it is settled already, or cannot be
   * settled there.
   */
  acceptWithin(transaction: Buffer, canSettle: (delivery: IncomingDelivery) => boolean): Settler | undefined {
    const settler = this.#settler;
    if (settler === undefined || !canSettle(this.#delivery)) return undefined;
    this.#settle({ within: transaction });
    return settler;
  }

  #entry(key: string | number): unknown {
    const entries = this.map ?? this.stream;
    return entries !== undefined && Object.hasOwn(entries, key) ? (entries as Record<string, unknown>)[key] : undefined;
  }

  #property(name: string): PropertyValue | undefined {
    const { properties } = this[RECEIVED];
    return Object.hasOwn(properties, name) ? properties[name] : undefined;
  }

  #settle(outcome: Outcome): void {
    const settler = this.#settler;
    if (settler === undefined) return;
    this.#settler = undefined;
    settler.settle(this.#delivery, outcome);
    if (outcome === "released" || outcome === "failed") settler.givenBack(this[RECEIVED].messageId);
    observeSettle(settlementOf(outcome), this);
  }

  #parsed(): unknown {
    const { text, kind, failure } = this[RECEIVED];
    if (failure !== undefined) throw this.#invalid(`could not be decoded: ${failure}`);
    if (text === undefined) throw this.#invalid(`is that of a ${kind} message, not text with JSON`);
    try {
      return JSON.parse(text);
    } catch {
      // The parser's own error quotes the body, which may be secret: it is no cause to pass on.
      throw this.#invalid("is not JSON");
    }
  }

  #invalid(what: string): MessagingError {
    const { messageId, destination } = this[RECEIVED];
    return new MessagingError("invalid-body", `The body of message ${messageId ?? "(without id)"} ${what}.`, {
      destination: destination.address,
    });
  }
}

function settlementOf(outcome: Outcome): "accept" | "release" | "reject" {
  if (outcome === "released" || outcome === "failed") return "release";
  return outcome === "accepted" || (typeof outcome === "object" && "within" in outcome) ? "accept" : "reject";
}

function isOpaque(body: object): boolean {
  return body instanceof Uint8Array || body instanceof Map;
}

/** The same message in the type that applications see, which its `kind` narrows; the getters are as that type says. */
export function narrowed(message: ReceivedMessage): Message {
  return message as MessageBase as Message;
}
