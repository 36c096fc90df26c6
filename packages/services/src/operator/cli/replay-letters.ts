/** `dead-letters replay` and `discard`: one letter after the other, each recorded before it is done. */
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
import { type CommandCall, EXIT, type ExitCode, textOption, toJson } from "./command.js";
import { extendDeadline, sentenceOf } from "./extend-deadline.js";
import { findLetter, findLetters } from "./find-letters.js";
import { type FoundLetter, subjectOf } from "./letter-view.js";
import { maskMessageId } from "./mask-card-numbers.js";
import { inTransaction } from "./operator-database.js";
import { showProgress } from "./progress.js";

export type Verb = "replay" | "discard";

const DONE = { replay: "replayed", discard: "discarded" } as const;

/** Letters that are counted to say how many are left. */
const MAXIMUM_COUNTED = 100_000;

/** Channels before step 3, which judges deadlines: those of `payment` and `validation-result`. */
export const BEFORE_THE_DEADLINE: readonly string[] = [CHANNELS.payment.address, CHANNELS.validationResult.address];

/** How it went with one letter. */
interface Done {
  readonly messageId: string;
  readonly queue: string | null;
  readonly outcome: (typeof DONE)[Verb] | "done before" | "not found";
}

/** What lies there when it is over. */
interface Left {
  readonly left: number;
  /** Of those, letters that were replayed and died again. */
  readonly diedAgain: number;
}

export interface Tools {
  readonly call: CommandCall;
  readonly connection: Connection;
  readonly database: pg.Client;
  readonly verb: Verb;
  readonly by: Actor;
  /** Until when the payments of replayed letters may be captured; undefined leaves their deadlines as they are. */
  readonly deadline: Date | undefined;
}

/** Changes these letters. What was done is told, also when it breaks off. @throws why it broke off. */
export async function changeLetters(tools: Tools, ids: readonly string[]): Promise<ExitCode> {
  const { done, failure } = await changeEach(tools, [...new Set(ids)]);
  tell(tools, { letters: done, stopped: failure === undefined ? "done" : messageOf(failure) }, done);
  if (failure !== undefined) throw failure;
  return done.some(({ outcome }) => outcome === "not found") ? EXIT.wrong : EXIT.ok;
}

/**
 * Changes every letter of one queue, at most `--limit` of them, and says how many were done, how many are left and why
 * it stopped. @throws why it broke off.
 */
export async function changeAllLetters(tools: Tools, channel: Channel, limit: number): Promise<ExitCode> {
  const { call, connection, verb } = tools;
  const found = await findLetters(call, connection, limit);
  const { done, failure } = await changeEach(
    tools,
    found.flatMap(({ letter }) => letter.messageId ?? []),
  );
  const changed = done.filter(({ outcome }) => outcome === DONE[verb]);
  const after = await countLeft(tools, channel, new Set(found.flatMap(({ letter }) => letter.messageId ?? []))).catch(
    () => undefined,
  );
  const limited = found.length === limit && after !== undefined && after.left > after.diedAgain;
  const stopped = failure !== undefined ? messageOf(failure) : limited ? "limit" : "done";
  tell(tools, { letters: done, [DONE[verb]]: changed.length, left: after?.left ?? null, stopped }, done);
  const why = failure !== undefined ? "it broke off" : limited ? `--limit ${limit} was reached` : undefined;
  call.terminal.err(`${changed.length} ${DONE[verb]}; ${leftSentence(after, deadLetterAddress(channel), why)}\n`);
  if (failure !== undefined) throw failure;
  return EXIT.ok;
}

function leftSentence(after: Left | undefined, queue: string, why: string | undefined): string {
  const because = why === undefined ? "" : `: ${why}`;
  if (after === undefined) return `how many are left on ${queue} is not known${because}.`;
  if (after.left === 0) return `none is left on ${queue}${because}.`;
  const many =
    after.left >= MAXIMUM_COUNTED ? `${MAXIMUM_COUNTED} or more are` : after.left === 1 ? "1 is" : `${after.left} are`;
  const again = after.diedAgain === 0 ? "" : `, ${after.diedAgain} of them replayed and dead again`;
  return `${many} left on ${queue}${again}${because}.`;
}

