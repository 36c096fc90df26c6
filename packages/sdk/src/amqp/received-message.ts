import type { Destination } from "../destination.js";
import { MessagingError } from "../errors.js";
import type { Message, OutgoingProperty, PropertyValue } from "../message.js";
import type { StandardSchemaV1 } from "../standard-schema.js";
import { observeSettle } from "../telemetry/client-operations.js";
import type { JmsType, JmsTypes } from "../typed-value.js";
import type { MessageContent } from "./decode-message.js";
import type { AcceptedWithin, Rejected } from "./encode-frames.js";
import type { IncomingDelivery } from "./incoming-deliveries.js";
import { readAs, typedProperty, typeOf } from "./wire-types.js";

/** What becomes of a received message. */
export type Outcome = "accepted" | "released" | "failed" | "rejected" | AcceptedWithin | Rejected;

/** Where a message goes to be settled: the link that it came from, for as long as that link lives. */
export interface Settler {
  settle(delivery: IncomingDelivery, outcome: Outcome): void;
  /** Asks the broker for what it has now, and goes on as before. */
  ask(): void;
}

const SHOWN_ISSUES = 5;
/** A message as it came from a consumer. */
export class ReceivedMessage implements Message {
  readonly #content: MessageContent;
  readonly #delivery: IncomingDelivery;
  #settler: Settler | undefined;

  constructor(content: MessageContent, delivery: IncomingDelivery, settler: Settler | undefined) {
    this.#content = content;
    this.#delivery = delivery;
    this.#settler = settler;
  }

  /** What the message is to the link that it came from. */
  get delivery(): IncomingDelivery {
    return this.#delivery;
  }

  get kind(): Message["kind"] {
    return this.#content.kind;
  }
  get text(): string | undefined {
    return this.#content.text;
  }
  get bytes(): Uint8Array | undefined {
    return this.#content.bytes;
  }
  get map(): Readonly<Record<string, unknown>> | undefined {
    const { kind, body } = this.#content;
    if (kind !== "map") return undefined;
    // A sender may say map and send another thing, or nothing: an empty map to JMS.
    return typeof body !== "object" || body === null || Array.isArray(body) || isOpaque(body)
      ? {}
      : (body as Readonly<Record<string, unknown>>);
  }
  get stream(): readonly unknown[] | undefined {
    const { kind, body } = this.#content;
    if (kind !== "stream") return undefined;
    return Array.isArray(body) ? body : [];
  }
  get contentType(): string | undefined {
    return this.#content.contentType;
  }
  get body(): unknown {
    return this.#content.body;
  }
  get messageId(): string | undefined {
    return this.#content.messageId;
  }
  get correlationId(): string | undefined {
    return this.#content.correlationId;
  }
  get type(): string | undefined {
    return this.#content.type;
  }
  get destination(): Destination {
    return this.#content.destination;
  }
  get replyTo(): Destination | undefined {
    return this.#content.replyTo;
  }
  get priority(): number {
    return this.#content.priority;
  }
  get deliveryMode(): Message["deliveryMode"] {
    return this.#content.durable ? "persistent" : "non-persistent";
  }
  get timestampMs(): number {
    return this.#content.timestampMs;
  }
  get expirationMs(): number {
    return this.#content.expirationMs;
  }
  get groupId(): string | undefined {
    return this.#content.groupId;
  }
  get groupSequence(): number | undefined {
    return this.#content.groupSequence;
  }
  get userId(): string | undefined {
    return this.#content.userId;
  }
  get deliveryCount(): number {
    return this.#content.deliveryCount;
  }
  get redelivered(): boolean {
    return this.#content.deliveryCount > 1;
  }
  get properties(): Readonly<Record<string, PropertyValue>> {
    return this.#content.properties;
  }
  get typedProperties(): Readonly<Record<string, OutgoingProperty>> {
    const { properties, propertyTypes } = this.#content;
    const entries = Object.entries(properties);
    return Object.fromEntries(entries.map(([name, value]) => [name, typedProperty(propertyTypes, name, value)]));
  }
  get traceparent(): string | undefined {
    return this.#content.traceparent;
  }
  get tracestate(): string | undefined {
    return this.#content.tracestate;
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
    return readAs(`The entry ${key} of the body`, this.#content.entryTypes, key, this.#entry(key), type);
  }

  entryType(key: string | number): JmsType | undefined {
    return typeOf(this.#content.entryTypes, key, this.#entry(key));
  }

  getProperty<T extends JmsType>(name: string, type: T): JmsTypes[T] | undefined {
    return readAs(`The property ${name}`, this.#content.propertyTypes, name, this.#property(name), type);
  }

  propertyType(name: string): JmsType | undefined {
    return typeOf(this.#content.propertyTypes, name, this.#property(name));
  }

  accept(): void {
    this.#settle("accepted");
  }

  release(options: { readonly failed?: boolean } = {}): void {
    this.#settle(options.failed === true ? "failed" : "released");
  }

  reject(reason?: string): void {
    this.#settle(reason === undefined ? "rejected" : { condition: "amqp:internal-error", description: reason });
  }

  /** The same message delivered once more; this one settles nothing from now on. */
  takeBack(): ReceivedMessage {
    const content = { ...this.#content, deliveryCount: this.#content.deliveryCount + 1 };
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
    const { properties } = this.#content;
    return Object.hasOwn(properties, name) ? properties[name] : undefined;
  }

  #settle(outcome: Outcome): void {
    const settler = this.#settler;
    if (settler === undefined) return;
    this.#settler = undefined;
    settler.settle(this.#delivery, outcome);
    observeSettle(settlementOf(outcome), this);
  }

  #parsed(): unknown {
    const { text, kind, failure } = this.#content;
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
    const { messageId, destination } = this.#content;
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

/** Paths only: an issue's own sentence may quote the body. */
function placesOf(issues: readonly StandardSchemaV1.Issue[]): string {
  const places = issues.slice(0, SHOWN_ISSUES).map(({ path }) => {
    if (path === undefined || path.length === 0) return "its root";
    return path.map((step) => String(typeof step === "object" ? step.key : step)).join(".");
  });
  const more = issues.length - places.length;
  return places.join(", ") + (more > 0 ? ` and ${more} more` : "");
}
