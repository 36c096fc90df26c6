import { status } from "@grpc/grpc-js";
import { expect } from "chai";
import type { PayRequest } from "../../dist/gen/quittance/payments/v1/payments.js";
import { failureOf, payBody, payRequest } from "./api-client.js";
import { useGateway } from "./gateway-for-tests.js";

const NO_WAIT = { seconds: 0n, nanos: 0 };
const CARD_IN_CLEAR = "5555555555554444";
const REFERENCE = "Order 17/\u00e9";
const METADATA = { basket: "17", "shop.name": 'North "1"', "a-b_c": "caf\u00e9 \u2615" };
/** A UUID and a clock: of ids they are taken, although their digits may pass for a card's. */
const CLOCK = "1764212345678901239";

const many = (count: number, value = "x") =>
  Object.fromEntries(Array.from({ length: count }, (_, place) => [`key-${place}`, value]));

/** What is wrong with data of a merchant's, and how the field is named. */
const WRONG: readonly [what: string, data: Partial<PayRequest>, fields: readonly string[]][] = [
  ["a reference of 101 characters", { clientReference: "x".repeat(101) }, ["client_reference"]],
  ["a reference with a line end", { clientReference: "one\ntwo" }, ["client_reference"]],
  ["a reference in which nothing is seen", { clientReference: "\u200b" }, ["client_reference"]],
  ["a reference with a card number", { clientReference: `order ${CARD_IN_CLEAR}` }, ["client_reference"]],
  ["51 keys", { metadata: many(51) }, ["metadata"]],
  ["a key of 41 characters", { metadata: { ["k".repeat(41)]: "x" } }, ["metadata"]],
  ["an empty key", { metadata: { "": "x" } }, ["metadata"]],
  ["a key with a space", { metadata: { "a b": "x" } }, ["metadata"]],
  ["a key that begins with an underscore", { metadata: { _a: "x" } }, ["metadata"]],
  ["a key that is a card number", { metadata: { [CARD_IN_CLEAR]: "x" } }, ["metadata"]],
  ["an empty value", { metadata: { basket: "" } }, ['metadata["basket"]']],
  ["a value of 501 characters", { metadata: { basket: "x".repeat(501) } }, ['metadata["basket"]']],
  ["a value with a control character", { metadata: { a_b: "\u0007" } }, ['metadata["a_b"]']],
  ["a value with a card number", { metadata: { note: "5555-5555 5555 4444" } }, ['metadata["note"]']],
  ["more bytes than all may have", { metadata: many(20, "\u20ac".repeat(100)) }, ["metadata"]],
];

