/** `accounts`: lists, shows and changes the accounts of clients and merchants, and the cards of clients. */
import type pg from "pg";
import {
  type CardVerb,
  changeCard,
  changeStateOf,
  newestEntries,
  payOut,
  type Refusal,
  rename,
} from "./account-changes.js";
import { type Account, accountOf, thereIsNo } from "./account-id.js";
import { actorOf, recordAction } from "./action-record.js";
import {
  type Command,
  type CommandCall,
  EXIT,
  type ExitCode,
  formatColumns,
  numberOption,
  requiredOption,
  textOption,
  toJson,
  UsageError,
} from "./command.js";
import { exportStatement, formatOf } from "./export-statement.js";
import { listAccounts } from "./list-accounts.js";
import { cardToStore, currencyOf, explainConflict, type Insertion, insertionOf, nameOf } from "./new-account.js";
import { inTransaction, onOperatorDatabase } from "./operator-database.js";
import { parseTopUp, type TopUpOutcome, topUp } from "./top-up.js";

export const accounts: Command = {
  name: "accounts",
  summary: "List, show and change accounts of clients and merchants, and cards of clients.",
  usage:
    "list|show|statement|open|rename|freeze|unfreeze|close|add-card|renew-card|remove-card|top-up|pay-out [options]",
  help: `  list       The accounts of --kind, in the order of their ids.
  show       The account and its balance.
  statement  Its newest entries, each with the balance after it.
  open       A new account without money, or one that was closed.
  top-up     Money from outside, by a balanced entry: funding is debited, the account credited.
  pay-out    Money of the account to the world outside, by a balanced entry the other way.
  freeze     From now on its payments are declined, until unfreeze; nothing is paid out.
  rename     Another --name.
  add-card, renew-card, remove-card   Of a client: a first card, another one in its place, none.
  close      From now on its payments are declined; money in flight still arrives.

  --client <id>, --merchant <id>   Whose account, for example c-0001 or m-0001. The id of a merchant is what its tokens
                                   have as their subject.
  --reason <text>                  Why it is done: needed for what changes something, and kept in operator.actions.
  --actor <name>                   Who does it, kept there as well [the system's user].
  --id <text>                      Of a top-up or payout: the same id moves the money once, however often it is asked for.
  --amount <n>                     Of a top-up or payout, in minor units of --currency, which must be the account's.
  --limit <n>                      Entries of a statement, or accounts of a list, 1 to 1,000 [20].
  --kind clients|merchants         Of a list. It may be limited by --state open|frozen|closed, --currency, and --name, with
                                   which names begin; --page goes on where another page ended.
  --format csv|camt.053            Instead: all entries of a period, oldest first, as a file for other programs (CSV, or
                                   ISO 20022's BankToCustomerStatement), with balances.
  --from <time>, --to <time>       The period: days in UTC or times of RFC 3339; --to is not in it [all until now].
  --name <text>, --currency <code> Of a new account; the currency is one of ISO 4217.
  --expiry <MM/YYYY>               Of a new card. Its number is read from standard input; it needs
                                   CARD_FINGERPRINT_KEYS and CARD_STORAGE_KEYS, or the stack of npm start.

An account that was closed keeps its name, currency and card when it is opened again. What would change nothing, as to
open an account that is open, ends with 2.
`,
  options: Object.fromEntries(
    [
      "client",
      "merchant",
      "actor",
      "reason",
      "name",
      "currency",
      "expiry",
      "id",
      "amount",
      "limit",
      "format",
      "from",
      "to",
      "kind",
      "state",
      "page",
    ].map((name) => [name, { type: "string" }]),
  ),
  async run(call) {
    const [verb, ...others] = call.positionals;
    if (others.length > 0) throw new UsageError(`"${others.join(" ")}" is too much.`);
    if (verb === "list") return listAccounts(call);
    const account = accountOf(call, { isNew: verb === "open" });
    if (verb === "show") return onOperatorDatabase(call.configuration, (client) => show(call, client, account));
    if (verb === "open") return open(call, account);
    if (verb === "close") return close(call, account);
    if (verb === "top-up") return topUpAccount(call, account);
    if (verb === "statement") return statement(call, account);
    if (verb === "pay-out") return payOutAccount(call, account);
    if (verb === "rename") return renamed(call, account);
    if (verb === "add-card" || verb === "renew-card" || verb === "remove-card") return cardOf(call, account, verb);
    if (verb === "freeze") return changed(call, account, { from: ["open"], to: "frozen", verb });
    if (verb === "unfreeze") return changed(call, account, { from: ["frozen"], to: "open", verb });
    throw new UsageError(`accounts needs one of ${VERBS}.`);
  },
};

const VERBS =
  "list, show, statement, open, rename, freeze, unfreeze, close, add-card, renew-card, remove-card, top-up and pay-out";

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
    call.terminal.err(`${thereIsNo(account)}\n`);
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
  const action = { ...actorOf(call), command: "accounts open", subject: `${account.kind} ${account.id}` };
  return onOperatorDatabase(call.configuration, async (client) => {
    const known = await readAccount(client, account);
    if (known !== undefined) {
      const given = OF_A_NEW_ACCOUNT.filter((name) => textOption(call, name) !== undefined);
      if (given.length > 0) {
        throw new UsageError(
          `There is a ${account.kind} ${account.id} already, and to open it changes nothing else: leave out --${given.join(", --")}.`,
        );
      }
      return changeState(call, client, account, "open");
    }
    const insertion = await insertionOf(call, account);
    try {
      await inTransaction(client, async () => {
        await client.query(insertion.text, [...insertion.values]);
        await recordAction(client, action);
      });
    } catch (error) {
      throw await refusalOf(client, account, insertion, error);
    }
    return show(call, client, account);
  });
}

