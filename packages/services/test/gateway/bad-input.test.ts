import { status } from "@grpc/grpc-js";
import { expect } from "chai";
import type { PayRequest } from "../../dist/gen/quittance/payments/v1/payments.js";
import { failureOf, payBody, payRequest } from "./api-client.js";
import { useGateway } from "./gateway-for-tests.js";

const CANARY = "5555555555554444";
const CARD = { number: CANARY, expiryMonth: 12, expiryYear: 2030, holderName: "Ada" };

describe("bad input by gRPC", () => {
  const gateway = useGateway();
  afterEach("nothing reached the broker", () => {
    expect(gateway().broker().messageCount("payment")).to.equal(0);
    expect(gateway().log.text()).not.to.contain(CANARY);
  });

  async function violationsOf(changes: Partial<PayRequest>): Promise<string[]> {
    const failure = await failureOf(gateway().api.pay(payRequest("bad", changes)));
    expect(failure.code).to.equal(status.INVALID_ARGUMENT);
    expect(failure.info).to.deep.include({ reason: "INVALID_FIELDS", domain: "quittance" });
    expect(JSON.stringify(failure)).not.to.contain(CANARY);
    return failure.violations.map((violation) => violation.field);
  }

  it("names every wrong field at once", async () => {
    const fields = await violationsOf({
      requestId: "",
      card: { number: "x", expiryMonth: 13, expiryYear: 30, holderName: "" },
      amount: { currencyCode: "EURO", minorUnits: 0n },
      description: "x".repeat(141),
      wait: { seconds: 31n, nanos: 0 },
    });
    expect(fields).to.have.members([
      "request_id",
      "card.number",
      "card.expiry_month",
      "card.expiry_year",
      "card.holder_name",
      "amount.currency_code",
      "amount.minor_units",
      "description",
      "wait",
    ]);
  });

  it("names what is missing", async () => {
    const empty = { requestId: "", card: undefined, amount: undefined, description: "", wait: undefined };
    expect(await violationsOf(empty)).to.have.members(["request_id", "card", "amount"]);
  });

  it("says of what is missing that it is required", async () => {
    const card = { number: "", expiryMonth: 0, expiryYear: 0, holderName: "" };
    const amount = { currencyCode: "", minorUnits: 0n };
    const failure = await failureOf(gateway().api.pay(payRequest("", { card, amount })));
    expect(failure.violations.map(({ field }) => field)).to.have.length(7);
    for (const { field, description } of failure.violations) expect(description, field).to.match(/^is required/);
    const none = await failureOf(gateway().api.pay(payRequest("", { card: undefined, amount: undefined })));
    for (const { field, description } of none.violations) expect(description, field).to.equal("is required");
  });

  const cases: readonly [string, Partial<PayRequest>, string][] = [
    ["a request_id of 65 characters", { requestId: "x".repeat(65) }, "request_id"],
    ["a request_id with other characters", { requestId: "a b" }, "request_id"],
    ["a card number with letters", { card: { ...CARD, number: `${CANARY}x` } }, "card.number"],
    ["a card number of 11 digits", { card: { ...CARD, number: "42424242424" } }, "card.number"],
    ["a card number of 20 digits", { card: { ...CARD, number: "4".repeat(20) } }, "card.number"],
    ["digits of another script", { card: { ...CARD, number: "٤".repeat(16) } }, "card.number"],
    ["month 0", { card: { ...CARD, expiryMonth: 0 } }, "card.expiry_month"],
    ["a year of two digits", { card: { ...CARD, expiryYear: 30 } }, "card.expiry_year"],
    ["a holder name with a line break", { card: { ...CARD, holderName: "Ada\nLovelace" } }, "card.holder_name"],
    ["a holder name of 81 characters", { card: { ...CARD, holderName: "x".repeat(81) } }, "card.holder_name"],
    ["an unknown currency", { amount: { currencyCode: "ABC", minorUnits: 1n } }, "amount.currency_code"],
    ["a currency that was withdrawn", { amount: { currencyCode: "BGN", minorUnits: 1n } }, "amount.currency_code"],
    ["a currency without minor units", { amount: { currencyCode: "XAU", minorUnits: 1n } }, "amount.currency_code"],
    ["a currency in small letters", { amount: { currencyCode: "eur", minorUnits: 1n } }, "amount.currency_code"],
    ["an amount of zero", { amount: { currencyCode: "EUR", minorUnits: 0n } }, "amount.minor_units"],
    ["a negative amount", { amount: { currencyCode: "EUR", minorUnits: -1n } }, "amount.minor_units"],
    ["an absurd amount", { amount: { currencyCode: "EUR", minorUnits: 1_000_000_001n } }, "amount.minor_units"],
    ["the largest int64", { amount: { currencyCode: "EUR", minorUnits: 2n ** 63n - 1n } }, "amount.minor_units"],
    ["a description with a NUL", { description: "a\0b" }, "description"],
    ["a description of 141 emoji", { description: "🍵".repeat(141) }, "description"],
    ["a description that is turned round", { description: "invoice \u202efdp.exe" }, "description"],
    ["a description with tags", { description: "tea \u{e0041}" }, "description"],
    ["a description of zero width", { description: "\u200b\u200d" }, "description"],
    ["a description with a card number", { description: `card ${CANARY}` }, "description"],
    [
      "a description with a card number in full width",
      { description: "５５５５ ５５５５ ５５５５ ４４４４" },
      "description",
    ],
    ["a request_id that is a card number", { requestId: CANARY }, "request_id"],
    ["a request_id with a card number", { requestId: "order-5555-5555-5555-4444" }, "request_id"],
    ["a holder name that is a card number", { card: { ...CARD, holderName: CANARY } }, "card.holder_name"],
    ["a holder name of zero width", { card: { ...CARD, holderName: "\u200b" } }, "card.holder_name"],
    ["a holder name that is turned round", { card: { ...CARD, holderName: "\u202eada" } }, "card.holder_name"],
    ["a negative wait", { wait: { seconds: -1n, nanos: 0 } }, "wait"],
    ["a wait of 30 s and 1 ms", { wait: { seconds: 30n, nanos: 1_000_000 } }, "wait"],
    ["a wait whose parts disagree", { wait: { seconds: 1n, nanos: -1 } }, "wait"],
  ];
  for (const [name, changes, field] of cases) {
    it(`refuses ${name}`, async () => {
      expect(await violationsOf(changes)).to.deep.equal([field]);
    });
  }

  it("refuses a request above 64 KiB", async () => {
    const failure = await failureOf(gateway().api.pay(payRequest("large", { description: "x".repeat(70_000) })));
    expect(failure.code).to.equal(status.RESOURCE_EXHAUSTED);
  });
});

