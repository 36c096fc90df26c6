/** The message that a dead letter was, to be sent to where it died. */
import { randomUUID } from "node:crypto";
import type { Message, Outgoing, OutgoingProperty } from "../message.js";
import { long } from "../typed-value.js";

/** Audit properties of a replayed message: how often, from which letter, and when (milliseconds since 1970). */
export const REPLAY_COUNT = "replay_count";
const REPLAY_LETTER = "replay_letter";
const REPLAY_TIME = "replay_time";

/** What belongs to the death, and not to the message. */
const LEFT_OUT = /^(?:dead_letter_\w+|redelivery_attempts)$/;

/**
 * The message has a fresh message id, for it is sent again, and no attempts behind it. Properties that are `added` take
 * the place of those that the letter has under the same name.
 */
export function replayedMessage(
  letter: Message,
  added: Readonly<Record<string, OutgoingProperty>> = {},
): Pick<Outgoing, "message"> & { readonly options: Outgoing["options"] } {
  const { traceparent, tracestate } = letter;
  const earlier = Number(letter.properties[REPLAY_COUNT] ?? 0);
  const properties: Record<string, OutgoingProperty> = {
    ...added,
    [REPLAY_COUNT]: (Number.isSafeInteger(earlier) && earlier > 0 ? earlier : 0) + 1,
    [REPLAY_LETTER]: letter.messageId ?? "",
    [REPLAY_TIME]: long(Date.now()),
  };
  return {
    message: {
      ...letter.toOutgoing({ omitProperties: Object.keys(letter.properties).filter((name) => LEFT_OUT.test(name)) }),
      ...(traceparent !== undefined && { traceparent }),
      ...(tracestate !== undefined && { tracestate }),
      messageId: randomUUID(),
      properties,
    },
    options: { deliveryMode: "persistent" },
  };
}
