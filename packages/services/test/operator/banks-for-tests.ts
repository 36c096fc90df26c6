/** Both banks with the demo bank in them, for tests on a real PostgreSQL, and messages to give them. */
import type { RefundRequested } from "../../dist/merchant-bank/decide-refunds.js";
import { BOOKS_STATEMENT, type BooksLine } from "../../dist/operator/books-statement.js";
import { type DemoClient, demoClients } from "../../dist/operator/demo-bank.js";
import { loadDemoBank } from "../../dist/operator/load-demo-bank.js";
import { migrate } from "../../dist/operator/migrate.js";
import { type Database, openDatabase, type Transaction } from "../../dist/platform/database.js";
import { isTransient } from "../../dist/platform/sqlstate.js";
import { fingerprintCard, fingerprintHolder } from "../../dist/shared/card-fingerprint.js";
import type {
  BankResultMessage,
  TransactionResultMessage,
  ValidationResultMessage,
} from "../../dist/shared/messages.js";
import { captureLog } from "../support/captured-log.js";
import { type RolePasswords, type TestDatabase, useDatabase } from "../support/database-for-tests.js";
import { ringText } from "../support/key-rings.js";
import { ROLE_PASSWORDS } from "../support/role-passwords.js";

export const FINGERPRINT_KEY = Buffer.alloc(32, 1);
export const STORAGE_KEY = Buffer.alloc(32, 2);

/** Keys of the demo bank in tests. */
export const DEMO_KEYS = {
  CARD_FINGERPRINT_KEYS: ringText(FINGERPRINT_KEY),
  CARD_STORAGE_KEYS: ringText(STORAGE_KEY),
};

/** Migrates and loads the demo bank, as `npm start` does. */
export async function prepareBanks(url: string): Promise<RolePasswords> {
  await migrate({ adminUrl: url, passwords: ROLE_PASSWORDS });
  await loadDemoBank({ url, keys: DEMO_KEYS });
  return ROLE_PASSWORDS;
}

export interface Banks {
  readonly superuser: TestDatabase;
  readonly clientBank: Database;
  readonly merchantBank: Database;
}

/** Gives the suite that calls it both banks, each through its own role. */
export function useBanks(): () => Banks {
  let banks: Banks | undefined;
  // Before useDatabase's own: hooks run in the order in which they are named, and the connections close first.
  after(() => Promise.all([banks?.clientBank.close(), banks?.merchantBank.close()]));
  const superuser = useDatabase({ prepare: prepareBanks });
  before(() => {
    const open = (role: string) =>
      openDatabase({ url: superuser().urlOf(role), poolSize: 8, service: role, log: captureLog().log });
    banks = { superuser: superuser(), clientBank: open("client_bank"), merchantBank: open("merchant_bank") };
  });
  return () => {
    if (banks === undefined) throw new Error("The banks exist only inside hooks and tests.");
    return banks;
  };
}

/** What the books statement finds wrong. */
export async function wrongBooks(database: TestDatabase): Promise<string[]> {
  return complaintsOf(await database.query<BooksLine & Record<string, unknown>>(BOOKS_STATEMENT));
}

/** The lines that are wrong, as text. */
export function complaintsOf(lines: readonly BooksLine[]): string[] {
  return lines
    .filter(({ wrong }) => Number(wrong) > 0)
    .map(({ check, wrong, detail }) => `${check}: ${wrong} (${detail})`);
}

/** Runs a transaction as the processor does: again after a transient failure. Tells the failures' codes. */
export async function untilCommitted<T>(
  database: Database,
  work: (transaction: Transaction) => Promise<T>,
  failures: unknown[] = [],
): Promise<T> {
  for (;;) {
    try {
      return await database.transaction(work);
    } catch (error) {
      if (!isTransient(error)) throw error;
      failures.push((error as { code?: unknown }).code);
    }
  }
}

