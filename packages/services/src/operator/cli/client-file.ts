/** A CSV file of clients (RFC 4180, UTF-8, the first line names the columns), read in batches and checked row by row. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { CsvError, parse } from "csv-parse";
import { MAXIMUM_AMOUNT } from "../../shared/accounts/check-changes.js";
import { idHoldsCardNumber } from "../../shared/card-number-in-text.js";
import type { CardDetails } from "../../shared/card-seal.js";
import { isClientId } from "../../shared/client-id.js";
import { isCurrency } from "../../shared/currencies.js";
import { isReservedAccount } from "../../shared/reserved-accounts.js";
import { digitsOf, faultOfCardNumber, faultOfName, parseExpiry } from "./client-faults.js";
import { UsageError } from "./command.js";

const REQUIRED = ["id", "name", "currency", "card_number", "card_expiry"] as const;
const OPTIONAL = ["opening_balance"] as const;
type Column = (typeof REQUIRED)[number] | (typeof OPTIONAL)[number];

/** In characters: no row that is right is longer, and one that is must not fill the memory. */
const MAXIMUM_ROW = 10_000;

/** A row that can be imported. */
export interface ClientRow {
  /** Where the row ends in the file, counted from 1. */
  readonly line: number;
  readonly id: string;
  readonly currency: string;
  /** Minor units. */
  readonly openingBalance: bigint;
  /** The name on it is the client's. */
  readonly card: CardDetails;
}

/** A row that is not imported. */
export interface RefusedRow {
  readonly line: number;
  /** Empty where it is not the id of a client: then it may be anything, a card's number too. */
  readonly id: string;
  /** A sentence that holds nothing of the card. */
  readonly reason: string;
}

export interface RowBatch {
  readonly clients: readonly ClientRow[];
  readonly refused: readonly RefusedRow[];
  /** Of the file, behind us once the batch is done: 0 to 1. */
  readonly share: number;
}

/**
 * Reads a file in batches of `size` rows.
 * @throws UsageError when there is no such file, a column is missing or unknown, or the text is not CSV. What came before
 * has been read then.
 */
export async function* readClientFile(path: string, size: number): AsyncGenerator<RowBatch> {
  const bytes = await sizeOf(path);
  const input = createReadStream(path);
  const rows = input.pipe(
    parse({ bom: true, info: true, columns: columnsOf, skip_empty_lines: true, max_record_size: MAXIMUM_ROW }),
  );
  // A pipe does not hand errors on.
  input.once("error", (error) => rows.destroy(error));
  let clients: ClientRow[] = [];
  let refused: RefusedRow[] = [];
  const batch = (share: number): RowBatch => {
    const full = { clients, refused, share };
    clients = [];
    refused = [];
    return full;
  };
  try {
    for await (const { record, info } of rows as AsyncIterable<Parsed>) {
      const row = checkRow(record, info.lines);
      if ("reason" in row) refused.push(row);
      else clients.push(row);
      if (clients.length + refused.length === size) yield batch(info.bytes / bytes);
    }
    yield batch(1);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new UsageError(`${path} is not CSV: ${sentenceOf(error)}`);
  } finally {
    input.destroy();
  }
}

interface Parsed {
  readonly record: Readonly<Partial<Record<Column, string>>>;
  readonly info: { readonly lines: number; readonly bytes: number };
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error) throw new UsageError(`${path} cannot be read: ${found.code}.`);
  if (!found.isFile()) throw new UsageError(`${path} is not a file.`);
  return found.size;
}

function columnsOf(header: readonly string[]): Column[] {
  const names = header.map((name) => name.trim().toLowerCase());
  const missing = REQUIRED.filter((name) => !names.includes(name));
  const known: readonly string[] = [...REQUIRED, ...OPTIONAL];
  const unknown = names.filter((name, at) => !known.includes(name) || names.indexOf(name) !== at);
  if (missing.length > 0) throw new UsageError(`The first line names no column ${missing.join(", ")}.`);
  // A file without its first line begins with a client: nothing of it is shown.
  if (unknown.length > 0)
    throw new UsageError(`The first line may name ${known.join(", ")}, each once, and no others.`);
  return names as Column[];
}

/** csv-parse's own messages quote the row, which holds a card's number. */
function sentenceOf(error: CsvError): string {
  const line = (error as { readonly lines?: number }).lines;
  const where = line === undefined ? "" : ` at line ${line}`;
  const what: Readonly<Record<string, string>> = {
    CSV_MAX_RECORD_SIZE: `a row has more than ${MAXIMUM_ROW} characters; is a quotation mark missing?`,
    CSV_RECORD_INCONSISTENT_COLUMNS: "a row has more or fewer fields than the first line",
    CSV_QUOTE_NOT_CLOSED: "a quotation mark is opened and not closed",
    CSV_INVALID_CLOSING_QUOTE: "text follows a closing quotation mark",
    INVALID_OPENING_QUOTE: "a quotation mark stands within a field",
  };
  return `${what[error.code] ?? error.code}${where}. Rows before it were handled.`;
}

function checkRow(record: Parsed["record"], line: number): ClientRow | RefusedRow {
  const id = record.id ?? "";
  const refuse = (reason: string): RefusedRow => ({ line, id: isClientId(id) ? id : "", reason });
  if (idHoldsCardNumber(id)) return { line, id: "", reason: "id must not hold a card's number" };
  if (!isClientId(id)) return refuse("id must be the id of a client, such as c-0001");
  if (isReservedAccount(id)) return refuse("id must be another: it is an account of the banks' own");
  const name = (record.name ?? "").normalize("NFC");
  const faultyName = faultOfName(name);
  if (faultyName !== undefined) return refuse(`name must ${faultyName}`);
  const currency = record.currency ?? "";
  if (!isCurrency(currency)) return refuse("currency must be a code of ISO 4217's list, such as EUR");
  const number = digitsOf(record.card_number ?? "");
  const faultyNumber = faultOfCardNumber(number);
  if (faultyNumber !== undefined) return refuse(`card_number must ${faultyNumber}`);
  const expiry = parseExpiry(record.card_expiry ?? "");
  if (typeof expiry === "string") return refuse(`card_expiry must ${expiry}`);
  const openingBalance = balanceOf(record.opening_balance);
  if (openingBalance === undefined) {
    return refuse(`opening_balance must be a whole number of minor units, 0 to ${MAXIMUM_AMOUNT}`);
  }
  return { line, id, currency, openingBalance, card: { number, ...expiry, holderName: name } };
}

function balanceOf(text: string | undefined): bigint | undefined {
  if (text === undefined || text === "") return 0n;
  const value = /^[0-9]{1,16}$/.test(text) ? BigInt(text) : undefined;
  return value !== undefined && value <= MAXIMUM_AMOUNT ? value : undefined;
}
