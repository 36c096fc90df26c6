/** The marks by which a message to send carries one that was received, with all that the wire had of it. */
import type { MessageContent } from "./decode-message.js";

/** What was received. It is a property of its own, so that it is in a copy that is made by spreading, too. */
export const RECEIVED = Symbol("received message");
/** Names of application properties that a copy leaves out. */
export const LEFT_OUT = Symbol("properties left out");

/** A message to send that is a copy of one that was received. */
export interface CopyOfReceived {
  readonly [RECEIVED]: MessageContent;
  readonly [LEFT_OUT]?: readonly string[];
}

/** What a message to send is a copy of, if it is one. */
export function receivedIn(message: object): CopyOfReceived | undefined {
  return (message as Partial<CopyOfReceived>)?.[RECEIVED] === undefined ? undefined : (message as CopyOfReceived);
}
