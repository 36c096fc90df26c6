/**
 * The tables of client-bank (steps 3, 5b and R3), in a PostgreSQL schema of its own. They have no foreign keys: a batch
 * locks its clients itself before it writes, and the check of each row would cost a third of the statement again.
 * The books statement (docs/operating/books.md) finds whatever points to nothing.
 * A table that every payment writes has its rules in a function of the schema (migrations/0012_row-rules.sql), beside one
 * on the balance: PostgreSQL reads a rule of the table again for each statement that writes there, and a
 * function once for each connection.
 */
import { sql } from "drizzle-orm";
import {
  type AnyPgColumn,
  bigint,
  check,
  index,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  smallint,
  text,
  timestamp,
  unique,
  uniqueIndex,
} from "drizzle-orm/pg-core";
import { DECLINE_REASONS, REFUND_DECLINE_REASONS } from "../shared/decline.js";

export const clientBankSchema = pgSchema("client_bank");

const minorUnits = (name: string) => bigint(name, { mode: "bigint" });
const time = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });
const quoted = (texts: readonly string[]) => sql.raw(texts.map((text) => `'${text}'`).join(", "));

/** A row that does not stand says why: by its reason, by the row that stands, and by the fields that differ. */
const reuseIsWhole = (table: { declineReason: AnyPgColumn; standingId: AnyPgColumn; differingFields: AnyPgColumn }) =>
  sql`(${table.declineReason} IS NOT DISTINCT FROM 'REQUEST_ID_REUSED') = (${table.standingId} IS NOT NULL)
    AND (${table.standingId} IS NULL) = (${table.differingFields} IS NULL)`;

/** The bank's clients; each has one account, and a card or none. The balance is a cache of opening balance and entries. */
export const clients = clientBankSchema.table(
  "clients",
  {
    id: text().primaryKey(),
    name: text().notNull(),
    /** JWE under the bank's storage key, which this service does not hold; null without a card, as all that is of it. */
    sealedCard: text("sealed_card"),
    cardFingerprint: text("card_fingerprint"),
    /**
     * The fingerprint under the key before, while keys of fingerprints change: the card is found by either, so that no
     * message that was made under the other key is lost on its client.
     */
    formerCardFingerprint: text("former_card_fingerprint"),
    cardExpiryMonth: smallint("card_expiry_month"),
    cardExpiryYear: smallint("card_expiry_year"),
    /** What may be shown of the card; null in rows that were made before it was kept. */
    cardBrand: text("card_brand"),
    cardLastFour: text("card_last_four"),
    currency: text().notNull(),
    balance: minorUnits("balance").notNull(),
    openingBalance: minorUnits("opening_balance").notNull(),
    /** Of the balance: what the client's authorised payments hold. The rest is what can be spent. */
    held: minorUnits("held").notNull().default(sql`0`),
    /** Payments of one that is frozen or closed are declined. */
    state: text({ enum: ["open", "frozen", "closed"] }).notNull(),
    /** When it was opened, and last changed by an operator; null in rows that were made before it was kept. */
    createTime: time("create_time"),
    updateTime: time("update_time"),
    /** Payments that had another expiry date than the card's, in the window that began with the first of them. */
    wrongExpiries: integer("wrong_expiries").notNull().default(0),
    wrongExpiriesSince: time("wrong_expiries_since"),
  },
  (table) => [
    unique("clients_card_fingerprint").on(table.cardFingerprint),
    uniqueIndex("clients_former_card_fingerprint")
      .on(table.formerCardFingerprint)
      .where(sql`${table.formerCardFingerprint} IS NOT NULL`),
    check("clients_balance", sql`${table.held} >= 0 AND ${table.balance} >= ${table.held}`),
    check(
      "clients_whole",
      sql`client_bank.is_client(${table.id}, ${table.cardFingerprint}, ${table.cardExpiryMonth}, ${table.cardExpiryYear},
        ${table.currency}, ${table.openingBalance}, ${table.state})`,
    ),
  ],
);

/**
 * Payments of each merchant that had a card that nobody has, or another expiry date than the card's, in the window that
 * began with the first of them.
 */
export const cardGuesses = clientBankSchema.table("card_guesses", {
  merchantId: text("merchant_id").primaryKey(),
  guesses: integer().notNull(),
  since: time("since").notNull(),
});

/**
 * Who changed an account, when, how and why. Rows are added and never changed. With its request_id a change is made once,
 * however often it is asked for.
 */
export const accountActions = clientBankSchema.table(
  "account_actions",
  {
    id: bigint({ mode: "bigint" }).primaryKey().generatedAlwaysAsIdentity(),
    time: time("time").notNull(),
    /** The subject of the caller's token. */
    actor: text().notNull(),
    /** The method, for example `TopUpClient`. */
    action: text().notNull(),
    /** The client's id. */
    account: text().notNull(),
    reason: text().notNull(),
    requestId: text("request_id"),
    /** SHA-256 of all that the call chose. */
    parametersHash: text("parameters_hash").notNull(),
  },
  (table) => [
    uniqueIndex("account_actions_request").on(table.requestId).where(sql`${table.requestId} IS NOT NULL`),
    index("account_actions_account").on(table.account, table.id),
  ],
);

