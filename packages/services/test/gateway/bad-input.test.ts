import { connect } from "node:net";
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
    ["a holder name with a connection break", { card: { ...CARD, holderName: "Ada\nLovelace" } }, "card.holder_name"],
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
    ["a wait of less than zero by 1 ns", { wait: { seconds: 0n, nanos: -1 } }, "wait"],
    ["a wait of 30 s and 1 ms", { wait: { seconds: 30n, nanos: 1_000_000 } }, "wait"],
    ["a wait of 30 s and 1 ns", { wait: { seconds: 30n, nanos: 1 } }, "wait"],
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
    ["beyond a double as a number", 2 ** 63],
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
    const body = JSON.stringify(payBody("x"));
    for (const twice of [
      body.replace('"description"', '"description":"a","description"'),
      body.replace('"minorUnits"', '"minorUnits":"9","minorUnits"'),
      body.replace('"description"', '"descr\\u0069ption":"a:b\\"","description"'),
    ]) {
      expect((await problemOf(twice)).json.reason, twice).to.equal("MALFORMED_BODY");
    }
    expect(await violationsOf({ ...payBody("x"), request_id: "y" })).to.deep.equal(["requestId"]);
  });

  it("refuses an Idempotency-Key that differs from the body's request_id", async () => {
    expect(await violationsOf(payBody("one"), { "idempotency-key": "other" })).to.deep.equal(["Idempotency-Key"]);
  });

  for (const key of ["", "a b", "x".repeat(65), CANARY, "order-5555-5555-5555-4444"]) {
    it(`names the header when the Idempotency-Key is wrong: ${key.slice(0, 20)}`, async () => {
      const { requestId: _, ...body } = payBody("x");
      expect(await violationsOf(body, { "idempotency-key": `"${key}"` })).to.deep.equal(["Idempotency-Key"]);
    });
  }

  it("says which currency's minor units are asked for when an amount has a fraction", async () => {
    const answer = await problemOf(payBody("x", { amount: { currencyCode: "EUR", minorUnits: 12.5 } }));
    expect(answer.json.violations[0].description).to.match(/minor units.*EUR 12\.50 is "1250"/);
  });

  const guesses: readonly unknown[] = [
    ...[
      "0x10",
      "0b11",
      "0o7",
      " 1",
      "1 ",
      "+1",
      "01",
      "-0",
      "00",
      "\u00a01",
      "1e3",
      "1.0",
      "1_000",
      "1,000",
      "١",
      "１",
    ],
    ...["Infinity", "NaN", "true", "1n", "", "\n1", "9".repeat(21)],
  ];
  for (const guess of guesses) {
    it(`guesses at no number: ${JSON.stringify(guess)}`, async () => {
      const card = { ...CARD, expiryMonth: guess, expiryYear: guess };
      const body = payBody("x", { card, amount: { currencyCode: "EUR", minorUnits: guess } });
      expect(await violationsOf(body)).to.have.members(["card.expiryMonth", "card.expiryYear", "amount.minorUnits"]);
    });
  }

  for (const number of [
    "12.0000000000000000001",
    "1.5e0",
    "1e-1",
    "9007199254740993",
    "1e999",
    "1250.00000000000000001",
  ]) {
    it(`guesses at no number that JSON writes as ${number}`, async () => {
      const body = JSON.stringify(payBody("x")).replace('"1250"', number);
      expect(await violationsOf(body)).to.deep.equal(["amount.minorUnits"]);
    });
  }

  const waits: readonly unknown[] = [
    ...[{ seconds: "5" }, {}, { colour: "red" }, [], 5, true, "", "5", "5 s", "5sec", "s", ".5s", "5.s", "1e1s"],
    ...[
      "0x10s",
      "0b11s",
      " 1s",
      "+1s",
      "01s",
      "\u00a01s",
      "1e3s",
      "1_0s",
      "١s",
      "--5s",
      "5s ",
      "1.0000000000s",
      "9999999999999999999s",
      "31s",
      "-1s",
    ],
  ];
  for (const wait of waits) {
    it(`names wait when it is ${JSON.stringify(wait)}, and does not fail`, async () => {
      expect(await violationsOf(payBody("x", { wait }))).to.deep.equal(["wait"]);
      const refund = await gateway().api.http("/v1/payments/x:refund", { body: { requestId: "x", wait } });
      expect(refund.status).to.equal(400);
      expect(refund.json.violations.map((violation: { field: string }) => violation.field)).to.deep.equal(["wait"]);
    });
  }

  it("fails at no value of any type in any field, and names the field", async () => {
    const values: readonly unknown[] = [{}, [], [1], "x", "", 1.5, 1e300, -1, true, { a: { b: [{}] } }, "\ud800"];
    const places = [
      ...["requestId", "request_id", "card", "amount", "description", "wait"].map((name) => [name]),
      ...["number", "expiryMonth", "expiry_year", "holderName"].map((name) => ["card", name]),
      ...["currencyCode", "minor_units"].map((name) => ["amount", name]),
    ];
    for (const [name, inner] of places as [string, string?][]) {
      for (const value of values) {
        const good = payBody("x", { card: CARD }) as Record<string, Record<string, unknown>>;
        const body = { ...good, [name]: inner === undefined ? value : { ...good[name], [inner]: value } };
        if (name === "description" && (value === "x" || value === "")) continue;
        if ((name === "requestId" || inner === "holderName") && value === "x") continue;
        const text = JSON.stringify(body).replace('"\\ud800"', '"\\ud800"');
        expect((await problemOf(text)).status, text).to.equal(400);
      }
    }
  });

  it("says that a card's verification code is not taken, and repeats nothing of it", async () => {
    for (const name of ["cvc", "cvv", "CVV2", "securityCode", "security_code", "cardVerificationCode", "cvn", "csc"]) {
      const answer = await problemOf(payBody("x", { card: { ...CARD, [name]: "987" } }));
      expect(answer.json.violations).to.have.length(1);
      expect(answer.json.violations[0].field).to.equal(`card.${name}`);
      expect(answer.json.violations[0].description, name).to.match(/not taken.*must not be sent/);
      // A trace's id is random and may hold any digits.
      expect(answer.text.replaceAll(/[0-9a-f]{16,}/g, "")).not.to.contain("987");
    }
  });

  it("does not repeat the names of fields that are none", async () => {
    expect(await violationsOf(payBody("x", { [CANARY]: 1 }))).to.deep.equal(["(unnamed)"]);
    expect(await violationsOf(payBody("x", { [`a${CANARY}`]: 1 }))).to.deep.equal(["(unnamed)"]);
    expect(await violationsOf(payBody("x", { "<b>": 1 }))).to.deep.equal(["(unnamed)"]);
  });

  it("names 20 wrong fields at most and counts the others, in little time", async () => {
    const fields = Object.fromEntries(Array.from({ length: 6_400 }, (_, place) => [`f${place}`, 1]));
    const body = JSON.stringify({ ...payBody("x"), ...fields });
    await problemOf(body);
    const startMs = performance.now();
    const answer = await problemOf(body);
    expect(performance.now() - startMs).to.be.below(500);
    expect(answer.json.violations).to.have.length(20);
    expect(answer.json.furtherViolations).to.equal("6380");
    expect(answer.json.detail).to.match(/and 6380 more\.$/);
    expect(answer.text.length).to.be.below(4_096);
  });

  it("refuses what is not UTF-8, and replaces nothing", async () => {
    const [before = "", after = ""] = JSON.stringify(payBody("x", { description: "€" })).split("€");
    for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0xaf], [0xf4, 0x90, 0x80, 0x80]]) {
      const body = Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
      const answer = await problemOf(body);
      expect(answer.status).to.equal(400);
      expect(answer.json).to.include({ reason: "MALFORMED_BODY", detail: "The body is not UTF-8." });
    }
  });

  it("refuses other charsets and codings with 415", async () => {
    for (const headers of [
      { "content-type": "application/json; charset=utf-16" },
      { "content-type": 'application/json;charset="iso-8859-1"' },
      { "content-type": "application/json; charset=utf-8; charset=utf-16" },
      { "content-encoding": "gzip" },
      { "content-encoding": "identity, gzip" },
      { "content-encoding": "br" },
    ] as Record<string, string>[]) {
      const answer = await problemOf(payBody("x"), headers);
      expect(answer.status, JSON.stringify(headers)).to.equal(415);
      expect(answer.json.reason).to.equal("UNSUPPORTED_MEDIA_TYPE");
    }
  });

  it("says of an empty body that it is empty", async () => {
    expect((await problemOf("")).json.detail).to.match(/^The body is empty/);
    const none = await gateway().api.http("/v1/payments", { method: "POST" });
    expect(none.status).to.equal(400);
    expect(none.json.detail).to.match(/^The body is empty/);
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

  it("answers unknown paths with 404", async () => {
    for (const path of ["/", "/v2/payments", "/v1/payments/a/b", `/v1/${CANARY}`]) {
      const answer = await gateway().api.http(path);
      expect(answer.status, path).to.equal(404);
      expect(answer.json.reason).to.equal("UNKNOWN_ROUTE");
      expect(answer.text).not.to.contain(CANARY);
    }
  });

  const methods: readonly [string, string, string][] = [
    ["/v1/payments", "DELETE", "GET, POST"],
    ["/v1/payments", "HEAD", "GET, POST"],
    ["/v1/payments", "OPTIONS", "GET, POST"],
    ["/v1/payments/x", "POST", "GET"],
    ["/v1/payments/x", "PATCH", "GET"],
    ["/v1/payments/x:refund", "GET", "POST"],
    ["/v1/payments/x:refund", "PUT", "POST"],
    ["/v1/refunds/x", "POST", "GET"],
    ["/v1/payments/x:watch", "POST", "GET"],
    ["/v1/refunds/x:watch", "DELETE", "GET"],
  ];
  for (const [path, method, allow] of methods) {
    it(`answers ${method} ${path} with 405 and the methods that there are`, async () => {
      const answer = await gateway().api.http(path, { method });
      expect(answer.status).to.equal(405);
      expect(answer.headers.get("allow")?.split(", ").sort().join(", ")).to.equal(allow);
      if (method !== "HEAD") expect(answer.json.reason).to.equal("METHOD_NOT_ALLOWED");
    });
  }

  it("names a query parameter that is none, with those that exist", async () => {
    const [violation] = (await gateway().api.http("/v1/payments?page_sise=5")).json.violations;
    expect(violation.field).to.equal("page_sise");
    expect(violation.description)
      .to.match(/pageSize/)
      .and.match(/pageToken/);
    for (const path of ["/v1/payments/x?verbose=1", "/v1/refunds/x?verbose=1"]) {
      const answer = await gateway().api.http(path);
      expect(answer.status).to.equal(400);
      expect(answer.json.violations[0]).to.deep.include({ field: "verbose" });
    }
    const posted = await gateway().api.http("/v1/payments?dry_run=true", { body: payBody("x") });
    expect(posted.json.violations[0].field).to.equal("dry_run");
    const card = await gateway().api.http(`/v1/payments?${CANARY}=1&c=${CANARY}`);
    expect(card.status).to.equal(400);
    expect(card.text).not.to.contain(CANARY);
  });

  it("answers a path that is none with problem details, and does not repeat it", async () => {
    for (const path of ["/v1/payments/%ff", `/v1/payments/${CANARY}%`, "/v1/payments/%c3%28", "/%"]) {
      const answer = await rawHttp(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
      expect(answer, path)
        .to.match(/^HTTP\/1\.1 400 /)
        .and.match(/application\/problem\+json/);
      expect(answer)
        .to.contain("MALFORMED_REQUEST")
        .and.to.match(/\ntraceresponse: 00-/i);
      expect(answer).not.to.contain("%").and.not.to.contain(CANARY);
    }
  });

  it("answers what is no HTTP with problem details", async () => {
    const long = "x".repeat(20_000);
    for (const [text, status] of [
      [`${CANARY}\r\n\r\n`, 400],
      ["BREW /v1/payments HTTP/1.1\r\nhost: x\r\n\r\n", 400],
      [`GET / HTTP/1.1\r\nhost: x\r\nx: ${long}\r\n\r\n`, 431],
    ] as const) {
      const answer = await rawHttp(text);
      expect(answer)
        .to.match(new RegExp(`^HTTP/1\\.1 ${status} `))
        .and.match(/application\/problem\+json/);
      expect(answer).not.to.contain(CANARY);
    }
  });

  /** All that comes back for some bytes on a connection of their own. */
  function rawHttp(text: string): Promise<string> {
    const { hostname, port } = new URL(gateway().httpUrl);
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.write(text));
      let answer = "";
      socket.setTimeout(10_000, () => socket.destroy(new Error("There was no answer.")));
      socket.on("data", (bytes) => {
        answer += bytes.toString("utf8");
      });
      socket.once("error", reject).once("close", () => resolve(answer));
    });
  }
});
