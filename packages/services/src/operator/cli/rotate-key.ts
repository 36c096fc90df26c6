/** `keys rotate`: all steps of a change of keys in their order, while payments run. */
import { setTimeout as wait } from "node:timers/promises";
import { actorOf } from "./action-record.js";
import { type CommandCall, EXIT, type ExitCode, numberOption } from "./command.js";
import { addKey, keysIn, makeFirst, moveCards, retireKey } from "./key-steps.js";

/** Lists under which the cards of clients are stored. */
const STORED: ReadonlySet<string> = new Set(["CARD_FINGERPRINT_KEYS", "CARD_STORAGE_KEYS"]);

/** Key lists whose other half others hold, and what must be true before a key of one is retired. */
const HELD_BY_OTHERS: Readonly<Record<string, string>> = {
  WEBHOOK_SECRETS: "give the receiver the new secret",
  AUTH_JWKS: "wait until the tokens that were signed with it have ended",
};

/**
 * Adds a key, puts it first and retires those before it. A key that something needs stays, is told, and is retired by
 * running `keys retire` later; that is no failure.
 */
export async function rotateKey(call: CommandCall, list: string): Promise<ExitCode> {
  // Before anything is changed.
  actorOf(call);
  const seconds = numberOption(call, "wait-seconds", { minimum: 0, maximum: 3_600, otherwise: 10 });
  const say = (sentence: string) => call.terminal.err(`${sentence}\n`);
  const untilRead = async () => {
    say(`Waiting ${seconds} s until every service has read the list.`);
    await wait(seconds * 1_000);
  };
  const before = (await keysIn(call, list)).map(({ id }) => id);
  const id = await addKey(call, list);
  say(`${id} was added to ${list}: it is accepted.`);
  await untilRead();
  // Under both keys before anything looks for the new one alone.
  if (STORED.has(list)) say(await moveCards(call, list, id));
  await makeFirst(call, list, id);
  say(`${id} is the first of ${list} now.`);
  await untilRead();
  // What was opened between the two.
  if (STORED.has(list)) say(await moveCards(call, list, id));
  const holders = HELD_BY_OTHERS[list];
  if (holders !== undefined) {
    say(`${before.join(", ")} stays accepted: ${holders}. Then run keys retire.`);
    return EXIT.ok;
  }
  const kept: string[] = [];
  for (const old of before) if ((await retireKey(call, list, old)) !== EXIT.ok) kept.push(old);
  if (kept.length > 0) say(`Still accepted: ${kept.join(", ")}. Run keys retire when nothing needs it any more.`);
  return EXIT.ok;
}