describe("bad input by HTTP", () => {
  const gateway = useGateway();
  afterEach("nothing reached the broker", () => {
    expect(gateway().broker().messageCount("payment")).to.equal(0);
    expect(gateway().log.text()).not.to.contain(CANARY);
  });

  async function problemOf(body: unknown, headers: Record<string, string> = {}) {
    const answer = await gateway().api.http("/v1/payments", { body, headers });
    expect(answer.headers.get("content-type"), answer.text).to.equal("application/problem+json");
    expect(answer.json).to.include.all.keys("type", "title", "status", "detail", "instance", "reason");
    expect(answer.json.status).to.equal(answer.status);
    expect(answer.text).not.to.contain(CANARY);
    return answer;
  }

  async function violationsOf(body: unknown, headers: Record<string, string> = {}): Promise<string[]> {
    const answer = await problemOf(body, headers);
    expect(answer.status).to.equal(400);
    expect(answer.json.reason).to.equal("INVALID_FIELDS");
    return answer.json.violations.map((violation: { field: string }) => violation.field);
  }

  it("names every wrong field at once, those of a wrong type too, by their JSON names", async () => {
    const fields = await violationsOf({
      requestId: 7,
      card: { number: Number(CANARY), expiryMonth: "12.5", expiryYear: 30, holderName: null, cvv: "123" },
      amount: { currencyCode: "EURO", minorUnits: 12.5 },
      description: ["x"],
      wait: "soon",
      colour: "red",
    });
    expect(fields).to.have.members([
      "requestId",
      "card.number",
      "card.expiryMonth",
      "card.expiryYear",
      "card.holderName",
      "card.cvv",
      "amount.currencyCode",
      "amount.minorUnits",
      "description",
      "wait",
      "colour",
    ]);
  });

  const amounts: readonly [string, unknown][] = [
    ["zero", "0"],
    ["negative", "-1"],
    ["fractional as a number", 12.5],
    ["fractional as a string", "12.5"],
    ["overflowing as a string", "9223372036854775808"],
    ["overflowing as a number", 1e30],
    ["absurd", "1000000001"],
    ["not a number", "ten"],
    ["empty", ""],
    ["a boolean", true],
    ["an object", {}],
  ];
  for (const [name, minorUnits] of amounts) {
    it(`refuses an amount that is ${name}`, async () => {
      const body = payBody("amount", { amount: { currencyCode: "EUR", minorUnits } });
      expect(await violationsOf(body)).to.deep.equal(["amount.minorUnits"]);
    });
  }

  it("refuses unknown fields wherever they are", async () => {
    expect(await violationsOf(payBody("x", { merchant: "m-2" }))).to.deep.equal(["merchant"]);
    const card = { ...CARD, cvv: "123" };
    expect(await violationsOf(payBody("x", { card }))).to.deep.equal(["card.cvv"]);
  });

  it("refuses objects where there are none, and none where there are", async () => {
    expect(await violationsOf(payBody("x", { card: CANARY, amount: [] }))).to.have.members(["card", "amount"]);
    expect(await violationsOf(payBody("x", { description: {} }))).to.deep.equal(["description"]);
  });

  it("refuses a field that is there twice", async () => {
    const twice = JSON.stringify(payBody("x")).replace('"description"', '"description":"a","description"');
    expect((await problemOf(twice)).json.reason).to.equal("MALFORMED_BODY");
    expect(await violationsOf({ ...payBody("x"), request_id: "y" })).to.deep.equal(["requestId"]);
  });

  it("refuses an Idempotency-Key that differs from the body's request_id", async () => {
    expect(await violationsOf(payBody("one"), { "idempotency-key": "other" })).to.deep.equal(["requestId"]);
  });

  it("refuses what is not JSON with 400, and repeats nothing of it", async () => {
    for (const body of [`{"card":{"number":"${CANARY}"`, `${CANARY}`, `"${CANARY}"`, "[]", "null", "{}}", ""]) {
      const answer = await problemOf(body);
      expect(answer.status, body).to.equal(400);
    }
  });

  it("refuses nesting without end with 400", async () => {
    const body = `{"card":${'{"card":'.repeat(5_000)}1${"}".repeat(5_000)}}`;
    expect((await problemOf(body)).status).to.equal(400);
  });

  it("refuses names that would change objects with 400", async () => {
    expect((await problemOf('{"__proto__":{"x":1}}')).status).to.equal(400);
    expect((await problemOf('{"constructor":{"prototype":{}}}')).status).to.equal(400);
  });

  it("refuses a body above 64 KiB with 413", async () => {
    const answer = await problemOf(payBody("large", { description: "x".repeat(70_000) }));
    expect(answer.status).to.equal(413);
    expect(answer.json.reason).to.equal("BODY_TOO_LARGE");
  });

  it("refuses another content type with 415, and a missing one", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/xml"]) {
      const answer = await problemOf(JSON.stringify(payBody("x")), { "content-type": type });
      expect(answer.status).to.equal(415);
      expect(answer.json.reason).to.equal("UNSUPPORTED_MEDIA_TYPE");
    }
  });

  it("answers unknown paths and methods with 404", async () => {
    const { api } = gateway();
    for (const [path, method] of [
      ["/", "GET"],
      ["/v2/payments", "GET"],
      ["/v1/payments/a/b", "GET"],
      ["/v1/payments", "DELETE"],
    ] as const) {
      const answer = await api.http(path, { method });
      expect(answer.status, path).to.equal(404);
      expect(answer.json.reason).to.equal("UNKNOWN_ROUTE");
    }
  });
});
