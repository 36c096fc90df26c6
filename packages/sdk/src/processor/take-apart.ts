/** Finds out whether a failure that nobody foresaw is the world's or that of some messages. */
import type { ErrorClass, Incoming, Outcome } from "../processor.js";
import type { Attempt, Messages, TakenApart } from "./attempt.js";

/** So many messages that fail alone, before any gets through, say that it is the world: nothing more is tried. */
export const LONE_FAILURES_OF_THE_WORLD = 5;

/**
 * Halves a batch that failed until each message got through or failed alone. At most two calls for each message, and
 * while nothing gets through only as many as the batch can be halved, and some.
 * @returns undefined when nothing got through: then it is the world that is not ready.
 */
export async function takeApart(
  messages: Messages,
  call: (part: Messages) => Promise<Attempt>,
  isOver: () => boolean,
): Promise<TakenApart | undefined> {
  const through: { messages: Messages; outcomes: readonly Outcome[] }[] = [];
  const alone: { incoming: Incoming<unknown>; error: unknown; errorClass: ErrorClass }[] = [];
  // The last is the next.
  const open = halves(messages);
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    const attempt = isOver() ? undefined : await call(part);
    if (attempt === undefined || ("error" in attempt && attempt.errorClass === "transient")) {
      open.push(part);
      break;
    }
    const [only] = part;
    if ("outcomes" in attempt) {
      through.push({ messages: part, outcomes: attempt.outcomes });
    } else if (part.length === 1 && only !== undefined) {
      alone.push({ incoming: only, ...attempt });
      if (through.length === 0 && alone.length >= LONE_FAILURES_OF_THE_WORLD) return undefined;
    } else {
      open.push(...halves(part));
    }
  }
  return through.length === 0 ? undefined : { through, alone, rest: open.reverse().flat() };
}

function halves(messages: Messages): Messages[] {
  const middle = Math.ceil(messages.length / 2);
  return [messages.slice(middle), messages.slice(0, middle)];
}