describe("The merchant's own data", () => {
  const gateway = useGateway();

  it("is carried as it was given, in Normalization Form C, and shown at once, by both doors", async () => {
    const { api, bank } = gateway();
    const data = { clientReference: REFERENCE.normalize("NFD"), metadata: METADATA };
    const paid = await api.pay(payRequest("data-grpc", { ...data, wait: NO_WAIT }));
    expect(paid).to.deep.include({ clientReference: REFERENCE, metadata: METADATA });
    const overGrpc = (await bank.take()).body;
    const answer = await api.http("/v1/payments", { body: payBody("data-http", { ...data, wait: "0s" }) });
    expect(answer.status, answer.text).to.equal(202);
    expect(answer.json.payment).to.deep.include({ clientReference: REFERENCE, metadata: METADATA });
    const overHttp = (await bank.take()).body;
    for (const body of [overGrpc, overHttp]) {
      expect(body).to.deep.include({ clientReference: REFERENCE, metadata: METADATA });
    }
  });

  it("is read as client-bank has it, by both doors, and empty where there is none", async () => {
    const { api, bank } = gateway();
    await api.pay(payRequest("read", { clientReference: REFERENCE, metadata: METADATA, wait: NO_WAIT }));
    const { id } = await bank.finish(await bank.take());
    expect(await api.get(id)).to.deep.include({ clientReference: REFERENCE, metadata: METADATA });
    const { json } = await api.http(`/v1/payments/${id}`);
    expect(json.payment).to.deep.include({ clientReference: REFERENCE, metadata: METADATA });

    await api.pay(payRequest("read-none", { wait: NO_WAIT }));
    const none = await bank.finish(await bank.take());
    expect(await api.get(none.id)).to.deep.include({ clientReference: "", metadata: {} });
    const without = await api.http(`/v1/payments/${none.id}`);
    expect(without.json.payment).to.deep.include({ clientReference: "", metadata: {} });
  });

  it("takes no room in a message where there is none", async () => {
    const { api, bank } = gateway();
    await api.pay(payRequest("none", { wait: NO_WAIT }));
    expect((await bank.take()).body).not.to.have.any.keys("clientReference", "metadata");
  });

  it("is part of what the payment's id stands for, in whatever order it is written", async () => {
    const { api, bank } = gateway();
    const idOf = async (data: Partial<PayRequest>) => {
      const { id } = await api.pay(payRequest("bound", { ...data, wait: NO_WAIT }));
      await bank.take();
      return id;
    };
    const id = await idOf({ clientReference: "a", metadata: { one: "1", two: "2" } });
    expect(await idOf({ clientReference: "a", metadata: { two: "2", one: "1" } })).to.equal(id);
    const others = [
      await idOf({}),
      await idOf({ clientReference: "a" }),
      await idOf({ clientReference: "b", metadata: { one: "1", two: "2" } }),
      await idOf({ clientReference: "a", metadata: { one: "1" } }),
      await idOf({ clientReference: "a", metadata: { one: "2", two: "1" } }),
    ];
    expect(new Set([id, ...others])).to.have.property("size", 6);
  });

  it("may hold numbers of orders, UUIDs and clocks, and as much as the limits say", async () => {
    const { api, bank } = gateway();
    const metadata = { order: "0123456789012345", uuid: "4a3f0b1e-5555-4555-9555-555555554444", clock: CLOCK };
    await api.pay(payRequest("ids", { metadata, clientReference: "\u{1D54E}".repeat(100), wait: NO_WAIT }));
    expect((await bank.take()).body.metadata).to.deep.equal(metadata);
    const most = { ...many(49), ["k".repeat(40)]: "x".repeat(500) };
    await api.pay(payRequest("most", { metadata: most, wait: NO_WAIT }));
    expect((await bank.take()).body.metadata).to.deep.equal(most);
  });

  for (const [what, data, fields] of WRONG) {
    it(`is refused with ${what}, by both doors, for payments and refunds, and nothing of it is repeated`, async () => {
      const { api } = gateway();
      const json = fields.map((field) => field.replace("client_reference", "clientReference"));
      const failures = [
        await failureOf(api.pay(payRequest("wrong", data))),
        await failureOf(api.refund({ id: "pay_x", requestId: "wrong", ...data })),
      ];
      for (const failure of failures) {
        expect(failure.code).to.equal(status.INVALID_ARGUMENT);
        expect(failure.violations.map(({ field }) => field)).to.deep.equal(fields);
        expect(JSON.stringify(failure)).not.to.include(CARD_IN_CLEAR);
      }
      const answers = [
        await api.http("/v1/payments", { body: payBody("wrong", data) }),
        await api.http("/v1/payments/pay_x:refund", { body: { requestId: "wrong", ...data } }),
      ];
      for (const answer of answers) {
        expect(answer.status).to.equal(400);
        expect(answer.json.violations.map(({ field }: { field: string }) => field)).to.deep.equal(json);
        expect(answer.text).not.to.include(CARD_IN_CLEAR);
      }
    });
  }

  it("is refused over HTTP when it is no object of texts, and when a key would be lost", async () => {
    const { api } = gateway();
    for (const metadata of [[], "x", 7, { basket: 17 }, { basket: null }, { basket: { of: "17" } }]) {
      const answer = await api.http("/v1/payments", { body: payBody("form", { metadata }) });
      expect(answer.status, JSON.stringify(metadata)).to.equal(400);
      expect(answer.json.violations[0].field).to.match(/^metadata/);
    }
    const text = JSON.stringify(payBody("form", { metadata: "@" })).replace('"@"', '{"__proto__":"x"}');
    const answer = await api.http("/v1/payments", { body: text, headers: { "content-type": "application/json" } });
    expect([answer.status, answer.json.violations?.[0].field]).to.deep.equal([400, "metadata"]);
  });
});