/** Counts those that `--selector` fits, as it was for those that were changed. */
async function countLeft({ call, connection }: Tools, channel: Channel, handled: ReadonlySet<string>): Promise<Left> {
  const selector = textOption(call, "selector");
  await using browser = await connection.createBrowser(
    deadLetterDestination(channel),
    selector === undefined ? {} : { selector },
  );
  let left = 0;
  let diedAgain = 0;
  for await (const { properties } of browser) {
    left += 1;
    if (handled.has(String(properties.replay_letter ?? ""))) diedAgain += 1;
    if (left === MAXIMUM_COUNTED) break;
  }
  return { left, diedAgain };
}

function tell({ call }: Tools, answer: object, done: readonly Done[]): void {
  call.terminal.out(
    call.json ? `${toJson(answer)}\n` : done.map(({ messageId, outcome }) => `${messageId}: ${outcome}\n`).join(""),
  );
}

function messageOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}

/** One after the other; the first that fails ends it. */
async function changeEach(
  tools: Tools,
  ids: readonly string[],
): Promise<{ readonly done: readonly Done[]; readonly failure: unknown }> {
  const done: Done[] = [];
  const progress = showProgress(tools.call.terminal);
  try {
    for (const [place, id] of ids.entries()) {
      progress.update(place, ids.length, `${tools.verb} ${maskMessageId(id)}`);
      done.push(await changeOne(tools, id));
    }
    return { done, failure: undefined };
  } catch (failure) {
    return { done, failure };
  } finally {
    progress.end();
  }
}

/** Records the action before it is done: nothing that was done can be without a record. */
async function changeOne(tools: Tools, id: string): Promise<Done> {
  const { call, connection, database, verb, by } = tools;
  const messageId = maskMessageId(id);
  const found = await findLetter(call, connection, id);
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
  const line = { level: "info", time: new Date(), service: "operator", msg: command, outcome, ...by, messageId, queue };
  call.terminal.err(`${JSON.stringify({ ...line, about: subjectOf(found.letter.message) })}\n`);
  return { messageId, queue, outcome };
}

/** Moves the deadline of the letter's payment before the letter is sent, so that step 3 finds it moved. */
async function extendFor({ call, database, by, deadline }: Tools, { channel, letter }: FoundLetter): Promise<void> {
  if (deadline === undefined) return;
  const paymentId = subjectOf(letter.message);
  if (!BEFORE_THE_DEADLINE.includes(channel.address) || paymentId === undefined || !PAYMENT_ID.test(paymentId)) {
    call.terminal.err(`No deadline is judged behind ${channel.address}: none was moved.\n`);
    return;
  }
  const extension = await extendDeadline(database, { paymentId, deadline, by });
  call.terminal.err(`${sentenceOf(paymentId, deadline, extension)}\n`);
}

const SUBJECT = (id: string) => `letter ${maskMessageId(id)} `;

function subjectFor({ messageId = "", message }: DeadLetter, queue: string): string {
  const about = subjectOf(message);
  return `${SUBJECT(messageId)}on ${queue}${about === undefined ? "" : `, of ${about}`}`;
}

/** A letter that is not there: who took it away, as far as that is recorded. */
async function toldBefore({ call, database }: Tools, id: string): Promise<Done> {
  const messageId = maskMessageId(id);
  const last = (await findActions(database, SUBJECT(id))).at(-1);
  if (last === undefined) {
    call.terminal.err(`There is no letter ${messageId}.\n`);
    return { messageId, queue: null, outcome: "not found" };
  }
  call.terminal.err(
    `The letter ${messageId} is gone: ${last.command} by ${last.actor} at ${last.time.toISOString()}, ${last.reason}\n`,
  );
  return { messageId, queue: null, outcome: "done before" };
}
