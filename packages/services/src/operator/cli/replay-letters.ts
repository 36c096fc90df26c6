/** `dead-letters replay` and `discard`: one letter after the other, each recorded before it is done. */
import type { Connection } from "@quittance/sdk";
import type pg from "pg";
import { type Channel, deadLetterAddress, deadLetterDestination } from "../../shared/queue-map.js";
import type { Actor } from "./action-record.js";
import { type ChangeFacts, changeLetter, DONE, type Done, type Verb } from "./change-letter.js";
import { type CommandCall, EXIT, type ExitCode, textOption, toJson } from "./command.js";
import { findLetters, searchOf } from "./find-letters.js";
import { maskMessageId } from "./mask-card-numbers.js";
import { showProgress } from "./progress.js";

/** Letters that are counted to say how many are left. */
const MAXIMUM_COUNTED = 100_000;

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
  const found = await findLetters(connection, searchOf(call), limit);
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
  const { call } = tools;
  const { channels } = searchOf(call);
  const done: Done[] = [];
  const progress = showProgress(call.terminal);
  const letterTools = {
    ...tools,
    channels,
    remark: (sentence: string) => call.terminal.err(`${sentence}\n`),
    log: (facts: ChangeFacts) =>
      call.terminal.err(`${JSON.stringify({ level: "info", time: new Date(), service: "operator", ...facts })}\n`),
  };
  try {
    for (const [place, id] of ids.entries()) {
      progress.update(place, ids.length, `${tools.verb} ${maskMessageId(id)}`);
      done.push(await changeLetter(letterTools, id));
    }
    return { done, failure: undefined };
  } catch (failure) {
    return { done, failure };
  } finally {
    progress.end();
  }
}