let payments = 0;
const DIGITS = "abcdefghijklmnopqrstuvwxyz234567";

/** A payment id that no other call of this process gave. */
export function nextPaymentId(): string {
  payments += 1;
  let rest = payments;
  let text = "";
  // The changing digits come first, and mixed, so that ids come in no order.
  for (let place = 0; place < 32; place += 1) {
    text += DIGITS[(rest * 13 + place) % 32];
    rest = Math.floor((rest * 13) / 32);
  }
  return `pay_${text.slice(0, 24)}${String(payments)
    .replace(/\d/g, (digit) => DIGITS[Number(digit)] ?? "")
    .padStart(8, "a")}`;
}

/** A client of the demo bank that is open, generated, and of this currency; `place` picks one of them. */
export function someClient(place: number, currency = "EUR"): DemoClient {
  const fitting = demoClients()
    .slice(12)
    .filter((client) => client.state === "open" && client.currencyCode === currency);
  return fitting[place] as DemoClient;
}

/** What step 2 says of a payment by a client's card that is good. */
export function validationResult(
  client: Pick<DemoClient, "card" | "currencyCode">,
  changed: Partial<ValidationResultMessage> = {},
): ValidationResultMessage {
  const paymentId = changed.paymentId ?? nextPaymentId();
  return {
    version: 1,
    paymentId,
    requestId: `request-${paymentId.slice(4)}`,
    merchantId: "m-0001",
    parametersHash: "h".repeat(43),
    amount: { currencyCode: client.currencyCode, minorUnits: "1000" },
    description: "A test",
    acceptTime: new Date(Date.now() - 20).toISOString(),
    // Far enough for a fixture that is made when its file is loaded, long before its tests are reached.
    deadline: new Date(Date.now() + 3_600_000).toISOString(),
    card: {
      brand: "visa",
      lastFour: client.card.number.slice(-4),
      expiryMonth: client.card.expiryMonth,
      expiryYear: client.card.expiryYear,
      fingerprint: fingerprintCard(client.card.number, FINGERPRINT_KEY),
      holder: fingerprintHolder(client.card.holderName, FINGERPRINT_KEY),
    },
    validateTime: new Date(Date.now() - 10).toISOString(),
    ...changed,
  };
}

/** What step 3 says of the same payment. */
export function bankResult(
  validation: ValidationResultMessage,
  changed: Partial<BankResultMessage> = {},
): BankResultMessage {
  return { ...validation, captureTime: new Date().toISOString(), ...changed };
}

/** What step 4 says of the same payment. */
export function transactionResult(
  validation: ValidationResultMessage,
  changed: Partial<TransactionResultMessage> = {},
): TransactionResultMessage {
  return { ...bankResult(validation), settleTime: new Date().toISOString(), ...changed };
}

/** What step R1 says of a refund of a payment: all that is left of it unless `minorUnits` are given. */
export function refundOf(
  payment: Pick<ValidationResultMessage, "paymentId" | "merchantId" | "amount"> | undefined,
  minorUnits?: string,
  changed: Partial<RefundRequested> = {},
): RefundRequested {
  if (payment === undefined) throw new Error("There is no payment to refund.");
  const id = nextPaymentId().slice(4);
  return {
    version: 1,
    refundId: `ref_${id}`,
    paymentId: payment.paymentId,
    requestId: `refund-${id}`,
    merchantId: payment.merchantId,
    parametersHash: "r".repeat(43),
    ...(minorUnits !== undefined && { amount: { currencyCode: payment.amount.currencyCode, minorUnits } }),
    acceptTime: new Date().toISOString(),
    ...changed,
  };
}

/** The balance of a client or merchant. */
export async function balanceOf(database: TestDatabase, table: string, id: string): Promise<bigint> {
  const [row] = await database.query<{ balance: string }>(`SELECT balance FROM ${table} WHERE id = $1`, [id]);
  return BigInt(row?.balance ?? "-1");
}
