/** `accounts`: shows, opens, closes and tops up the accounts of clients and merchants. */
import type pg from "pg";
import { z } from "zod";
import { key32, parseConfiguration } from "../../platform/configuration.js";
import { fingerprintCard } from "../../shared/card-fingerprint.js";
import { type CardDetails, sealCard } from "../../shared/card-seal.js";
import { actorOf, recordAction } from "./action-record.js";
import {
  type Command,
  type CommandCall,
  EXIT,
  type ExitCode,
  formatColumns,
  requiredOption,
  textOption,
  toJson,
  UsageError,
} from "./command.js";
import { inTransaction, withOperatorDatabase } from "./operator-database.js";
import { parseTopUp, type TopUpOutcome, topUp } from "./top-up.js";

/** What opening a client's account needs besides: the number is stored as a fingerprint and sealed, never plain. */
const cardConfiguration = { CARD_FINGERPRINT_KEY: key32, CARD_STORAGE_KEY: key32 };

const ACCOUNT_ID = /^[a-z]-[A-Za-z0-9_-]{1,62}$/;

export const accounts: Command = {
  name: "accounts",
  summary: "Show, open, close and top up accounts of clients and merchants.",
  usage: "show|open|close|top-up --client <id> | --merchant <id> [options]",
  help: `  show    The account and its balance.
  open    A new account without money, or one that was closed.
  top-up  Money from outside, by a balanced entry: funding is debited, the account credited.
  close   From now on its payments are declined; money in flight still arrives.

  --client <id>, --merchant <id>   Whose account, for example c-0001 or m-0001.
  --reason <text>                  Why it is done: needed for all but show, and kept in operator.actions.
  --actor <name>                   Who does it, kept there as well [the system's user].
  --id <text>                      Of a top-up: the same id moves the money once, however often it is asked for.
  --amount <n>                     Of a top-up, in minor units of --currency, which must be the account's.
  --name <text>, --currency <code> Of a new account.
  --expiry <MM/YYYY>               Of a new client's card. Its number is read from standard input; it needs
                                   CARD_FINGERPRINT_KEY and CARD_STORAGE_KEY.
`,
  options: Object.fromEntries(
    ["client", "merchant", "actor", "reason", "name", "currency", "expiry", "id", "amount"].map((name) => [
      name,
      { type: "string" },
    ]),
  ),
  async run(call) {
    const [verb, ...others] = call.positionals;
    if (others.length > 0) throw new UsageError(`"${others.join(" ")}" is too much.`);
    const account = accountOf(call);
    if (verb === "show") return onDatabase(call, (client) => show(call, client, account));
    if (verb === "open") return open(call, account);
    if (verb === "close") return close(call, account);
    if (verb === "top-up") return topUpAccount(call, account);
    throw new UsageError("accounts needs one of show, open, close and top-up.");
  },
};

interface Account {
  readonly kind: "client" | "merchant";
  readonly id: string;
  readonly table: string;
}

function accountOf(call: CommandCall): Account {
  const client = textOption(call, "client");
  const merchant = textOption(call, "merchant");
  const id = client ?? merchant;
  if (id === undefined || (client !== undefined && merchant !== undefined)) {
    throw new UsageError("Give either --client or --merchant.");
  }
  if (!ACCOUNT_ID.test(id)) throw new UsageError(`"${id}" is not the id of an account, such as c-0001 or m-0001.`);
  return client === undefined
    ? { kind: "merchant", id, table: "merchant_bank.merchants" }
    : { kind: "client", id, table: "client_bank.clients" };
}

async function onDatabase(call: CommandCall, work: (client: pg.Client) => Promise<ExitCode>): Promise<ExitCode> {
  return withOperatorDatabase(await call.configuration.databaseUrl(), work);
}

interface AccountRow {
  readonly id: string;
  readonly name: string;
  readonly currency: string;
  readonly balance: bigint;
  readonly openingBalance: bigint;
  readonly state: string;
}

/** Reads an account, without the card. */
async function readAccount(client: pg.Client, { table, id }: Account): Promise<AccountRow | undefined> {
  const { rows } = await client.query<AccountRow>(
    `SELECT id, name, currency, balance, opening_balance AS "openingBalance", state FROM ${table} WHERE id = $1`,
    [id],
  );
  return rows[0];
}

async function show(call: CommandCall, client: pg.Client, account: Account): Promise<ExitCode> {
  const row = await readAccount(client, account);
  if (row === undefined) {
    call.terminal.err(`There is no ${account.kind} ${account.id}.\n`);
    return EXIT.wrong;
  }
  call.terminal.out(
    call.json
      ? `${toJson({ kind: account.kind, ...row })}\n`
      : `${formatColumns([
          [account.kind, row.id],
          ["name", row.name],
          ["state", row.state],
          ["balance", `${row.balance} ${row.currency} in minor units`],
          ["opened with", `${row.openingBalance} ${row.currency}`],
        ])}\n`,
  );
  return EXIT.ok;
}

