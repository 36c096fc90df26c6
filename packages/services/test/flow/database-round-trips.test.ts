import { expect } from "chai";
import { capturePayments } from "../../dist/client-bank/step-3-capture.js";
import { finishCycle } from "../../dist/client-bank/step-5b-finish.js";
import { creditRefunds } from "../../dist/client-bank/step-r3-credit.js";
import { settlePayments } from "../../dist/merchant-bank/step-4-settle.js";
import { debitRefunds, refundResult } from "../../dist/merchant-bank/step-r2-debit.js";
import type { ComposedNotification } from "../../dist/notification/compose-notification.js";
import { insertNotifications } from "../../dist/notification/operations/insert-notifications.js";
import { type Database, openDatabase } from "../../dist/platform/database.js";
import {
  bankResult,
  prepareBanks,
  refundOf,
  someClient,
  transactionResult,
  validationResult,
  wrongBooks,
} from "../operator/banks-for-tests.js";
import { captureLog } from "../support/captured-log.js";
import { type CountedDatabase, startCountedDatabase } from "../support/counted-database.js";
import { useDatabase } from "../support/database-for-tests.js";

type Role = "client_bank" | "merchant_bank" | "notification";

/** What each step says to PostgreSQL for a batch, however many messages it holds. It may become less, and never more. */
const BUDGET = {
  "3": { roundTrips: 2, statements: ["begin", "lock-clients", "find-payments", "record-captures", "commit"] },
  "4": { roundTrips: 2, statements: ["begin", "lock-merchants", "find-receipts", "record-settlements", "commit"] },
  "5b": { roundTrips: 2, statements: ["begin", "lock-payments", "finish-payments", "commit"] },
  "5a": { roundTrips: 1, statements: ["insert-notifications"] },
  R2: {
    roundTrips: 2,
    statements: ["begin", "lock-merchants", "lock-receipts", "find-refunds", "record-refunds", "commit"],
  },
  R3: { roundTrips: 2, statements: ["begin", "lock-payments", "find-refunds", "record-refunds", "commit"] },
} as const;

describe("What a batch costs the database", function () {
  this.timeout(60_000);
  let stop: (() => Promise<unknown>) | undefined;
  after(() => stop?.());
  const superuser = useDatabase({ prepare: prepareBanks });
  const lines = new Map<Role, { readonly line: CountedDatabase; readonly database: Database }>();

  before(async () => {
    for (const role of ["client_bank", "merchant_bank", "notification"] as const) {
      const line = await startCountedDatabase(superuser().urlOf(role));
      const database = openDatabase({ url: line.url, poolSize: 1, service: role, log: captureLog().log });
      lines.set(role, { line, database });
      await database.autoCommit((session) => session.query("SELECT 1"));
    }
    stop = async () => {
      for (const { line, database } of lines.values()) {
        await database.close();
        await line.close();
      }
    };
  });

  async function counted<T>(role: Role, work: (database: Database) => Promise<T>) {
    const { line, database } = lines.get(role) as { readonly line: CountedDatabase; readonly database: Database };
    let result: T | undefined;
    const counts = await line.during(async () => {
      result = await work(database);
    });
    return { counts, result: result as T };
  }

  for (const size of [1, 100]) {
    const whole = size === 1 ? "one payment and its refund" : `${size} payments and their refunds`;

    it(`is two round trips a step, and one of notification's, for ${whole}`, async () => {
      const now = () => Date.now();
      const payments = Array.from({ length: size }, (_, place) =>
        validationResult(someClient(place % 20), { amount: { currencyCode: "EUR", minorUnits: "10" } }),
      );
      const refunds = payments.map((payment) => refundOf(payment, "10"));
      const debit = await counted("client_bank", (bank) =>
        bank.transaction((transaction) => capturePayments(transaction, payments, now)),
      );
      const credit = await counted("merchant_bank", (bank) =>
        bank.transaction((transaction) =>
          settlePayments(
            transaction,
            payments.map((payment) => bankResult(payment)),
            now,
          ),
        ),
      );
      const finish = await counted("client_bank", (bank) =>
        bank.transaction((transaction) =>
          finishCycle(
            transaction,
            payments.map((payment) => transactionResult(payment)),
            now,
          ),
        ),
      );
      const notify = await counted("notification", (notification) =>
        notification.autoCommit((session) =>
          insertNotifications(session, { notifications: payments.map(notificationOf) }),
        ),
      );
      const giveBack = await counted("merchant_bank", (bank) =>
        bank.transaction((transaction) => debitRefunds(transaction, refunds, now)),
      );
      const { decisions, receipts } = giveBack.result;
      const results = decisions.flatMap((decision) =>
        decision.outcome === "recorded" ? [refundResult(decision.refund, receipts.get(decision.refund.paymentId))] : [],
      );
      const refund = await counted("client_bank", (bank) =>
        bank.transaction((transaction) => creditRefunds(transaction, results, now)),
      );

      expect({
        "3": debit.counts,
        "4": credit.counts,
        "5b": finish.counts,
        "5a": notify.counts,
        R2: giveBack.counts,
        R3: refund.counts,
      }).to.deep.equal(BUDGET);
      const states = await superuser().query<{ state: string; payments: bigint }>(
        "SELECT state, count(*) AS payments FROM client_bank.payments WHERE id = ANY ($1) GROUP BY state",
        [payments.map(({ paymentId }) => paymentId)],
      );
      expect(states).to.deep.equal([{ state: "REFUNDED", payments: BigInt(size) }]);
      expect(await wrongBooks(superuser())).to.deep.equal([]);
    });
  }

  it("is two round trips for a batch that is recorded already, and nothing is written", async () => {
    const payments = [validationResult(someClient(1)), validationResult(someClient(2))];
    const capture = () =>
      counted("client_bank", (bank) =>
        bank.transaction((transaction) => capturePayments(transaction, payments, Date.now)),
      );
    await capture();
    expect((await capture()).counts).to.deep.equal({
      roundTrips: 2,
      statements: ["begin", "lock-clients", "find-payments", "commit"],
    });
  });
});

function notificationOf({ paymentId }: { readonly paymentId: string }): ComposedNotification {
  return {
    paymentId,
    refundId: "",
    templateName: "payment-succeeded",
    channel: "log",
    language: "en",
    templateVersion: 1,
    subject: "subject",
    body: "body",
    payload: null,
    traceId: null,
    traceparent: null,
    tracestate: null,
  };
}
