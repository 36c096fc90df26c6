/** Replays or discards one dead letter, for the command line and the console: recorded before it is done. */
import type { Connection, DeadLetter } from "@quittance/sdk";
import type pg from "pg";
import { PAYMENT_ID } from "../../shared/payment-id.js";
import {
  CHANNELS,
  type Channel,
  deadLetterAddress,
  deadLetterDestination,
  destinationOf,
} from "../../shared/queue-map.js";
import { type Actor, findActions, recordAction } from "./action-record.js";
import { extendDeadline, sentenceOf } from "./extend-deadline.js";
import { findLetter } from "./find-letters.js";
import { type FoundLetter, subjectOf } from "./letter-view.js";
import { maskMessageId } from "./mask-card-numbers.js";
import { inTransaction } from "./operator-database.js";

export type Verb = "replay" | "discard";

/** What became of a letter that is changed. */
export const DONE = { replay: "replayed", discard: "discarded" } as const;

/** Channels before step 3, which judges deadlines: those of `payment` and `validation-result`. */
export const BEFORE_THE_DEADLINE: readonly string[] = [CHANNELS.payment.address, CHANNELS.validationResult.address];

/** How it went with one letter. */
export interface Done {
  readonly messageId: string;
  readonly queue: string | null;
  readonly outcome: (typeof DONE)[Verb] | "done before" | "not found";
}

/** What a change needs. */
export interface LetterTools {
  /** As the broker's user who replays and discards. */
  readonly connection: Connection;
  readonly database: pg.ClientBase;
  /** Where the letter is looked for. */
  readonly channels: readonly Channel[];
  readonly verb: Verb;
  readonly by: Actor;
  /** Until when the payments of replayed letters may be captured; undefined leaves their deadlines as they are. */
  readonly deadline: Date | undefined;
  /** Told what is worth knowing beside the outcome, in a sentence. */
  readonly remark: (sentence: string) => void;
  /** Called for each change, for the log. */
  readonly log: (facts: ChangeFacts) => void;
}

/** One change, for the log. */
export interface ChangeFacts extends Actor {
  readonly msg: string;
  readonly outcome: Done["outcome"];
  readonly messageId: string;
  readonly queue: string;
  /** The payment or refund that it is about. */
  readonly about: string | undefined;
}

/** Records the action before it is done: nothing that was done can be without a record. */
export async function changeLetter(tools: LetterTools, id: string): Promise<Done> {
  const { connection, database, verb, by } = tools;
  const messageId = maskMessageId(id);
  const found = await findLetter(connection, tools.channels, id);
  if (found === undefined) return toldBefore(tools, id);
  const queue = deadLetterAddress(found.channel);
  const command = `dead-letters ${verb}`;
  await inTransaction(database, () =>
    recordAction(database, { ...by, command, subject: subjectFor(found.letter, queue) }),
  );
  await extendFor(tools, found);
  const letters = connection.deadLetters(deadLetterDestination(found.channel));
  const there =
    verb === "discard"
      ? await letters.discard(id)
      : await letters.replay(id, {
          to: destinationOf(found.channel),
          properties: { replay_actor: by.actor, replay_reason: by.reason },
        });
  const outcome = there ? DONE[verb] : "done before";
  tools.log({ msg: command, outcome, ...by, messageId, queue, about: subjectOf(found.letter.message) });
  return { messageId, queue, outcome };
}

/** Moves the deadline of the letter's payment before the letter is sent, so that step 3 finds it moved. */
async function extendFor(
  { remark, database, by, deadline }: LetterTools,
  { channel, letter }: FoundLetter,
): Promise<void> {
  if (deadline === undefined) return;
  const paymentId = subjectOf(letter.message);
  if (!BEFORE_THE_DEADLINE.includes(channel.address) || paymentId === undefined || !PAYMENT_ID.test(paymentId)) {
    remark(`No deadline is judged behind ${channel.address}: none was moved.`);
    return;
  }
  const extension = await extendDeadline(database, { paymentId, deadline, by });
  remark(sentenceOf(paymentId, deadline, extension));
}

const SUBJECT = (id: string) => `letter ${maskMessageId(id)} `;

function subjectFor({ messageId = "", message }: DeadLetter, queue: string): string {
  const about = subjectOf(message);
  return `${SUBJECT(messageId)}on ${queue}${about === undefined ? "" : `, of ${about}`}`;
}

/** A letter that is not there: who took it away, as far as that is recorded. */
async function toldBefore({ remark, database }: LetterTools, id: string): Promise<Done> {
  const messageId = maskMessageId(id);
  const last = (await findActions(database, SUBJECT(id))).at(-1);
  if (last === undefined) {
    remark(`There is no letter ${messageId}.`);
    return { messageId, queue: null, outcome: "not found" };
  }
  remark(
    `The letter ${messageId} is gone: ${last.command} by ${last.actor} at ${last.time.toISOString()}, ${last.reason}`,
  );
  return { messageId, queue: null, outcome: "done before" };
}