/** Opens a new account, or one that was closed. */
async function open(call: CommandCall, account: Account): Promise<ExitCode> {
  const action = actorOf(call);
  return onDatabase(call, async (client) => {
    const known = await readAccount(client, account);
    if (known?.state === "open") {
      call.terminal.err(`The account of ${account.kind} ${account.id} is open already.\n`);
      return EXIT.ok;
    }
    const insert = known === undefined ? await insertionOf(call, account) : undefined;
    await inTransaction(client, async () => {
      if (insert === undefined)
        await client.query(`UPDATE ${account.table} SET state = 'open' WHERE id = $1`, [account.id]);
      else await client.query(insert.text, [...insert.values]);
      await recordAction(client, { ...action, command: "accounts open", subject: `${account.kind} ${account.id}` });
    });
    return show(call, client, account);
  });
}

async function close(call: CommandCall, account: Account): Promise<ExitCode> {
  const action = actorOf(call);
  return onDatabase(call, async (client) => {
    const closed = await inTransaction(client, async () => {
      const { rowCount } = await client.query(`UPDATE ${account.table} SET state = 'closed' WHERE id = $1`, [
        account.id,
      ]);
      if (rowCount === 0) return false;
      await recordAction(client, { ...action, command: "accounts close", subject: `${account.kind} ${account.id}` });
      return true;
    });
    if (closed) return show(call, client, account);
    call.terminal.err(`There is no ${account.kind} ${account.id}.\n`);
    return EXIT.wrong;
  });
}

async function topUpAccount(call: CommandCall, account: Account): Promise<ExitCode> {
  const by = actorOf(call);
  const { id, amount } = parseTopUp(requiredOption(call, "id"), requiredOption(call, "amount"));
  const currency = requiredOption(call, "currency");
  return onDatabase(call, async (client) => {
    const outcome = await topUp(client, { id, account, currency, amount, by });
    if (outcome !== "done") call.terminal.err(`${OUTCOMES[outcome]}\n`);
    return outcome === "done" || outcome === "done before" ? show(call, client, account) : EXIT.wrong;
  });
}

const OUTCOMES: Readonly<Record<Exclude<TopUpOutcome, "done">, string>> = {
  "done before": "This top-up was made before; nothing was moved.",
  "id used for another": "This --id was used for another account, currency or amount; nothing was moved.",
  "no such open account in that currency": "There is no such account, open and in that currency; nothing was moved.",
};

/** The statement that makes the account, which begins without money. */
async function insertionOf(
  call: CommandCall,
  account: Account,
): Promise<{ readonly text: string; readonly values: readonly unknown[] }> {
  const name = requiredOption(call, "name");
  const currency = requiredOption(call, "currency");
  if (!/^[A-Z]{3}$/.test(currency)) throw new UsageError(`--currency is "${currency}": it must be a code such as EUR.`);
  if (account.kind === "merchant") {
    return {
      text: `INSERT INTO merchant_bank.merchants (id, name, currency, balance, opening_balance, state)
             VALUES ($1, $2, $3, 0, 0, 'open')`,
      values: [account.id, name, currency],
    };
  }
  const card = await readCard(call, name);
  const keys = parseConfiguration(cardConfiguration, call.configuration.environment);
  return {
    text: `INSERT INTO client_bank.clients (id, name, sealed_card, card_fingerprint, card_expiry_month,
             card_expiry_year, currency, balance, opening_balance, state)
           VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, 'open')`,
    values: [
      account.id,
      name,
      await sealCard(card, keys.CARD_STORAGE_KEY, { client: account.id }),
      fingerprintCard(card.number, keys.CARD_FINGERPRINT_KEY),
      card.expiryMonth,
      card.expiryYear,
      currency,
    ],
  };
}

const expiry = z
  .string()
  .regex(/^(0[1-9]|1[0-2])\/20[0-9]{2}$/)
  .transform((text) => ({ expiryMonth: Number(text.slice(0, 2)), expiryYear: Number(text.slice(3)) }));

/** The number never stands in the argument list, where every user of the machine could read it. */
async function readCard(call: CommandCall, holderName: string): Promise<CardDetails> {
  const parsed = expiry.safeParse(requiredOption(call, "expiry"));
  if (!parsed.success) throw new UsageError("--expiry must be MM/YYYY, for example 12/2030.");
  const number = (await call.terminal.readInput()).replace(/[\s-]/g, "");
  if (!/^[0-9]{12,19}$/.test(number)) {
    throw new UsageError("Standard input must hold the card's number: 12 to 19 digits.");
  }
  return { number, ...parsed.data, holderName };
}
