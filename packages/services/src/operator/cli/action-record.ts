/** Who did what to the system by hand, and why: kept in the database, in `operator.actions`. */
import { userInfo } from "node:os";
import type pg from "pg";
import { holdsCardNumber } from "../../shared/card-number-in-text.js";
import { type CommandCall, requiredOption, textOption, UsageError } from "./command.js";

/** Who acts, and why. */
export interface Actor {
  readonly actor: string;
  readonly reason: string;
}

export interface Action extends Actor {
  readonly command: string;
  /** What was changed, for example `client c-0001`. */
  readonly subject: string;
}

/**
 * Who acts is the user of this system unless --actor says otherwise.
 * @throws UsageError when --reason is missing, or when what is kept in clear would hold a card's number.
 */
export function actorOf(call: CommandCall): Actor {
  const by = { actor: textOption(call, "actor") ?? systemUser(), reason: requiredOption(call, "reason") };
  for (const [option, text] of Object.entries(by)) {
    if (holdsCardNumber(text)) throw new UsageError(`--${option} must not hold a card's number: it is kept in clear.`);
  }
  return by;
}

function systemUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that no name belongs to.
    throw new UsageError("--actor is missing, and the system does not know who calls.");
  }
}

/** Any number, as long as it is ours: of two commands, the second waits until the first has made the table. */
const ADVISORY_LOCK = 7_361_840_125_511_224n;

/** An action that was recorded. */
export interface RecordedAction extends Action {
  readonly time: Date;
}

/** What was done to what `subject` begins with, oldest first. */
export async function findActions(client: pg.ClientBase, subject: string): Promise<RecordedAction[]> {
  if (!(await isTableThere(client))) return [];
  const { rows } = await client.query<RecordedAction>(
    `SELECT time, actor, command, subject, reason FROM operator.actions WHERE starts_with(subject, $1) ORDER BY id`,
    [subject],
  );
  return rows;
}

async function isTableThere(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>(
    `SELECT to_regclass('operator.actions') IS NOT NULL AS there`,
  );
  return rows[0]?.there === true;
}

/**
 * Adds a row to `operator.actions`, which the first action makes: it belongs to the operator's role, and no service may
 * see it. Call it inside the transaction of the change.
 */
export async function recordAction(client: pg.ClientBase, action: Action): Promise<void> {
  if (!(await isTableThere(client))) {
    await client.query("SELECT pg_advisory_xact_lock($1)", [ADVISORY_LOCK]);
    await client.query("CREATE SCHEMA IF NOT EXISTS operator");
    await client.query(
      `CREATE TABLE IF NOT EXISTS operator.actions (
         id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
         time timestamptz NOT NULL DEFAULT now(),
         database_role text NOT NULL DEFAULT current_user,
         actor text NOT NULL,
         command text NOT NULL,
         subject text NOT NULL,
         reason text NOT NULL
       )`,
    );
  }
  await client.query("INSERT INTO operator.actions (actor, command, subject, reason) VALUES ($1, $2, $3, $4)", [
    action.actor,
    action.command,
    action.subject,
    action.reason,
  ]);
}
