/** Messages as an application sends and receives them; the wire form is made in `amqp/`. */
import type { Destination } from "./destination.js";
import type { StandardSchemaV1 } from "./standard-schema.js";
import type { JmsType, JmsTypes, TypedValue } from "./typed-value.js";

/**
 * A property's value as JMS knows it (JMS 3.1, 3.5.4). A whole number travels as int where it fits and as long
 * otherwise, a bigint always as long, a fraction as double; `byte`, `short`, `int`, `long`, `float` and `double` say it
 * exactly.
 */
export type PropertyValue = string | number | bigint | boolean;

/** A property to send: bare, or with the exact type in which it travels. */
export type OutgoingProperty =
  | PropertyValue
  | TypedValue<"byte" | "short" | "int" | "long" | "ulong" | "float" | "double">;

/** An entry of a map or stream body to send (JMS 3.1, 3.11.3): what a property may be, a char, bytes, or null. */
export type OutgoingEntry = PropertyValue | TypedValue | Uint8Array | null;

/** The body of a message to send; the field that is present decides the JMS message type. */
export type OutgoingBody =
  /** A TextMessage with the value's JSON text. */
  | { readonly json: unknown }
  /** A TextMessage. */
  | { readonly text: string }
  /** A BytesMessage. */
  | { readonly bytes: Uint8Array }
  /** A MapMessage: names, none of them empty, with values. */
  | { readonly map: Readonly<Record<string, OutgoingEntry>> }
  /** A StreamMessage: values in order. */
  | { readonly stream: readonly OutgoingEntry[] }
  /**
   * An ObjectMessage: opaque bytes, and what they are. Default content type: `application/x-java-serialized-object`,
   * with which the bytes must be those of Java's serialisation.
   */
  | { readonly object: Uint8Array; readonly contentType?: string }
  /** A Message without a body. */
  | {
      readonly json?: never;
      readonly text?: never;
      readonly bytes?: never;
      readonly map?: never;
      readonly stream?: never;
      readonly object?: never;
    };

/**
 * A message to send: its body, and the headers that belong to the message rather than to the sending of it. A received
 * message may be given as it is, and is sent on with all that it holds: see {@link Message.toOutgoing}.
 */
export type OutgoingMessage = OutgoingBody & {
  /** JMSMessageID without the `ID:` prefix. Default: a fresh unique id. */
  readonly messageId?: string;
  /** JMSCorrelationID. */
  readonly correlationId?: string;
  /** JMSType. */
  readonly type?: string;
  /** JMSReplyTo. A {@link TemporaryQueue} is resolved to its present address when the message is sent. */
  readonly replyTo?: Destination;
  /** JMSXGroupID: messages of one group go to one consumer. */
  readonly groupId?: string;
  /** JMSXGroupSeq: the message's place in its group, 0 to 4,294,967,295. */
  readonly groupSequence?: number;
  /** JMSXUserID, in the sender's words: brokers that vouch for it write their own. */
  readonly userId?: string;
  /**
   * Application properties, readable by selectors. Names are Java identifiers, none a word of the selector language,
   * none a JMSX property that has a field here (JMS 3.1, 3.5.1 and 3.5.9).
   */
  readonly properties?: Readonly<Record<string, OutgoingProperty>>;
  /** W3C trace context of the work that this message belongs to. Default: that of the active OpenTelemetry span. */
  readonly traceparent?: string;
  /** W3C `tracestate` that goes with {@link traceparent}: what tracing systems on the way have to say. */
  readonly tracestate?: string;
};

/** How a message is sent (JMS 3.1, 7.9 and 7.10). */
export interface SendOptions {
  /** JMSPriority, 0 to 9. Default 4. */
  readonly priority?: number;
  /**
   * `persistent` (default): the send is confirmed when the broker holds the message durably.
   * `non-persistent`: the message may be lost when the broker stops.
   */
  readonly deliveryMode?: "persistent" | "non-persistent";
  /** After so many milliseconds the broker drops the message; `Infinity`: never. Default: never. */
  readonly timeToLiveMs?: number;
  /** The broker offers the message to consumers no earlier than so many milliseconds from now. Default 0. */
  readonly deliveryDelayMs?: number;
  /** The broker keeps only the first message with this id on an address, as far as its cache reaches. */
  readonly duplicateId?: string;
  /** Ends the wait for the confirmation; the message may still arrive. */
  readonly signal?: AbortSignal;
}

/** One message and where it goes. */
export interface Outgoing {
  /** Default: the destination of the producer or processor that sends it. */
  readonly destination?: Destination;
  readonly message: OutgoingMessage;
  readonly options?: Omit<SendOptions, "signal">;
}

/**
 * A received message. Its `kind` narrows it: where that is `map`, `message.map` is there. It is unsettled until `accept`,
 * `release` or `reject` is called; further calls do nothing. `console.log` and `JSON.stringify` show its headers and the beginning of its body: mask
 * there what must not be logged.
 */
export type Message = MessageBase & MessageKind;

/** Which body a message of each kind has. */
export type MessageKind =
  /** A TextMessage; `text` is undefined where it was sent as null. */
  | { readonly kind: "text"; readonly bytes: undefined; readonly map: undefined; readonly stream: undefined }
  | {
      readonly kind: "bytes";
      readonly bytes: Uint8Array;
      readonly text: undefined;
      readonly map: undefined;
      readonly stream: undefined;
    }
  | {
      readonly kind: "map";
      readonly map: Readonly<Record<string, unknown>>;
      readonly text: undefined;
      readonly bytes: undefined;
      readonly stream: undefined;
    }
  | {
      readonly kind: "stream";
      readonly stream: readonly unknown[];
      readonly text: undefined;
      readonly bytes: undefined;
      readonly map: undefined;
    }
  /** Without `bytes` it is an AMQP value that JMS has no message for, such as a symbol, a uuid or a list: see `body`. */
  | { readonly kind: "object"; readonly text: undefined; readonly map: undefined; readonly stream: undefined }
  | {
      readonly kind: "message";
      readonly text: undefined;
      readonly bytes: undefined;
      readonly map: undefined;
      readonly stream: undefined;
    };

