/** What the names in a selector stand for: JMS header fields, annotations, and application properties. */
import { correlationIdText, messageIdText } from "../../amqp/message-ids.js";
import type { TypedValue } from "./message-sections.js";
import { InvalidSelector } from "./selector-tokens.js";
import type { SelectorValue } from "./selector-values.js";
import type { StoredMessage } from "./stored-message.js";

export type ValueReader = (message: StoredMessage) => SelectorValue;

/** Artemis's prefix for message annotations, which needs quotes: `"m.x-opt-foo"`. */
const ANNOTATION_PREFIX = "m.";

const HEADERS: Readonly<Record<string, ValueReader>> = {
  JMSDeliveryMode: (message) => (message.durable ? "PERSISTENT" : "NON_PERSISTENT"),
  JMSPriority: (message) => BigInt(message.priority),
  JMSMessageID: (message) => idText(message.property("messageId"), messageIdText),
  JMSCorrelationID: (message) => idText(message.property("correlationId"), correlationIdText),
  JMSTimestamp: (message) => selectorValue(message.property("creationTime")) ?? 0n,
  JMSType: (message) => selectorValue(message.property("subject")),
  JMSXGroupID: (message) => message.groupId ?? null,
  JMSXGroupSeq: (message) => selectorValue(message.property("groupSequence")),
  JMSXUserID: (message) => {
    const user = message.property("userId")?.value;
    return Buffer.isBuffer(user) ? user.toString("utf8") : null;
  },
  AMQSize: (message) => BigInt(message.bytes.length),
};

/** Header fields that JMS keeps out of selectors (3.8.1.1), and those that Artemis silently leaves unknown. */
const REFUSED: ReadonlySet<string> = new Set([
  "JMSDestination",
  "JMSReplyTo",
  "JMSExpiration",
  "JMSRedelivered",
  "JMSDeliveryTime",
  "JMSXDeliveryCount",
]);

/** @throws InvalidSelector */
export function readerOf(name: string): ValueReader {
  if (REFUSED.has(name)) throw new InvalidSelector(`${name} cannot be used in a selector.`);
  const header = Object.hasOwn(HEADERS, name) ? HEADERS[name] : undefined;
  if (header !== undefined) return header;
  if (name.startsWith(ANNOTATION_PREFIX)) {
    const annotation = name.slice(ANNOTATION_PREFIX.length);
    return (message) => selectorValue(message.annotation(annotation));
  }
  return (message) => selectorValue(message.applicationProperty(name));
}

function idText(typed: TypedValue | undefined, toText: typeof messageIdText): SelectorValue {
  return typed === undefined ? null : (toText(typed.code, typed.value) ?? null);
}

/** Types that JMS properties do not have are unknown. */
function selectorValue(typed: TypedValue | undefined): SelectorValue {
  if (typed === undefined) return null;
  const { code, value } = typed;
  switch (typeof value) {
    case "boolean":
    case "bigint":
      return value;
    case "number":
      // Float and double are approximate, every other number is exact.
      return code === 0x72 || code === 0x82 ? value : BigInt(value);
    case "string":
      return code === 0x98 ? null : value;
    default:
      return null;
  }
}
