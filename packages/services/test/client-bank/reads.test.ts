import { expect } from "chai";
import { getPayments } from "../../dist/client-bank/operations/get-payments.js";
import { listPayments, PAYMENTS } from "../../dist/client-bank/operations/list-payments.js";
import { type PageQuery, pageStatement, SCANNED_ROWS } from "../../dist/client-bank/operations/page-statement.js";
import { paymentViewOf } from "../../dist/client-bank/payment-record.js";
import { readPage } from "../../dist/client-bank/read-page.js";
import { capturePayments } from "../../dist/client-bank/step-3-capture.js";
import { paymentView } from "../../dist/shared/messages.js";
import { someClient, untilCommitted, useBanks, validationResult } from "../operator/banks-for-tests.js";

describe("Reading payments", function () {
  this.timeout(60_000);
  const banks = useBanks();
  const record = (...messages: ReturnType<typeof validationResult>[]) =>
    untilCommitted(banks().clientBank, (transaction) => capturePayments(transaction, messages, Date.now));

  it("gives a payment as the messages know it", async () => {
    const message = validationResult(someClient(0), { merchantId: "m-0010" });
    await record(message);
    const { paymentId } = message;
    const found = (await banks().clientBank.autoCommit((client) => getPayments(client, [paymentId]))).get(paymentId);
    expect(found && paymentView.parse(paymentViewOf(found))).to.deep.include({
      id: message.paymentId,
      amount: { currencyCode: "EUR", minorUnits: "1000" },
      state: "PENDING",
      acceptTime: message.acceptTime,
    });
  });

  it("lists a merchant's payments newest first, page by page, also those accepted in the same millisecond", async () => {
    const start = Date.now() - 60_000;
    const messages = Array.from({ length: 23 }, (_, place) =>
      validationResult(someClient(1), {
        merchantId: "m-0012",
        acceptTime: new Date(start + Math.floor(place / 4)).toISOString(),
      }),
    );
    await record(...messages, validationResult(someClient(1), { merchantId: "m-0013" }));
    const listed: { readonly id: string; readonly acceptTime: string }[] = [];
    for (;;) {
      const after = listed.at(-1);
      const page = await banks().clientBank.autoCommit((client) =>
        listPayments(client, { merchantId: "m-0012", pageSize: 5, after }),
      );
      listed.push(...page.map(({ id, acceptTime }) => ({ id, acceptTime })));
      if (page.length < 5) break;
    }
    const expected = messages
      .map(({ paymentId, acceptTime }) => ({ id: paymentId, acceptTime }))
      .sort((a, b) => (`${a.acceptTime}${a.id}` < `${b.acceptTime}${b.id}` ? 1 : -1));
    expect(listed).to.deep.equal(expected);
  });

  it("finds what was asked for with a request_id by indexes, whether it stands or was refused as a reuse", async () => {
    const asked = { merchantId: "m-0014", pageSize: 10, requestId: "looked-up" };
    const first = validationResult(someClient(0), asked);
    const again = { ...validationResult(someClient(0), asked), parametersHash: "x".repeat(43) };
    await record(first, validationResult(someClient(0), { merchantId: "m-0014" }));
    await record({ ...again, amount: { ...again.amount, minorUnits: "1" } });
    const read = (query: PageQuery) => banks().clientBank.autoCommit((client) => listPayments(client, query));
    expect((await read(asked)).map(({ id }) => id)).to.have.members([first.paymentId, again.paymentId]);
    expect((await read({ ...asked, standing: true })).map(({ id }) => id)).to.deep.equal([first.paymentId]);
    expect(await read({ ...asked, merchantId: "m-0015" })).to.deep.equal([]);
  });

  /** Payments straight into the table, a second apart, the newest first: what is read is what matters here. */
  async function fill(merchantId: string, count: number, columns: Readonly<Record<string, string>>): Promise<void> {
    const names = Object.keys(columns).join(", ");
    await banks().superuser.query(
      `INSERT INTO client_bank.payments (
         id, merchant_id, request_id, parameters_hash, currency, amount, description, state, decline_reason, card_brand,
         card_last_four, card_expiry_month, card_expiry_year, accept_time, deadline, validate_time, capture_time,
         settle_time, finish_time, captured_amount, given_back_amount, ${names})
       SELECT 'pay_${merchantId}_' || n, $1, 'r-' || n, 'h', 'EUR', 1, '', 'DECLINED', 'CARD_EXPIRED', 'visa',
         CASE WHEN n % 5050 = 0 THEN '0007' ELSE '4242' END, 12, 2030, moment, moment, moment, moment, moment, moment,
         0, 0, ${Object.values(columns).join(", ")}
       FROM generate_series(1, $2::int) AS n,
            LATERAL (SELECT timestamptz '2026-01-01' - n * interval '1 second' AS moment) AS at`,
      [merchantId, count],
    );
  }
  const readPayments = (asked: Parameters<typeof readPage>[2]) =>
    banks().clientBank.autoCommit((session) =>
      readPage(session, { table: PAYMENTS, read: listPayments }, { mayEndEarly: true, ...asked }),
    );

  it("limits a page by reference, time, state and card, in either order", async () => {
    await fill("m-filtered", 12, { client_reference: "CASE WHEN n % 2 = 0 THEN 'even' END" });
    const listed = async (asked: Partial<PageQuery>) =>
      (await readPayments({ merchantId: "m-filtered", pageSize: 50, ...asked })).rows.map(({ id }) =>
        Number(id.slice(15)),
      );
    const at = (n: number) => new Date(Date.UTC(2026, 0, 1) - n * 1_000).toISOString();
    expect(await listed({ clientReference: "even" })).to.deep.equal([2, 4, 6, 8, 10, 12]);
    expect(await listed({ clientReference: "odd" })).to.deep.equal([]);
    expect(await listed({ from: at(5), before: at(2) })).to.deep.equal([3, 4, 5]);
    expect(await listed({ from: at(3) })).to.deep.equal([1, 2, 3]);
    expect(await listed({ before: at(10), oldestFirst: true })).to.deep.equal([12, 11]);
    expect(await listed({ state: "DECLINED", clientReference: "even", from: at(4) })).to.deep.equal([2, 4]);
    expect(await listed({ state: "SUCCEEDED" })).to.deep.equal([]);
    expect(await listed({ lastFour: "4242", pageSize: 2, oldestFirst: true })).to.deep.equal([12, 11]);
    expect(await listed({ requestId: "r-3", state: "DECLINED", lastFour: "4242" })).to.deep.equal([3]);
    expect(await listed({ requestId: "r-3", lastFour: "0007" })).to.deep.equal([]);
    const after = { acceptTime: at(4), id: "pay_m-filtered_4" };
    expect(await listed({ clientReference: "even", after })).to.deep.equal([6, 8, 10, 12]);
    expect(await listed({ clientReference: "even", after, oldestFirst: true })).to.deep.equal([2]);
  });

  it(`looks at ${SCANNED_ROWS} rows for a page that no index finds, and says where the list goes on`, async () => {
    await fill("m-scanned", SCANNED_ROWS + 100, { client_reference: "NULL" });
    const asked = { merchantId: "m-scanned", pageSize: 50, lastFour: "0007" };
    const first = await readPayments(asked);
    expect(first.rows).to.deep.equal([]);
    expect(first.next?.id).to.equal(`pay_m-scanned_${SCANNED_ROWS}`);
    const second = await readPayments({ ...asked, after: first.next });
    expect(second.rows.map(({ id }) => id)).to.deep.equal(["pay_m-scanned_5050"]);
    expect(second.next).to.equal(undefined);
    // A reader of an earlier release would take it for the last page.
    expect((await readPayments({ ...asked, mayEndEarly: undefined })).next).to.equal(undefined);
    // A page that is full says nothing: its last row tells.
    const full = await readPayments({ ...asked, lastFour: "4242" });
    expect([full.rows.length, full.next]).to.deep.equal([50, undefined]);
  });

  it("ends a page when it holds a mebibyte of metadata, and says where the list goes on", async () => {
    await fill("m-large", 300, { metadata: `jsonb_build_object('note', repeat('x', 4092))` });
    const asked = { merchantId: "m-large", pageSize: 300 };
    const first = await readPayments(asked);
    expect(first.rows).to.have.length(256);
    const second = await readPayments({ ...asked, after: first.next });
    expect(second.rows).to.have.length(44);
    expect(second.next).to.equal(undefined);
    expect((await readPayments({ ...asked, mayEndEarly: undefined })).rows).to.have.length(300);
  });

  const after = { acceptTime: "2026-01-01T00:00:00.000Z", id: "x" };
  const plans: readonly [string, string, object, readonly string[]][] = [
    ["payments", "all", {}, ["payments_by_time"]],
    ["payments", "all from a place", { after }, ["payments_by_time"]],
    ["payments", "the oldest first", { after, oldestFirst: true }, ["payments_by_time"]],
    ["payments", "those of a time", { from: after.acceptTime, before: after.acceptTime }, ["payments_by_time"]],
    ["payments", "those of a state and a card", { state: "DECLINED", lastFour: "0007" }, ["payments_by_time"]],
    ["payments", "those with a reference", { clientReference: "order" }, ["payments_reference"]],
    ["refunds", "those with a reference", { clientReference: "order", after }, ["refunds_reference"]],
    ["refunds", "those of a state", { state: "DECLINED", after }, ["refunds_by_time"]],
    ["payments", "those of a request_id", { requestId: "r" }, ["payments_request", "payments_reused"]],
    ["refunds", "all", {}, ["refunds_by_time"]],
    ["refunds", "all from a place", { after }, ["refunds_by_time"]],
    ["refunds", "those of a request_id", { requestId: "r", after }, ["refunds_request", "refunds_reused"]],
  ];
  for (const [table, what, filters, indexes] of plans) {
    it(`reads a page of ${table}, ${what}, by ${indexes.join(" and ")}`, async () => {
      const columns = `id, state, accept_time AS "acceptTime"${table === "payments" ? ', card_last_four AS "cardLastFour"' : ""}`;
      const rows = { name: "explained", columns, table: `client_bank.${table}` };
      const { text, values } = pageStatement(rows, { merchantId: "m-1", pageSize: 10, ...filters });
      const plan = await banks().clientBank.transaction(async (client) => {
        // The tables of a test are so small that reading them whole, or all of a merchant at once, is the quickest.
        await client.query("SET LOCAL enable_seqscan = off");
        await client.query("SET LOCAL enable_bitmapscan = off");
        const { rows: lines } = await client.query<{ "QUERY PLAN": string }>({ text: `EXPLAIN ${text}`, values });
        return lines.map((line) => line["QUERY PLAN"]).join("\n");
      });
      for (const index of indexes) expect(plan).to.include(index);
      if (/by_time|reference/.test(indexes.join())) expect(plan, "in the order of the index").not.to.include("Sort");
    });
  }
});
