/** `accounts list`: the accounts of clients or of merchants, a page at a time, as the API lists them. */
import type { Session } from "../../platform/database.js";
import { type AccountState, CLIENT_BOOKS, MERCHANT_BOOKS } from "../../shared/accounts/account-books.js";
import { pageAccounts } from "../../shared/accounts/page-accounts.js";
import { ManagementError } from "../../shared/management-error.js";
import {
  type CommandCall,
  EXIT,
  type ExitCode,
  formatColumns,
  numberOption,
  textOption,
  toJson,
  UsageError,
} from "./command.js";
import { onOperatorDatabase } from "./operator-database.js";

const STATES: readonly string[] = ["open", "frozen", "closed"] satisfies AccountState[];

interface Row {
  readonly id: string;
  readonly name: string;
  readonly currency: string;
  readonly balance: bigint;
  readonly state: string;
}

export function listAccounts(call: CommandCall): Promise<ExitCode> {
  const kind = textOption(call, "kind");
  if (kind !== "clients" && kind !== "merchants") throw new UsageError("--kind must be clients or merchants.");
  const state = textOption(call, "state");
  if (state !== undefined && !STATES.includes(state)) throw new UsageError(`--state must be ${STATES.join(", ")}.`);
  const request = {
    pageSize: numberOption(call, "limit", { minimum: 1, maximum: 1_000, otherwise: 20 }),
    pageToken: textOption(call, "page") ?? "",
    namePrefix: textOption(call, "name") ?? "",
    currencyCode: textOption(call, "currency") ?? "",
  };
  const list = {
    books: kind === "clients" ? CLIENT_BOOKS : MERCHANT_BOOKS,
    columns: "id, name, currency, balance, state",
  };
  return onOperatorDatabase(call.configuration, async (client) => {
    const database = {
      autoCommit: <T>(work: (session: Session) => Promise<T>) =>
        work({
          query: (statement) =>
            typeof statement === "string"
              ? client.query(statement)
              : client.query({ text: statement.text, values: [...(statement.values ?? [])] }),
        }),
    };
    const page = await pageAccounts<Row>(database, list, state as AccountState | undefined, request).catch(usageOf);
    const rows = page.items.map(({ id, name, currency, balance, state: its }) => [
      id,
      name,
      its,
      currency,
      `${balance}`,
    ]);
    const next = page.nextPageToken === "" ? "" : `More with --page ${page.nextPageToken}\n`;
    const table = formatColumns([["id", "name", "state", "currency", "balance"], ...rows]);
    call.terminal.out(
      call.json ? `${toJson({ accounts: page.items, nextPageToken: page.nextPageToken })}\n` : `${table}\n${next}`,
    );
    return EXIT.ok;
  });
}

/** @throws UsageError for what the options have that no list takes. */
function usageOf(error: unknown): never {
  if (!(error instanceof ManagementError)) throw error;
  const wrong = error.violations.map(({ field, description }) => `${field} ${description}`);
  throw new UsageError(wrong.length > 0 ? `${wrong.join("; ")}.` : error.message);
}