/** What was taken from clients and is owed to the merchants' bank, for each currency. It may be negative. */
export const clearingAccounts = clientBankSchema.table(
  "clearing_accounts",
  { currency: text().primaryKey(), balance: minorUnits("balance").notNull() },
  (table) => [check("clearing_accounts_currency", sql`${table.currency} ~ '^[A-Z]{3}$'`)],
);

/** Every payment that reached step 3, forever. */
export const payments = clientBankSchema.table(
  "payments",
  {
    id: text().primaryKey(),
    merchantId: text("merchant_id").notNull(),
    requestId: text("request_id").notNull(),
    parametersHash: text("parameters_hash").notNull(),
    currency: text().notNull(),
    amount: minorUnits("amount").notNull(),
    description: text().notNull(),
    /** Null when the payment came declined, or no client has the card. */
    clientId: text("client_id"),
    state: text({ enum: ["PENDING", "SUCCEEDED", "DECLINED", "REFUNDED", "AUTHORIZED", "CANCELED"] }).notNull(),
    declineReason: text("decline_reason", { enum: DECLINE_REASONS }),
    cardBrand: text("card_brand").notNull(),
    cardLastFour: text("card_last_four").notNull(),
    cardExpiryMonth: smallint("card_expiry_month").notNull(),
    cardExpiryYear: smallint("card_expiry_year").notNull(),
    /** By these two it is known in what a request with the same request_id differs. Null in rows of older releases. */
    cardFingerprint: text("card_fingerprint"),
    cardHolder: text("card_holder"),
    acceptTime: time("accept_time").notNull(),
    deadline: time("deadline").notNull(),
    validateTime: time("validate_time").notNull(),
    /** When it was decided; of a payment that held money: when that was captured or released, once it was. */
    captureTime: time("capture_time").notNull(),
    settleTime: time("settle_time"),
    finishTime: time("finish_time"),
    /**
     * Taken from the client: the amount, or nothing when the client's side declined; of a payment that held money, what was
     * captured of it.
     */
    capturedAmount: minorUnits("captured_amount").notNull(),
    /** Of that, reversed because the merchant's side declined. */
    givenBackAmount: minorUnits("given_back_amount").notNull(),
    /** Of that, returned by refunds. */
    refundedAmount: minorUnits("refunded_amount").notNull().default(sql`0`),
    /** Of a payment that is declined because its request_id was used before: the one that stands. */
    standingId: text("standing_id"),
    differingFields: text("differing_fields").array(),
    /** The merchant's own data. Null where it gave none, which takes no room in the row. */
    clientReference: text("client_reference"),
    metadata: jsonb(),
    /** When a refund changed it last. Null while none did, and where a release that did not keep it did so. */
    lastRefundTime: time("last_refund_time"),
    /** `manual` when its money is held until it is captured. Null, which takes no room, when it is taken at once. */
    capture: text({ enum: ["manual"] }),
    /** When its money was held; null when it never was. */
    authorizeTime: time("authorize_time"),
    /** Until when it is held; of a hold that expired, when its end is told again. Null while nothing is to be done for it. */
    holdExpireTime: time("hold_expire_time"),
  },
  (table) => [
    // Of all the payments that were asked for under one request_id, one stands.
    uniqueIndex("payments_request").on(table.merchantId, table.requestId).where(sql`${table.standingId} IS NULL`),
    // The others, which are few, by the same: reads by request_id find them here.
    index("payments_reused").on(table.merchantId, table.requestId).where(sql`${table.standingId} IS NOT NULL`),
    // Read backwards for a merchant's list, newest first.
    index("payments_by_time").on(table.merchantId, table.acceptTime, table.id),
    // The same of those with one reference; a payment without one costs it nothing.
    index("payments_reference")
      .on(table.merchantId, table.clientReference, table.acceptTime, table.id)
      .where(sql`${table.clientReference} IS NOT NULL`),
    // For the audit of the latest ones. It says where on the disk a time lies: it costs nearly nothing to keep.
    index("payments_capture_time").using("brin", table.captureTime),
    // Those that hold money. Its columns do not change when another payment is finished, which stays off every index.
    index("payments_hold_expire_time").on(table.holdExpireTime).where(sql`${table.holdExpireTime} IS NOT NULL`),
    // Also what each state says of the money: a declined or a canceled payment keeps none, and a hold has taken none yet.
    check(
      "payments_whole",
      sql`client_bank.is_payment(${table.currency}, ${table.amount}, ${table.clientId}, ${table.state}, ${table.declineReason},
        ${table.cardExpiryMonth}, ${table.settleTime}, ${table.finishTime}, ${table.capturedAmount}, ${table.givenBackAmount},
        ${table.refundedAmount}, ${table.standingId}, ${table.differingFields}, ${table.capture}, ${table.authorizeTime},
        ${table.holdExpireTime})`,
    ),
  ],
);