/** Options that make a new account. */
const OF_A_NEW_ACCOUNT = ["name", "currency", "expiry"] as const;

async function refusalOf(client: pg.Client, account: Account, insertion: Insertion, error: unknown): Promise<unknown> {
  const why = await explainConflict(client, account, insertion, error);
  return why === undefined ? error : new UsageError(why);
}

function close(call: CommandCall, account: Account): Promise<ExitCode> {
  return onOperatorDatabase(call.configuration, (client) => changeState(call, client, account, "closed"));
}

/** Opens or closes an account that exists. @throws UsageError when it is in that state. */
async function changeState(
  call: CommandCall,
  client: pg.Client,
  account: Account,
  state: "open" | "closed",
): Promise<ExitCode> {
  const command = state === "open" ? "accounts open" : "accounts close";
  const action = { ...actorOf(call), command, subject: `${account.kind} ${account.id}` };
  const changed = await inTransaction(client, async () => {
    const { rowCount } = await client.query(`UPDATE ${account.table} SET state = $2 WHERE id = $1 AND state <> $2`, [
      account.id,
      state,
    ]);
    if (rowCount === 1) await recordAction(client, action);
    return rowCount === 1;
  });
  if (changed) return show(call, client, account);
  if ((await readAccount(client, account)) !== undefined) {
    throw new UsageError(`The account of ${account.kind} ${account.id} is ${state} already; nothing was changed.`);
  }
  call.terminal.err(`${thereIsNo(account)}\n`);
  return EXIT.wrong;
}

async function topUpAccount(call: CommandCall, account: Account): Promise<ExitCode> {
  const by = actorOf(call);
  const { id, amount } = parseTopUp(requiredOption(call, "id"), requiredOption(call, "amount"));
  const currency = currencyOf(call);
  return onOperatorDatabase(call.configuration, async (client) => {
    const outcome = await topUp(client, { id, account, currency, amount, by });
    if (outcome !== "done") call.terminal.err(`${OUTCOMES[outcome]}\n`);
    return outcome === "done" || outcome === "done before" ? show(call, client, account) : EXIT.wrong;
  });
}

/** Freezes or unfreezes an account. */
function changed(call: CommandCall, account: Account, states: Parameters<typeof changeStateOf>[3]): Promise<ExitCode> {
  const by = actorOf(call);
  return onOperatorDatabase(call.configuration, async (client) =>
    told(call, client, account, await changeStateOf(client, account, by, states)),
  );
}

function renamed(call: CommandCall, account: Account): Promise<ExitCode> {
  const [by, name] = [actorOf(call), nameOf(call)];
  return onOperatorDatabase(call.configuration, async (client) =>
    told(call, client, account, await rename(client, account, by, name)),
  );
}

/** Changes the card of a client. */
function cardOf(call: CommandCall, account: Account, verb: CardVerb): Promise<ExitCode> {
  if (account.kind !== "client") throw new UsageError("Merchants have no cards: give --client.");
  const by = actorOf(call);
  return onOperatorDatabase(call.configuration, async (client) => {
    const holder = await readAccount(client, account);
    const card =
      verb === "remove-card" || holder === undefined ? undefined : await cardToStore(call, account.id, holder.name);
    return told(call, client, account, await changeCard(client, account, by, { verb, card }));
  });
}

function payOutAccount(call: CommandCall, account: Account): Promise<ExitCode> {
  const by = actorOf(call);
  const { id, amount } = parseTopUp(requiredOption(call, "id"), requiredOption(call, "amount"));
  const movement = { id, amount, currency: currencyOf(call) };
  return onOperatorDatabase(call.configuration, async (client) =>
    told(call, client, account, await payOut(client, account, by, movement)),
  );
}

function told(call: CommandCall, client: pg.Client, account: Account, refusal: Refusal): Promise<ExitCode> | ExitCode {
  if (refusal === undefined) return show(call, client, account);
  call.terminal.err(`${refusal}\n`);
  return EXIT.wrong;
}

function statement(call: CommandCall, account: Account): Promise<ExitCode> {
  const format = formatOf(call);
  if (format !== undefined) {
    return onOperatorDatabase(call.configuration, async (client) => {
      if (await exportStatement(call, client, account, format)) return EXIT.ok;
      call.terminal.err(`${thereIsNo(account)}\n`);
      return EXIT.wrong;
    });
  }
  if ((textOption(call, "from") ?? textOption(call, "to")) !== undefined) {
    throw new UsageError("--from and --to are for a statement with --format.");
  }
  const limit = numberOption(call, "limit", { minimum: 1, maximum: 1_000, otherwise: 20 });
  return onOperatorDatabase(call.configuration, async (client) => {
    if ((await readAccount(client, account)) === undefined) {
      call.terminal.err(`${thereIsNo(account)}\n`);
      return EXIT.wrong;
    }
    const entries = await newestEntries(client, account, limit);
    const rows = entries.map(({ time, kind, paymentId, refundId, amount, balance }) => [
      ...[time.toISOString(), kind, refundId || paymentId, amount.toString(), balance.toString()],
    ]);
    const table = formatColumns([["time", "kind", "of", "amount", "balance"], ...rows]);
    call.terminal.out(call.json ? `${toJson({ entries })}\n` : `${table}\n`);
    return EXIT.ok;
  });
}

const OUTCOMES: Readonly<Record<Exclude<TopUpOutcome, "done">, string>> = {
  "done before": "This top-up was made before; nothing was moved.",
  "id used for another": "This --id was used for another account, currency or amount; nothing was moved.",
  "no such open account in that currency": "There is no such account, open and in that currency; nothing was moved.",
};
