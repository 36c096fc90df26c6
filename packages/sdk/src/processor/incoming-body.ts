/** Reads and checks the body of one message; what does not fit is described without ever quoting it. */

import { MessagingError } from "../errors.js";
import { placesOf } from "../issue-places.js";
import type { Message } from "../message.js";
import type { Incoming } from "../processor.js";
import type { StandardSchemaV1 } from "../standard-schema.js";

/** A message that no handler can be given, and why. */
export interface Poison {
  readonly message: Message;
  readonly poison: string;
}

/** Reads the bodies of a batch in order; tells `poisoned` of those that cannot be handled. */
export async function readBodies(
  messages: readonly Message[],
  schema: StandardSchemaV1,
  poisoned: (poison: Poison) => void,
): Promise<Incoming<unknown>[]> {
  const incoming: Incoming<unknown>[] = [];
  for (const message of messages) {
    const read = readBody(message, schema);
    const body = read instanceof Promise ? await read : read;
    if ("poison" in body) {
      poisoned(body);
    } else {
      incoming.push(body);
    }
  }
  return incoming;
}

/** Parses and validates; a promise only where the schema itself is asynchronous. */
function readBody(
  message: Message,
  schema: StandardSchemaV1,
): Incoming<unknown> | Poison | Promise<Incoming<unknown> | Poison> {
  let result: ReturnType<StandardSchemaV1["~standard"]["validate"]>;
  try {
    result = schema["~standard"].validate(message.json());
  } catch (error) {
    return { message, poison: describeFailure(error) };
  }
  if (result instanceof Promise) {
    return result.then(
      (settled) => judge(message, settled),
      (error: unknown) => ({ message, poison: describeFailure(error) }),
    );
  }
  return judge(message, result);
}

function judge(message: Message, result: StandardSchemaV1.Result<unknown>): Incoming<unknown> | Poison {
  if (result.issues !== undefined) {
    return { message, poison: `The body does not fit the schema at ${placesOf(result.issues)}.` };
  }
  return { message, body: result.value };
}

function describeFailure(error: unknown): string {
  if (error instanceof MessagingError && error.code === "invalid-body") return error.message;
  return "The schema could not judge the body: it threw an error.";
}