/** Every refund that reached step R3, declined ones too, forever. */
export const refunds = clientBankSchema.table(
  "refunds",
  {
    id: text().primaryKey(),
    paymentId: text("payment_id").notNull(),
    merchantId: text("merchant_id").notNull(),
    requestId: text("request_id").notNull(),
    parametersHash: text("parameters_hash").notNull(),
    /** With the amount null when the request named none and was declined. */
    currency: text(),
    amount: minorUnits("amount"),
    state: text({ enum: ["SUCCEEDED", "DECLINED"] }).notNull(),
    declineReason: text("decline_reason", { enum: REFUND_DECLINE_REASONS }),
    acceptTime: time("accept_time").notNull(),
    debitTime: time("debit_time").notNull(),
    finishTime: time("finish_time").notNull(),
    /** As of payments: the refund that stands. */
    standingId: text("standing_id"),
    differingFields: text("differing_fields").array(),
    /** As of payments. */
    clientReference: text("client_reference"),
    metadata: jsonb(),
  },
  (table) => [
    uniqueIndex("refunds_request").on(table.merchantId, table.requestId).where(sql`${table.standingId} IS NULL`),
    index("refunds_reused").on(table.merchantId, table.requestId).where(sql`${table.standingId} IS NOT NULL`),
    index("refunds_by_time").on(table.merchantId, table.acceptTime, table.id),
    index("refunds_reference")
      .on(table.merchantId, table.clientReference, table.acceptTime, table.id)
      .where(sql`${table.clientReference} IS NOT NULL`),
    index("refunds_payment").on(table.paymentId),
    check("refunds_amount", sql`${table.amount} > 0 AND ${table.currency} ~ '^[A-Z]{3}$'`),
    check("refunds_whole_amount", sql`(${table.amount} IS NULL) = (${table.currency} IS NULL)`),
    check("refunds_reuse", reuseIsWhole(table)),
    check("refunds_decline_reason", sql`${table.declineReason} IN (${quoted(REFUND_DECLINE_REASONS)})`),
    check(
      "refunds_verdict",
      sql`CASE ${table.state}
        WHEN 'SUCCEEDED' THEN ${table.declineReason} IS NULL AND ${table.amount} IS NOT NULL
        WHEN 'DECLINED' THEN ${table.declineReason} IS NOT NULL
        ELSE false
      END`,
    ),
  ],
);

/**
 * Ids that requests have under other keys than the one that they are recorded under. Each was told to a caller, as one of
 * a payment or a refund on its way, before it was known that the request was recorded already: it reads what stands.
 */
export const otherIds = clientBankSchema.table("other_ids", {
  id: text().primaryKey(),
  /** The id of the payment or the refund. */
  recordedAs: text("recorded_as").notNull(),
});

/**
 * Until when an operator lets payments be captured that come after their deadline. Rows are added by the operator's
 * command line and never changed: the latest deadline counts, and all of them tell who moved it, when and why.
 */
export const deadlineExtensions = clientBankSchema.table(
  "deadline_extensions",
  {
    /** It need not be recorded yet: it is on a queue or among the dead letters. */
    paymentId: text("payment_id").notNull(),
    deadline: time("deadline").notNull(),
    actor: text().notNull(),
    reason: text().notNull(),
    time: time("time").notNull().defaultNow(),
  },
  (table) => [primaryKey({ name: "deadline_extensions_pkey", columns: [table.paymentId, table.deadline] })],
);

/**
 * Double entry: each movement is a debit and a credit that add up to zero. Entries are never changed or deleted (the
 * service's role may not), and the key lets a payment be captured once and
 * reversed once, and each refund be credited once.
 */
export const ledgerEntries = clientBankSchema.table(
  "ledger_entries",
  {
    /** The payment; of an operator's top-up or payout, its own id. */
    paymentId: text("payment_id").notNull(),
    kind: text({ enum: ["capture", "return", "refund", "top-up", "pay-out"] }).notNull(),
    direction: text({ enum: ["debit", "credit"] }).notNull(),
    /** A client's id, `clearing`, or `funding`: the world outside, from which a top-up comes and whose balance nobody keeps. */
    account: text().notNull(),
    currency: text().notNull(),
    /** What the movement adds to the account's balance: negative for a debit. */
    amount: minorUnits("amount").notNull(),
    time: time("time").notNull(),
    /** The refund that moves the money; empty for the payment's own movements. */
    refundId: text("refund_id").notNull().default(""),
  },
  (table) => [
    primaryKey({
      name: "ledger_entries_once",
      columns: [table.paymentId, table.refundId, table.kind, table.direction],
    }),
    index("ledger_entries_outside").on(table.currency).where(sql`${table.kind} IN ('top-up', 'pay-out')`),
    // For statements and reports. The accounts of the banks' own, in which every payment is, are left out.
    index("ledger_entries_account")
      .on(table.account, table.time, table.kind, table.amount)
      .where(sql`${table.account} NOT IN ('clearing', 'funding')`),
    check(
      "ledger_entries_whole",
      sql`client_bank.is_entry(${table.kind}, ${table.direction}, ${table.amount}, ${table.refundId})`,
    ),
  ],
);
