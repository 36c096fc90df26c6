import { expect } from "chai";
import type { CaptureDecision } from "../../dist/client-bank/decide-captures.js";
import { getPayments } from "../../dist/client-bank/operations/get-payments.js";
import type { PaymentRecord } from "../../dist/client-bank/payment-record.js";
import { capturePayments } from "../../dist/client-bank/step-3-capture.js";
import type { Transaction } from "../../dist/platform/database.js";
import type { ValidationResultMessage } from "../../dist/shared/messages.js";
import {
  balanceOf,
  nextPaymentId,
  someClient,
  untilCommitted,
  useBanks,
  validationResult,
  wrongBooks,
} from "../operator/banks-for-tests.js";

const CLIENTS = "client_bank.clients";

/** Another request with the request_id of this one. */
function rivalOf(message: ValidationResultMessage, changed: Partial<ValidationResultMessage>): ValidationResultMessage {
  const paymentId = nextPaymentId();
  return { ...message, paymentId, parametersHash: paymentId.slice(4).padEnd(43, "x"), ...changed };
}

function recordOf(decision: CaptureDecision | undefined): PaymentRecord {
  if (decision?.outcome !== "recorded") throw new Error("It was not recorded.");
  return decision.payment;
}

describe("Step 3 on PostgreSQL", function () {
  this.timeout(60_000);
  const banks = useBanks();
  const capture = (messages: readonly ValidationResultMessage[], failures?: unknown[]) =>
    untilCommitted(banks().clientBank, (transaction) => capturePayments(transaction, messages, Date.now), failures);
  const entriesOf = (paymentId: string) =>
    banks().superuser.query(
      `SELECT kind, direction, account, currency, amount FROM client_bank.ledger_entries
       WHERE payment_id = $1 ORDER BY direction`,
      [paymentId],
    );

  afterEach(async () => {
    expect(await wrongBooks(banks().superuser)).to.deep.equal([]);
  });

  it("debits the client, credits the clearing account and records the payment", async () => {
    const client = someClient(0);
    const message = validationResult(client, { amount: { currencyCode: "EUR", minorUnits: "1234" } });
    const [decision] = await capture([message]);
    expect(recordOf(decision)).to.include({ state: "PENDING", declineReason: null, capturedAmount: 1234n });
    expect(await balanceOf(banks().superuser, CLIENTS, client.id)).to.equal(client.openingBalance - 1234n);
    expect(await entriesOf(message.paymentId)).to.deep.equal([
      { kind: "capture", direction: "credit", account: "clearing", currency: "EUR", amount: 1234n },
      { kind: "capture", direction: "debit", account: client.id, currency: "EUR", amount: -1234n },
    ]);
  });

  it("records a payment that came declined with its verdict, and takes no money", async () => {
    const client = someClient(1);
    const message = validationResult(client, { declineReason: "CARD_EXPIRED" });
    const [decision] = await capture([message]);
    expect(recordOf(decision)).to.include({ state: "PENDING", declineReason: "CARD_EXPIRED", capturedAmount: 0n });
    expect(await entriesOf(message.paymentId)).to.deep.equal([]);
    expect(await balanceOf(banks().superuser, CLIENTS, client.id)).to.equal(client.openingBalance);
  });

  it("judges each payment of a client against what the ones before it in the batch left", async () => {
    const client = someClient(2);
    const pay = (minorUnits: bigint) =>
      validationResult(client, { amount: { currencyCode: "EUR", minorUnits: minorUnits.toString() } });
    const decisions = await capture([pay(client.openingBalance - 100n), pay(101n), pay(60n), pay(41n), pay(40n)]);
    expect(decisions.map((decision) => recordOf(decision).declineReason)).to.deep.equal([
      null,
      "INSUFFICIENT_FUNDS",
      null,
      "INSUFFICIENT_FUNDS",
      null,
    ]);
    expect(await balanceOf(banks().superuser, CLIENTS, client.id)).to.equal(0n);
  });

  it("captures a payment once that comes twice in a batch", async () => {
    const client = someClient(3);
    const message = validationResult(client);
    const decisions = await capture([message, validationResult(client), message]);
    expect(decisions.map((decision) => decision.outcome === "recorded" && decision.isNew)).to.deep.equal([
      true,
      true,
      false,
    ]);
    expect(await balanceOf(banks().superuser, CLIENTS, client.id)).to.equal(client.openingBalance - 2_000n);
  });

  it("finds what it decided before, whatever the message says of times and verdict now", async () => {
    const client = someClient(4);
    const message = validationResult(client);
    const [first] = await capture([message]);
    const again = { ...message, deadline: message.acceptTime, declineReason: "CARD_EXPIRED" } as const;
    const [second] = await capture([again]);
    expect(second).to.deep.equal({ outcome: "recorded", payment: recordOf(first), isNew: false });
    expect(await balanceOf(banks().superuser, CLIENTS, client.id)).to.equal(client.openingBalance - 1_000n);
  });

  it("lets the first request of a request_id stand, and declines others with what differs, in one batch and later", async () => {
    const client = someClient(5);
    const message = validationResult(client);
    const other = rivalOf(message, { amount: { currencyCode: "EUR", minorUnits: "7" } });
    const third = rivalOf(message, { description: "Another", card: { ...message.card, holder: "n".repeat(12) } });
    const decisions = await capture([message, other]);
    expect(recordOf(decisions[0])).to.include({ declineReason: null, standingId: null });
    expect(recordOf(decisions[1])).to.deep.include({
      declineReason: "REQUEST_ID_REUSED",
      capturedAmount: 0n,
      amount: 7n,
      clientId: null,
      standingId: message.paymentId,
      differingFields: ["amount.minor_units"],
    });
    expect(recordOf((await capture([third]))[0])).to.deep.include({
      standingId: message.paymentId,
      differingFields: ["card.holder_name", "description"],
    });
    // Again, it is what was recorded, and read from the table.
    expect((await capture([other, message])).map((decision) => recordOf(decision).declineReason)).to.deep.equal([
      "REQUEST_ID_REUSED",
      null,
    ]);
    expect(await balanceOf(banks().superuser, CLIENTS, client.id)).to.equal(client.openingBalance - 1_000n);
  });

  it("records the merchant's own data, and tells a request with other data from the one that stands", async () => {
    const data = { clientReference: 'order "17", {NULL}', metadata: { basket: "17", "2": "caf\u00e9 \\", a: '"' } };
    const message = validationResult(someClient(60), data);
    const none = validationResult(someClient(60));
    const rival = rivalOf(message, { clientReference: undefined, metadata: { basket: "18" } });
    const other = rivalOf(none, { metadata: { basket: "17" } });
    await capture([message, none]);
    const read = await banks().clientBank.autoCommit((session) =>
      getPayments(session, [message.paymentId, none.paymentId]),
    );
    expect(read.get(message.paymentId)).to.deep.include(data);
    expect(read.get(none.paymentId)).to.include({ clientReference: null, metadata: null });
    expect((await capture([rival, other])).map((decision) => recordOf(decision).differingFields)).to.deep.equal([
      ["client_reference", "metadata"],
      ["metadata"],
    ]);
    // The same data in another order is the same request, under whichever key its id was made.
    const again = rivalOf(message, { metadata: { a: '"', "2": "caf\u00e9 \\", basket: "17" } });
    const [same] = await capture([again]);
    expect(same && recordOf(same).id).to.equal(message.paymentId);
  });

  it("lets exactly one stand of rivals that many processes record at once, by cards of different clients", async () => {
    const failures: unknown[] = [];
    for (let round = 0; round < 10; round += 1) {
      const first = validationResult(someClient(44));
      const rivals = Array.from({ length: 8 }, (_, place) =>
        place === 0 ? first : rivalOf(validationResult(someClient(44 + place)), { requestId: first.requestId }),
      );
      const decisions = (await Promise.all(rivals.map((rival) => capture([rival], failures)))).flat().map(recordOf);
      const standing = decisions.filter(({ standingId }) => standingId === null);
      expect(standing, "stand").to.have.length(1);
      for (const { id, standingId, declineReason } of decisions) {
        if (id === standing[0]?.id) continue;
        expect({ standingId, declineReason }).to.deep.equal({
          standingId: standing[0]?.id,
          declineReason: "REQUEST_ID_REUSED",
        });
      }
    }
    expect(failures, "some of them met").to.include("40001");
  });

  it("never deadlocks when batches hold rivals of the same requests in crossing orders", async () => {
    const failures: unknown[] = [];
    for (let round = 0; round < 5; round += 1) {
      const firsts = Array.from({ length: 20 }, (_, place) => validationResult(someClient(10 + place)));
      const seconds = firsts.map((first) =>
        rivalOf(first, { declineReason: "CARD_EXPIRED", amount: { currencyCode: "EUR", minorUnits: "1" } }),
      );
      await Promise.all([capture(firsts, failures), capture(seconds.toReversed(), failures)]);
    }
    expect(failures.filter((code) => code === "40P01")).to.deep.equal([]);
  });

  it("captures each payment once when several processes are given the same batch", async () => {
    const clients = [6, 7, 8, 9].map((place) => someClient(place));
    const good = clients.flatMap((client) => Array.from({ length: 10 }, () => validationResult(client)));
    const unknown = Array.from({ length: 20 }, () =>
      validationResult(clients[0] as (typeof clients)[0], { declineReason: "INVALID_CARD_NUMBER" }),
    );
    const batch = [...good, ...unknown];
    const all = await Promise.all(
      Array.from({ length: 6 }, (_, turn) => capture(turn % 2 === 0 ? batch : batch.toReversed())),
    );
    expect(all.flat().filter((decision) => decision.outcome === "recorded" && decision.isNew)).to.have.length(60);
    for (const client of clients) {
      expect(await balanceOf(banks().superuser, CLIENTS, client.id)).to.equal(client.openingBalance - 10_000n);
    }
  });

  it("never deadlocks when batches hold the same clients and currencies in crossing orders", async () => {
    const clients = Array.from({ length: 20 }, (_, place) => [
      someClient(10 + place),
      someClient(10 + place, "USD"),
      someClient(place, "GBP"),
    ]).flat();
    const failures: unknown[] = [];
    await Promise.all(
      Array.from({ length: 8 }, async (_, worker) => {
        for (let round = 0; round < 5; round += 1) {
          const order = worker % 2 === 0 ? clients : clients.toReversed();
          await capture(
            order.map((client) => validationResult(client)),
            failures,
          );
        }
      }),
    );
    expect(failures).to.deep.equal([]);
  });

  it("spends a hot account to the last unit, and no further, from many processes at once", async () => {
    const client = someClient(40);
    const amount = client.openingBalance / 100n;
    const rest = client.openingBalance % 100n;
    const batch = () =>
      Array.from({ length: 15 }, () =>
        validationResult(client, { amount: { currencyCode: "EUR", minorUnits: amount.toString() } }),
      );
    const decisions = (await Promise.all(Array.from({ length: 8 }, () => capture(batch())))).flat();
    const captured = decisions.filter((decision) => recordOf(decision).declineReason === null);
    expect(captured).to.have.length(100);
    expect(await balanceOf(banks().superuser, CLIENTS, client.id)).to.equal(rest);
  });

  it("leaves nothing of a batch in which one statement fails", async () => {
    const client = someClient(41);
    const [good, bad] = [validationResult(client), validationResult(client)];
    const admin = banks().superuser;
    await admin.query(
      `INSERT INTO client_bank.ledger_entries VALUES ($1, 'capture', 'credit', 'clearing', 'EUR', 5, now())`,
      [bad.paymentId],
    );
    const failure = await capture([good, bad]).catch((error: unknown) => error);
    expect(failure).to.have.property("code", "23505");
    await admin.query("DELETE FROM client_bank.ledger_entries WHERE payment_id = $1", [bad.paymentId]);
    expect(await entriesOf(good.paymentId)).to.deep.equal([]);
    expect(await balanceOf(admin, CLIENTS, client.id)).to.equal(client.openingBalance);
  });

  it("rejects a message whose id is not of its parameters, or that nobody can compare with the recorded one, and records the rest", async () => {
    const first = validationResult(someClient(42));
    await capture([first]);
    const neighbour = validationResult(someClient(42));
    const decisions = await capture([
      { ...first, paymentId: nextPaymentId(), card: { ...first.card, holder: undefined } },
      { ...first, parametersHash: "x".repeat(43) },
      neighbour,
    ]);
    expect(decisions.map(({ outcome }) => outcome)).to.deep.equal(["impossible", "impossible", "recorded"]);
    expect(await entriesOf(neighbour.paymentId)).to.have.length(2);
  });

  it("debits a request once that comes again under another key of payment ids, and finds it by both ids", async () => {
    const client = someClient(44);
    const first = validationResult(client);
    const [again, inOneBatch] = [nextPaymentId(), nextPaymentId()];
    const before = await balanceOf(banks().superuser, CLIENTS, client.id);
    const keys = { parametersHash: "x".repeat(43), alternateIds: [nextPaymentId(), first.paymentId] };
    await capture([first]);
    const decisions = await capture([
      { ...first, ...keys, paymentId: again },
      { ...first, ...keys, paymentId: inOneBatch },
    ]);
    expect(decisions.map((decision) => [recordOf(decision).id, decision.outcome === "recorded" && decision.isNew]))
      .to //
      .deep.equal([
        [first.paymentId, false],
        [first.paymentId, false],
      ]);
    const amount = BigInt(first.amount.minorUnits);
    expect(await balanceOf(banks().superuser, CLIENTS, client.id)).to.equal(before - amount);
    const found = await banks().clientBank.autoCommit((reader) =>
      getPayments(reader, [again, inOneBatch, first.paymentId]),
    );
    expect([...found].map(([asked, { id }]) => [asked, id])).to.have.deep.members(
      [again, inOneBatch, first.paymentId].map((asked) => [asked, first.paymentId]),
    );
  });

  it("finds a client by the fingerprint under the key before, while keys of fingerprints change", async () => {
    const client = someClient(45);
    const message = validationResult(client);
    const next = "n".repeat(43);
    await banks().superuser.query(
      `UPDATE ${CLIENTS} SET former_card_fingerprint = card_fingerprint, card_fingerprint = $2 WHERE id = $1`,
      [client.id, next],
    );
    const rotated = validationResult(client, { card: { ...message.card, fingerprint: next } });
    const decisions = await capture([message, rotated]);
    expect(decisions.map((decision) => recordOf(decision).clientId)).to.deep.equal([client.id, client.id]);
    // The same request_id with another description is another request, and of the same card.
    const [reused] = await capture([
      { ...message, paymentId: nextPaymentId(), card: { ...message.card, fingerprint: next }, description: "other" },
    ]);
    expect(recordOf(reused as CaptureDecision).differingFields).to.deep.equal(["description"]);
  });

  it("keeps every balance above zero by a constraint as well", async () => {
    const failure = await banks()
      .superuser.query(`UPDATE ${CLIENTS} SET balance = -1 WHERE id = $1`, [someClient(43).id])
      .catch((error: unknown) => error);
    expect(failure).to.include({ code: "23514", constraint: "clients_balance" });
  });

  describe("after the deadline", () => {
    const PASSED = new Date(Date.now() - 60_000).toISOString();
    const later = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();
    const extend = (paymentId: string, deadline: string) =>
      banks().superuser.query(
        "INSERT INTO client_bank.deadline_extensions (payment_id, deadline, actor, reason) VALUES ($1, $2, 'ada', 'ours')",
        [paymentId, deadline],
      );

    /** Captures with the names of the statements that it took. */
    async function captureTold(messages: readonly ValidationResultMessage[]) {
      const names: string[] = [];
      const decisions = await banks().clientBank.transaction((transaction) => {
        const query: Transaction["query"] = (statement) => {
          if (typeof statement !== "string") names.push(statement.name ?? "");
          return transaction.query(statement);
        };
        return capturePayments({ query, commit: () => transaction.commit() }, messages, Date.now);
      });
      return { names, records: decisions.map(recordOf) };
    }

    it("declines a payment, and captures one whose deadline an operator moved, with the deadline that counted", async () => {
      const [late, moved] = [1, 2].map(() => validationResult(someClient(5), { deadline: PASSED }));
      if (late === undefined || moved === undefined) throw new Error("There is no message.");
      const until = later(60);
      await extend(moved.paymentId, later(30));
      await extend(moved.paymentId, until);
      const { records } = await captureTold([late, moved]);
      expect(records[0]).to.include({ declineReason: "DEADLINE_PASSED", capturedAmount: 0n, deadline: PASSED });
      expect(records[1]).to.include({ declineReason: null, capturedAmount: 1_000n, deadline: until });
    });

    it("declines one whose moved deadline has passed as well, and never makes a deadline earlier", async () => {
      const late = validationResult(someClient(6), { deadline: PASSED });
      const early = validationResult(someClient(6));
      await extend(late.paymentId, new Date(Date.now() - 1_000).toISOString());
      await extend(early.paymentId, PASSED);
      const { records } = await captureTold([late, early]);
      expect(records.map(({ declineReason }) => declineReason)).to.deep.equal(["DEADLINE_PASSED", null]);
      expect(records[1]?.deadline).to.equal(early.deadline);
    });

    it("asks for moved deadlines only where one has passed and nothing is recorded", async () => {
      const late = validationResult(someClient(7), { deadline: PASSED });
      const inTime = [
        validationResult(someClient(7)),
        validationResult(someClient(8), { declineReason: "CARD_EXPIRED" }),
      ];
      const asks = async (messages: readonly ValidationResultMessage[]) =>
        (await captureTold(messages)).names.filter((name) => name === "find-deadline-extensions").length;
      expect(await asks(inTime)).to.equal(0);
      expect(await asks([...inTime, late])).to.equal(1);
      expect(await asks([late]), "it is recorded now").to.equal(0);
    });
  });
});
