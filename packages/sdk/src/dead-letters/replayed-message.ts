/** The message that a dead letter was, to be sent to where it died. */
import { createHash } from "node:crypto";
import type { Message, Outgoing, OutgoingProperty } from "../message.js";
import { long } from "../typed-value.js";
import { copiedBody } from "./copied-body.js";

/** Audit properties of a replayed message: how often, from which letter, and when (milliseconds since 1970). */
export const REPLAY_COUNT = "replay_count";
const REPLAY_LETTER = "replay_letter";
const REPLAY_TIME = "replay_time";

/** What belongs to the death, or to the sending of the letter, and not to the message. */
const LEFT_OUT = /^(?:dead_letter_\w+|redelivery_attempts|_AMQ_DUPL_ID|traceparent|tracestate)$/;

/**
 * The message has a fresh message id, for it is sent anew, and no attempts behind it. Its duplicate-detection id is new
 * as well, or the broker would say that it accepts the message and drop it; but it is the same for the same letter, so
 * that a replay that is repeated because its end was not seen does not double the message. Properties that are `added`
 * take the place of those that the letter has under the same name.
 */
export function replayedMessage(
  letter: Message,
  added: Readonly<Record<string, OutgoingProperty>> = {},
): Pick<Outgoing, "message"> & { readonly options: Outgoing["options"] } {
  const kept = Object.entries(letter.typedProperties).filter(([name]) => !LEFT_OUT.test(name));
  const earlier = Number(letter.properties[REPLAY_COUNT] ?? 0);
  const properties: Record<string, OutgoingProperty> = {
    ...Object.fromEntries(kept),
    ...added,
    [REPLAY_COUNT]: (Number.isSafeInteger(earlier) && earlier > 0 ? earlier : 0) + 1,
    [REPLAY_LETTER]: letter.messageId ?? "",
    [REPLAY_TIME]: long(Date.now()),
  };
  return {
    message: {
      ...copiedBody(letter),
      properties,
      ...(letter.correlationId !== undefined && { correlationId: letter.correlationId }),
      ...(letter.type !== undefined && { type: letter.type }),
      ...(letter.groupId !== undefined && { groupId: letter.groupId }),
      ...(letter.replyTo !== undefined && { replyTo: letter.replyTo }),
      ...(letter.traceparent !== undefined && { traceparent: letter.traceparent }),
      ...(letter.tracestate !== undefined && { tracestate: letter.tracestate }),
    },
    options: { deliveryMode: "persistent", priority: letter.priority, duplicateId: replayIdOf(letter) },
  };
}

/** Names this one letter: a message id alone may come again when an application chooses its own. */
function replayIdOf({ messageId, timestampMs, properties }: Message): string {
  const identity = JSON.stringify([
    messageId,
    timestampMs,
    String(properties.dead_letter_time ?? ""),
    String(properties[REPLAY_COUNT] ?? ""),
  ]);
  return `replay:${createHash("sha256").update(identity).digest("hex")}`;
}
