/** Messages in the simulated broker, and as a consumer sees them. */
import {
  type Destination,
  type Message,
  MessagingError,
  type OutgoingMessage,
  type OutgoingProperty,
  type SendOptions,
} from "@quittance/sdk";

/** A message as the broker holds it. */
export interface StoredMessage {
  /** Names it in the story: what it is about, and its number. */
  readonly label: string;
  readonly messageId: string;
  readonly destination: Destination;
  readonly text: string;
  readonly persistent: boolean;
  readonly priority: number;
  readonly content: Pick<OutgoingMessage, "correlationId" | "type" | "replyTo" | "traceparent" | "properties">;
  readonly duplicateId: string | undefined;
  /** It is held back for so long. */
  readonly deliveryDelayMs: number;
  /** Deliveries so far that count as attempts. */
  attempts: number;
  redelivered: boolean;
}

/** How a consumer settles a message. */
export interface Settlement {
  accept(): void;
  release(failed: boolean): void;
}

export function storedMessage(
  number: number,
  destination: Destination,
  message: OutgoingMessage,
  options: SendOptions,
): StoredMessage {
  const text = textOf(message);
  const { correlationId, type, replyTo, traceparent, properties } = message;
  return {
    label: `${destination.address.slice(0, 20)}#${number}`,
    messageId: `ID:${number}`,
    destination,
    text,
    persistent: options.deliveryMode !== "non-persistent",
    priority: options.priority ?? 4,
    content: {
      ...(correlationId !== undefined && { correlationId }),
      ...(type !== undefined && { type }),
      // A temporary queue is resolved to its present address when the message is sent.
      ...(replyTo !== undefined && { replyTo: { kind: replyTo.kind, address: replyTo.address } }),
      ...(traceparent !== undefined && { traceparent }),
      ...(properties !== undefined && { properties }),
    },
    duplicateId: options.duplicateId,
    deliveryDelayMs: options.deliveryDelayMs ?? 0,
    attempts: 0,
    redelivered: false,
  };
}

/** Properties as they are received: without the types in which they may have been sent. */
function bareProperties(sent: OutgoingMessage["properties"] = {}): Message["properties"] {
  const bare = (value: OutgoingProperty) => (typeof value === "object" ? value.value : value);
  return Object.fromEntries(Object.entries(sent).map(([name, value]) => [name, bare(value)]));
}

function textOf(message: OutgoingMessage): string {
  if ("text" in message && message.text !== undefined) return message.text;
  if ("json" in message && message.json !== undefined) return JSON.stringify(message.json);
  throw new MessagingError("not-supported", "The simulated broker carries text alone.");
}

/** What a message of this system has: JSON in a text message. What it never has is undefined or empty. */
export function receivedMessage(stored: StoredMessage, settlement: Settlement): Message {
  let settled = false;
  const once = (settle: () => void) => {
    if (!settled) settle();
    settled = true;
  };
  const body: unknown = JSON.parse(stored.text);
  const json = ((schema?: Parameters<Message["json"]>[0]) => {
    if (schema === undefined) return body;
    const result = schema["~standard"].validate(body);
    if (result instanceof Promise || result.issues !== undefined) {
      throw new MessagingError("invalid-body", "The body does not fit the schema.");
    }
    return result.value;
  }) as Message["json"];
  return {
    kind: "text",
    text: stored.text,
    bytes: undefined,
    map: undefined,
    stream: undefined,
    contentType: undefined,
    contentEncoding: undefined,
    body: stored.text,
    json,
    getEntry: () => undefined,
    entryType: () => undefined,
    messageId: stored.messageId,
    correlationId: stored.content.correlationId,
    type: stored.content.type,
    destination: stored.destination,
    replyTo: stored.content.replyTo,
    priority: stored.priority,
    deliveryMode: stored.persistent ? "persistent" : "non-persistent",
    timestampMs: 0,
    expirationMs: 0,
    groupId: undefined,
    groupSequence: undefined,
    userId: undefined,
    deliveryCount: stored.attempts + 1,
    redelivered: stored.redelivered,
    properties: bareProperties(stored.content.properties),
    typedProperties: stored.content.properties ?? {},
    getProperty: () => undefined,
    propertyType: () => undefined,
    traceparent: stored.content.traceparent,
    tracestate: undefined,
    toOutgoing: () => ({ ...stored.content, text: stored.text, messageId: stored.messageId }),
    accept: () => once(() => settlement.accept()),
    release: (options) => once(() => settlement.release(options?.failed ?? false)),
    reject: () => once(() => settlement.release(true)),
  };
}
