/** What stands between the broker and every step: nothing is handled whose writer is not proven. */
import type { Incoming, Message, Outcome, OutgoingMessage } from "@quittance/sdk";
import type { MessageKind } from "../topology/channel-table.js";
import type { ServiceName } from "../topology/system-table.js";
import type { Envelopes } from "./envelope.js";
import { MESSAGE_KINDS } from "./message-kinds.js";

type Handle<Body> = (batch: readonly Incoming<Body>[]) => Promise<readonly Outcome[]>;

/**
 * A signature does not fit, and none of its writer ever has in this process: as likely as a forger is that writer and
 * reader have different keys. Then nothing is the message's fault, and it waits.
 */
export class UnprovenKeysError extends Error {
  override readonly name = "UnprovenKeysError";
}

/**
 * Lets a step handle what its writer signed. Anything else is set aside as a dead letter, and its neighbours go on;
 * except that a signature which does not fit holds the message until another of the same writer has shown that the
 * keys are right.
 */
export function believing<Body>(envelopes: Envelopes, kind: MessageKind, handle: Handle<Body>): Handle<Body> {
  return async (batch) => {
    const problems = batch.map(({ message }) => envelopes.problemOf(kind, message));
    if (problems.includes("signature does not fit") && !envelopes.keysAreProven(kind))
      throw unprovenKeys(kind, envelopes.service);
    if (problems.every((problem) => problem === undefined)) return handle(batch);
    const believed = batch.filter((_, place) => problems[place] === undefined);
    const outcomes = believed.length === 0 ? [] : await handle(believed);
    let next = 0;
    return problems.map((problem) => {
      if (problem === undefined) return outcomes[next++] as Outcome;
      // Counted here, where the batch will not be handled again.
      envelopes.countRefused(kind, problem);
      return { deadLetter: problem };
    });
  };
}

function unprovenKeys(kind: MessageKind, reader: ServiceName): UnprovenKeysError {
  const { writer } = MESSAGE_KINDS[kind];
  return new UnprovenKeysError(
    `The signature of a ${kind} does not fit, and none of ${writer} has so far: compare the keys of ${writer} and ${reader} in MESSAGE_KEYS.`,
  );
}

/** Thrown for a request that is not answered because its writer is not proven. */
export class UnprovenRequestError extends Error {
  override readonly name = "UnprovenRequestError";
}

/** Answers what its writer signed. Anything else is dropped without an answer, and counted. */
export function answeringSigned(
  envelopes: Envelopes,
  kind: MessageKind,
  answer: (request: Message) => Promise<OutgoingMessage>,
): (request: Message) => Promise<OutgoingMessage> {
  return async (request) => {
    const problem = envelopes.problemOf(kind, request);
    if (problem === undefined) return answer(request);
    envelopes.countRefused(kind, problem);
    request.reject(problem);
    throw new UnprovenRequestError(`The request is not answered: ${problem}.`);
  };
}
