/** Reads and checks the body of one message; what does not fit is described without ever quoting it. */

import { MessagingError } from "../errors.js";
import type { Message } from "../message.js";
import type { Incoming } from "../processor.js";
import type { StandardSchemaV1 } from "../standard-schema.js";

/** How many wrong places a reason names. */
const MAXIMUM_PATHS = 5;
/** A key that came from a schema rather than from data: a short identifier. Longer or odder keys are not quoted. */
const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_]{0,39}$/;

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
    return { message, poison: describeIssues(result.issues) };
  }
  return { message, body: result.value };
}

function describeFailure(error: unknown): string {
  if (error instanceof MessagingError && error.code === "invalid-body") {
    return error.message;
  }
  return "The schema could not judge the body: it threw an error.";
}

/** Names places, not messages: a schema library's messages, and the keys of records, may repeat what they were given. */
function describeIssues(issues: readonly StandardSchemaV1.Issue[]): string {
  const places = new Set(issues.map((issue) => describePath(issue.path ?? [])));
  const named = [...places].slice(0, MAXIMUM_PATHS).join(", ");
  return `The body does not fit the schema at ${named}${places.size > MAXIMUM_PATHS ? " and elsewhere" : ""}.`;
}

function describePath(path: NonNullable<StandardSchemaV1.Issue["path"]>): string {
  if (path.length === 0) {
    return "its root";
  }
  return path
    .map((segment) => (typeof segment === "object" ? segment.key : segment))
    .map((key) => (typeof key === "string" && PLAIN_KEY.test(key) ? key : typeof key === "number" ? "[]" : "?"))
    .join(".");
}
