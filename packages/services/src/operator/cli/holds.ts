/** `holds`: what payments hold of clients' money, and how an operator ends a hold before its time. */
import type pg from "pg";
import { PAYMENT_ID } from "../../shared/payment-id.js";
import { type Actor, actorOf, recordAction } from "./action-record.js";
import {
  type Command,
  type CommandCall,
  EXIT,
  type ExitCode,
  formatColumns,
  numberOption,
  textOption,
  toJson,
  UsageError,
} from "./command.js";
import { inTransaction, onOperatorDatabase } from "./operator-database.js";

const DEFAULT_LIMIT = 100;
const MAXIMUM_LIMIT = 100_000;

export const holds: Command = {
  name: "holds",
  summary: "Money that authorised payments hold: list, release.",
  usage: "list [options] | release <payment id>... --reason <text>",
  help: `A payment that is captured by hand holds its money until its merchant captures or cancels it, or until it expires.

  list      What is held, the hold that expires first before the others.
  release   Lets holds expire now: client-bank releases the money within HOLD_SWEEP_SECONDS, and the payments end as
            CANCELED, as if their time had come. What was captured or canceled before stays so.

  --client <id>    Only this client's holds.
  --limit <n>      Holds that are listed [${DEFAULT_LIMIT}].
  --reason <text>  Why it is done: needed to release.
  --actor <name>   Who does it [the system's user]. Both are kept in operator.actions.
`,
  options: Object.fromEntries(["client", "limit", "actor", "reason"].map((name) => [name, { type: "string" }])),
  async run(call) {
    const [verb, ...ids] = call.positionals;
    if (verb === "release") return release(call, [...new Set(ids)]);
    if (verb === "list") {
      if (ids.length > 0) throw new UsageError("list takes no payment id.");
      return list(call);
    }
    throw new UsageError("holds needs one of list and release.");
  },
};

interface ListedHold {
  readonly paymentId: string;
  readonly clientId: string;
  readonly merchantId: string;
  readonly currency: string;
  readonly amount: bigint;
  readonly authorizeTime: Date;
  readonly holdExpireTime: Date;
}

async function list(call: CommandCall): Promise<ExitCode> {
  const limit = numberOption(call, "limit", { minimum: 1, maximum: MAXIMUM_LIMIT, otherwise: DEFAULT_LIMIT });
  return onOperatorDatabase(call.configuration, async (client) => {
    const { rows } = await client.query<ListedHold>(
      `SELECT id AS "paymentId", client_id AS "clientId", merchant_id AS "merchantId", currency, amount,
                authorize_time AS "authorizeTime", hold_expire_time AS "holdExpireTime"
         FROM client_bank.payments
         WHERE hold_expire_time IS NOT NULL AND state = 'AUTHORIZED' AND ($1::text IS NULL OR client_id = $1)
         ORDER BY hold_expire_time, id LIMIT $2`,
      [textOption(call, "client") ?? null, limit],
    );
    const lines = rows.map(({ paymentId, clientId, merchantId, currency, amount, holdExpireTime }) => [
      paymentId,
      `${amount} ${currency}`,
      `of ${clientId} for ${merchantId}`,
      `until ${holdExpireTime.toISOString()}`,
    ]);
    call.terminal.out(
      call.json ? `${toJson({ holds: rows })}\n` : lines.length === 0 ? "" : `${formatColumns(lines)}\n`,
    );
    call.terminal.err(`${rows.length} ${rows.length === 1 ? "hold" : "holds"}.\n`);
    return EXIT.ok;
  });
}

/** What became of one payment's release: null for one that client-bank does not know. */
interface Release {
  readonly paymentId: string;
  readonly released: boolean;
  readonly state: string | null;
}

async function release(call: CommandCall, ids: readonly string[]): Promise<ExitCode> {
  const by = actorOf(call);
  const wrong = ids.find((id) => !PAYMENT_ID.test(id));
  if (wrong !== undefined) throw new UsageError(`"${wrong}" is not a payment id: pay_ and 32 letters or digits.`);
  if (ids.length === 0) throw new UsageError("release needs payment ids.");
  return onOperatorDatabase(call.configuration, async (client) => {
    const releases: Release[] = [];
    for (const paymentId of ids) releases.push(await releaseOne(client, paymentId, by));
    call.terminal.out(call.json ? `${toJson({ releases })}\n` : releases.map((one) => `${sentenceOf(one)}\n`).join(""));
    return releases.every(({ released }) => released) ? EXIT.ok : EXIT.wrong;
  });
}

/** The hold's time is brought forward: client-bank ends it by the step that ends every hold whose time has come. */
function releaseOne(client: pg.Client, paymentId: string, by: Actor): Promise<Release> {
  return inTransaction(client, async () => {
    const held = await client.query(
      `UPDATE client_bank.payments SET hold_expire_time = LEAST(hold_expire_time, now())
       WHERE id = $1 AND state = 'AUTHORIZED'`,
      [paymentId],
    );
    if (held.rowCount === 1) {
      await recordAction(client, { ...by, command: "holds release", subject: `payment ${paymentId}` });
      return { paymentId, released: true, state: "AUTHORIZED" };
    }
    const { rows } = await client.query<{ state: string }>("SELECT state FROM client_bank.payments WHERE id = $1", [
      paymentId,
    ]);
    return { paymentId, released: false, state: rows[0]?.state ?? null };
  });
}

function sentenceOf({ paymentId, released, state }: Release): string {
  if (released) return `${paymentId} expires now.`;
  return state === null
    ? `${paymentId} is not recorded; nothing was released.`
    : `${paymentId} is ${state} and holds nothing; nothing was released.`;
}