/** What every received message has. */
export interface MessageBase {
  /** The JMS message type. `object` is opaque bytes of a serialised Java object or an AMQP value of no JMS type. */
  readonly kind: "text" | "bytes" | "map" | "stream" | "object" | "message";
  /**
   * The text of a `text` message, else undefined. Data with a textual content type is read in the character set that it
   * names, UTF-8 by default; what is no text in that set, or in one that is not known, makes a `bytes` message.
   */
  readonly text: string | undefined;
  /** The content of a `bytes` or `object` message, else undefined. */
  readonly bytes: Uint8Array | undefined;
  /** The entries of a `map` message, else undefined. A long is a number where that is exact, else a bigint. */
  readonly map: Readonly<Record<string, unknown>> | undefined;
  /** The values of a `stream` message in order, else undefined. */
  readonly stream: readonly unknown[] | undefined;
  /** AMQP's content type, as for the bytes of an `object` message. */
  readonly contentType: string | undefined;
  /** AMQP's content encoding, such as `gzip`, which is not undone: the message is one of bytes then. */
  readonly contentEncoding: string | undefined;
  /** The body of any message as plain JavaScript values, as the wire had it. */
  readonly body: unknown;
  /**
   * The body of a text message parsed as JSON and, with a schema, validated.
   * @throws MessagingError `invalid-body` when it is not JSON or does not fit; the sentence never holds the body.
   */
  json(): unknown;
  json<S extends StandardSchemaV1>(schema: S): StandardSchemaV1.InferOutput<S>;
  /**
   * One entry of a `map` message by its name, or of a `stream` message by its index, read as a JMS type with JMS's
   * conversions (JMS 3.1, 3.11.3). Undefined when there is none, or when it is null.
   * @throws MessagingError `invalid-body` where JMS has no conversion, or the text is no number.
   */
  getEntry<T extends JmsType>(key: string | number, type: T): JmsTypes[T] | undefined;
  /** The JMS type in which an entry travelled; undefined when there is none, or when it is null. */
  entryType(key: string | number): JmsType | undefined;

  /** JMSMessageID, with its `ID:` prefix; undefined when the sender gave none. */
  readonly messageId: string | undefined;
  readonly correlationId: string | undefined;
  /** JMSType. */
  readonly type: string | undefined;
  /** JMSDestination. */
  readonly destination: Destination;
  readonly replyTo: Destination | undefined;
  /** JMSPriority, 0 to 9. */
  readonly priority: number;
  readonly deliveryMode: "persistent" | "non-persistent";
  /** JMSTimestamp, milliseconds since 1970, 0 when the sender gave none. */
  readonly timestampMs: number;
  /** JMSExpiration, milliseconds since 1970, 0 for never. */
  readonly expirationMs: number;
  readonly groupId: string | undefined;
  /** JMSXGroupSeq. */
  readonly groupSequence: number | undefined;
  /** JMSXUserID. */
  readonly userId: string | undefined;
  /** JMSXDeliveryCount: 1 at the first delivery. */
  readonly deliveryCount: number;
  /**
   * JMSRedelivered: the broker counts an earlier delivery, or this connection handed the message over before. The
   * broker does not count deliveries that were released or cut off. The connection remembers some thousand message ids.
   */
  readonly redelivered: boolean;
  /** Application properties as bare values. */
  readonly properties: Readonly<Record<string, PropertyValue>>;
  /** The same with their types, to be sent on exactly as they came. */
  readonly typedProperties: Readonly<Record<string, OutgoingProperty>>;
  /**
   * One property read as a JMS type with JMS's conversions (JMS 3.1, 3.5.4): `getProperty("amount", "long")` is a
   * bigint. Undefined when there is none.
   * @throws MessagingError `invalid-body` where JMS has no conversion, or the text is no number.
   */
  getProperty<T extends JmsType>(name: string, type: T): JmsTypes[T] | undefined;
  /** The JMS type in which a property travelled; undefined when there is none. */
  propertyType(name: string): JmsType | undefined;
  /** W3C trace context that came with the message, if any. */
  readonly traceparent: string | undefined;
  /** W3C `tracestate` that came with it, if any. */
  readonly tracestate: string | undefined;

  /**
   * The message as it came, to be sent on: its body byte for byte, properties of any name and type, annotations, and
   * content type and encoding. It keeps its message id, user id, group and reply address. Fields given beside it
   * replace its own, and `properties` replace those with the same names:
   * `send({ ...message.toOutgoing(), properties: { hops: 2 } })`.
   *
   * New are where it goes, its timestamp, and, unless the send says otherwise, how long it lives: for what is left.
   * Priority and delivery mode are its own too, unless the send or the producer names others. Its duplicate-detection
   * id stays behind: with it the broker would drop the copy, and say that it was accepted.
   */
  toOutgoing(options?: {
    /** Names of properties that the copy does without [none]. */
    readonly omitProperties?: readonly string[];
  }): OutgoingMessage;

  /** Acknowledges the message: the broker forgets it. */
  accept(): void;
  /** Releases it to the broker, which delivers it again. With `failed` the delivery counts as an attempt [false]. */
  release(options?: { readonly failed?: boolean }): void;
  /** Rejects it: the broker moves it to its dead-letter address at once, or drops it where there is none. */
  reject(reason?: string): void;
}
