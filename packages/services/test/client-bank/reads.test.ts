import { expect } from "chai";
import { getPayments } from "../../dist/client-bank/operations/get-payments.js";
import { listPayments } from "../../dist/client-bank/operations/list-payments.js";
import { type PageQuery, pageStatement } from "../../dist/client-bank/operations/page-statement.js";
import { paymentViewOf } from "../../dist/client-bank/payment-record.js";
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

  const after = { acceptTime: "2026-01-01T00:00:00.000Z", id: "x" };
  const plans: readonly [string, string, object, readonly string[]][] = [
    ["payments", "all", {}, ["payments_by_time"]],
    ["payments", "all from a place", { after }, ["payments_by_time"]],
    ["payments", "those of a request_id", { requestId: "r" }, ["payments_request", "payments_reused"]],
    ["refunds", "all", {}, ["refunds_by_time"]],
    ["refunds", "all from a place", { after }, ["refunds_by_time"]],
    ["refunds", "those of a request_id", { requestId: "r", after }, ["refunds_request", "refunds_reused"]],
  ];
  for (const [table, what, filters, indexes] of plans) {
    it(`reads a page of ${table}, ${what}, by ${indexes.join(" and ")}`, async () => {
      const columns = `id, accept_time AS "acceptTime"`;
      const rows = { name: "explained", columns, table: `client_bank.${table}` };
      const { text, values } = pageStatement(rows, { merchantId: "m-1", pageSize: 10, ...filters });
      const plan = await banks().clientBank.transaction(async (client) => {
        // The tables of a test are so small that reading them whole is the quickest.
        await client.query("SET LOCAL enable_seqscan = off");
        const { rows: lines } = await client.query<{ "QUERY PLAN": string }>({ text: `EXPLAIN ${text}`, values });
        return lines.map((line) => line["QUERY PLAN"]).join("\n");
      });
      for (const index of indexes) expect(plan).to.include(index);
      if (indexes[0]?.endsWith("by_time")) expect(plan, "in the order of the index").not.to.include("Sort");
    });
  }
});
