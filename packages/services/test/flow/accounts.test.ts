/** An operator's life by the API, on a whole system with two gateways; and what it may not do. */
import { randomUUID } from "node:crypto";
import { credentials, Metadata, status } from "@grpc/grpc-js";
import { expect } from "chai";
import { ClientServiceClient, type TopUpClientRequest } from "../../dist/gen/quittance/accounts/v1/clients.js";
import { CaptureMethod, DeclineReason, PaymentState } from "../../dist/gen/quittance/payments/v1/payments.js";
import { OPERATOR_SCOPES } from "../../dist/shared/scopes.js";
import { failureOf } from "../gateway/api-client.js";
import { TEST_TLS, useStack } from "../support/stack-for-tests.js";

const CARD = { number: "4000056655665556", expiryMonth: 11, expiryYear: 2031, holderName: "Grace Example" };
const OTHER_CARD = { number: "5200828282828210", expiryMonth: 10, expiryYear: 2032, holderName: "Grace Example" };

describe("Accounts by the API", function () {
  this.timeout(60_000);
  const system = useStack({ instances: { gateway: 2 }, tls: TEST_TLS });
  let operator: string;
  before(async () => {
    operator = await system().stack.tokenOf("anna", OPERATOR_SCOPES);
  });

  // biome-ignore lint/suspicious/noExplicitAny: JSON of the tests' own making, looked at field by field.
  async function call(verb: string, path: string, body?: object): Promise<{ status: number; json: any }> {
    const answer = await system().http(path, {
      method: verb,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      headers: { authorization: `Bearer ${operator}` },
    });
    return { status: answer.status, json: await answer.json() };
  }

  async function change(path: string, body: object) {
    const { status: code, json } = await call("POST", path, body);
    expect(code, JSON.stringify(json)).to.equal(200);
    return json.client ?? json.merchant;
  }

  /** A client with a card and money of its own. */
  async function someClient(card: typeof CARD | undefined, amount?: bigint): Promise<string> {
    const requestId = randomUUID();
    const { id } = await change("/v1/clients", { requestId, name: "Grace Hopper", currencyCode: "EUR", card });
    if (amount !== undefined) await topUp(id, amount);
    return id;
  }

  function topUp(id: string, amount: bigint, requestId: string = randomUUID()) {
    const money = { currencyCode: "EUR", minorUnits: amount.toString() };
    return change(`/v1/clients/${id}:topUp`, { requestId, amount: money, reason: "paid in" });
  }

  function pay(card: typeof CARD, amount = 1_000n, merchant = "m-0001") {
    return system().pay(
      { requestId: randomUUID(), card, amount: { currencyCode: "EUR", minorUnits: amount } },
      merchant,
    );
  }

  it("are opened, topped up, frozen, given other cards, paid out and closed", async () => {
    const reason = "as the client asked";
    const id = await someClient(CARD);
    expect((await pay(CARD)).decline?.reason).to.equal(DeclineReason.INSUFFICIENT_FUNDS);
    expect(await topUp(id, 5_000n)).to.include({ balance: "5000", state: "CLIENT_STATE_OPEN" });
    expect((await pay(CARD)).state).to.equal(PaymentState.SUCCEEDED);

    expect(await change(`/v1/clients/${id}:freeze`, { reason })).to.include({ state: "CLIENT_STATE_FROZEN" });
    expect((await pay(CARD)).decline?.reason).to.equal(DeclineReason.ACCOUNT_CLOSED);
    expect((await call("POST", `/v1/clients/${id}:freeze`, { reason })).json).to.deep.include({
      ...{ status: 400, reason: "ACCOUNT_STATE", state: "frozen" },
    });
    await change(`/v1/clients/${id}:unfreeze`, { reason });

    const renewed = await change(`/v1/clients/${id}:renewCard`, { card: OTHER_CARD, reason });
    expect(renewed.card).to.deep.equal({
      ...{ brand: "mastercard", lastFour: "8210", expiryMonth: 10, expiryYear: 2032 },
    });
    expect((await pay(CARD)).decline?.reason).to.equal(DeclineReason.CARD_NOT_ACCEPTED);
    expect((await pay(OTHER_CARD)).state).to.equal(PaymentState.SUCCEEDED);
    expect(await change(`/v1/clients/${id}:removeCard`, { reason })).not.to.have.property("card");
    expect((await pay(OTHER_CARD)).decline?.reason).to.equal(DeclineReason.CARD_NOT_ACCEPTED);
    expect((await call("POST", `/v1/clients/${id}:renewCard`, { card: CARD })).json.reason).to.equal("CARD_MISSING");
    await change(`/v1/clients/${id}:addCard`, { card: CARD });
    expect((await call("POST", `/v1/clients/${id}:addCard`, { card: CARD })).json.reason).to.equal("CARD_PRESENT");
    expect((await call("PATCH", `/v1/clients/${id}`, { name: "Rear Admiral Hopper" })).json.client).to.include({
      name: "Rear Admiral Hopper",
    });

    expect((await call("POST", `/v1/clients/${id}:close`, { reason })).json.reason).to.equal("BALANCE_NOT_ZERO");
    const payout = { requestId: randomUUID(), amount: { currencyCode: "EUR", minorUnits: "3000" }, reason };
    expect(await change(`/v1/clients/${id}:payOut`, payout)).to.include({ balance: "0" });
    expect(await change(`/v1/clients/${id}:close`, { reason })).to.include({ state: "CLIENT_STATE_CLOSED" });
    expect((await pay(CARD)).decline?.reason).to.equal(DeclineReason.ACCOUNT_CLOSED);

    const rows = await system().query<{ action: string; actor: string }>(
      "SELECT action, actor FROM client_bank.account_actions WHERE account = $1 ORDER BY id",
      [id],
    );
    expect(rows.map(({ action }) => action)).to.deep.equal([
      ...["CreateClient", "TopUpClient", "FreezeClient", "UnfreezeClient", "RenewClientCard", "RemoveClientCard"],
      ...["AddClientCard", "UpdateClient", "PayOutClient", "CloseClient"],
    ]);
    expect(new Set(rows.map(({ actor }) => actor))).to.deep.equal(new Set(["anna"]));
    expect(await system().discrepancies()).to.deep.equal([]);
    const stored = await system().query<{ row: string }>(
      "SELECT clients::text AS row FROM client_bank.clients clients",
    );
    for (const { number } of [CARD, OTHER_CARD]) {
      expect(system().output()).not.to.include(number);
      for (const { row } of stored) expect(row).not.to.include(number);
    }
  });

  it("tell each entry with the balance after it, page by page, and the last balance is the account's", async () => {
    const card = { ...CARD, number: "6011000990139424" };
    const id = await someClient(card, 10_000n);
    for (const amount of [100n, 200n, 300n]) expect((await pay(card, amount)).state).to.equal(PaymentState.SUCCEEDED);
    const entries: { amount: string; balance: string; kind: string; time: string }[] = [];
    let pageToken = "";
    do {
      const { json } = await call("GET", `/v1/clients/${id}/entries?pageSize=3&pageToken=${pageToken}`);
      expect(json.entries.length).to.be.at.most(3);
      entries.push(...json.entries);
      pageToken = json.nextPageToken;
    } while (pageToken !== "");
    expect(entries.map(({ kind, amount, balance }) => [kind, amount, balance])).to.deep.equal([
      ["ENTRY_KIND_CAPTURE", "-300", "9400"],
      ["ENTRY_KIND_CAPTURE", "-200", "9700"],
      ["ENTRY_KIND_CAPTURE", "-100", "9900"],
      ["ENTRY_KIND_TOP_UP", "10000", "10000"],
    ]);
    const { json } = await call("GET", `/v1/clients/${id}`);
    expect(json.client.balance).to.equal(entries[0]?.balance);
    const end = encodeURIComponent(entries[1]?.time ?? "");
    const until = await call("GET", `/v1/clients/${id}/entries?endTime=${end}`);
    expect(until.json.entries.map((entry: { balance: string }) => entry.balance)).to.deep.equal(["9900", "10000"]);
    const foreign = await call("GET", `/v1/clients/${id}/entries?pageToken=bm90aGluZw`);
    expect(foreign.json.violations[0].field).to.equal("pageToken");
  });

  it("move money once for a request_id that is asked for at two gateways at the same time", async () => {
    const id = await someClient(undefined);
    const ids = Array.from({ length: 10 }, () => randomUUID());
    // One gateway after the other takes a call.
    await Promise.all(ids.flatMap((requestId) => [topUp(id, 70n, requestId), topUp(id, 70n, requestId)]));
    expect((await call("GET", `/v1/clients/${id}`)).json.client.balance).to.equal("700");
    const money = { currencyCode: "EUR", minorUnits: "71" };
    const other = { requestId: ids[0], amount: money, reason: "paid in" };
    expect((await call("POST", `/v1/clients/${id}:topUp`, other)).json).to.deep.include({
      ...{ status: 409, reason: "REQUEST_ID_REUSED" },
    });
    const requestId = randomUUID();
    const opened = await Promise.all(
      [1, 2, 3, 4].map(() => change("/v1/clients", { requestId, name: "Twice", currencyCode: "EUR" })),
    );
    expect(new Set(opened.map((client) => client.id))).to.have.property("size", 1);
    expect(await system().discrepancies()).to.deep.equal([]);
  });

  it("pay out no more than there is, whoever asks at the same time", async () => {
    const id = await someClient(undefined, 100n);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        call("POST", `/v1/clients/${id}:payOut`, {
          ...{ requestId: randomUUID(), amount: { currencyCode: "EUR", minorUnits: "30" }, reason: "all at once" },
        }),
      ),
    );
    expect(answers.filter((answer) => answer.status === 200)).to.have.length(3);
    for (const { status: code, json } of answers) if (code !== 200) expect(json.reason).to.equal("INSUFFICIENT_FUNDS");
    expect((await call("GET", `/v1/clients/${id}`)).json.client.balance).to.equal("10");
  });

  it("keep what payments hold: it is neither paid out nor closed away, and is captured although the account is frozen", async () => {
    const card = { ...CARD, number: "3566002020360505" };
    const id = await someClient(card, 5_000n);
    const held = await system().pay({
      ...{ requestId: randomUUID(), card, amount: { currencyCode: "EUR", minorUnits: 2_000n } },
      capture: CaptureMethod.MANUAL,
    });
    expect(held.state).to.equal(PaymentState.AUTHORIZED);
    const reason = "as the client asked";
    const payOut = (minorUnits: string) =>
      call("POST", `/v1/clients/${id}:payOut`, {
        ...{ requestId: randomUUID(), amount: { currencyCode: "EUR", minorUnits }, reason },
      });
    expect((await payOut("3001")).json.reason).to.equal("INSUFFICIENT_FUNDS");
    expect((await payOut("3000")).json.client).to.include({ balance: "2000" });
    expect((await payOut("1")).json.reason).to.equal("INSUFFICIENT_FUNDS");
    expect((await call("POST", `/v1/clients/${id}:close`, { reason })).json.reason).to.equal("BALANCE_NOT_ZERO");
    await change(`/v1/clients/${id}:freeze`, { reason });
    const captured = await system().http(`/v1/payments/${held.id}:capture`, {
      method: "POST",
      body: JSON.stringify({ wait: "30s" }),
    });
    expect((await captured.json()) as object).to.have.nested.property("payment.state", "PAYMENT_STATE_SUCCEEDED");
    expect((await call("GET", `/v1/clients/${id}`)).json.client.balance).to.equal("0");
    expect(await system().discrepancies()).to.deep.equal([]);
  });

  it("are an operator's alone, and refuse what is wrong by its fields", async () => {
    const amount = { currencyCode: "EUR", minorUnits: "5" };
    const body = JSON.stringify({ requestId: randomUUID(), amount, reason: "mine" });
    const taken = await system().http("/v1/clients/c-0001:topUp", { method: "POST", body });
    expect(taken.status).to.equal(403);
    expect((await system().http("/v1/clients/c-0001")).status).to.equal(403);
    const wrong = await call("POST", "/v1/clients", {
      ...{ id: "x", name: "", currencyCode: "XXQ", card: { ...CARD, expiryMonth: 13 } },
    });
    expect(wrong.json.violations.map((violation: { field: string }) => violation.field)).to.include("card.expiryMonth");
    const further = await call("POST", "/v1/clients", { id: "x", name: "", currencyCode: "XXQ" });
    expect(further.json.violations.map((violation: { field: string }) => violation.field)).to.have.members([
      "requestId",
      "id",
      "name",
      "currencyCode",
    ]);
    const mistyped = { ...CARD, number: "4000056655665557" };
    const refused = await call("POST", "/v1/clients", {
      ...{ requestId: randomUUID(), name: "Grace", currencyCode: "EUR", card: mistyped },
    });
    expect(refused.json).to.deep.include({ reason: "CARD_NOT_VALID", cardProblem: "INVALID_CARD_NUMBER" });
    const theirs = await call("POST", "/v1/clients", {
      ...{ requestId: randomUUID(), name: "Grace", currencyCode: "EUR", card: { ...CARD, number: "4242424242424242" } },
    });
    expect(theirs.json.reason).to.equal("CARD_TAKEN");
  });

  it("are listed in pages, by state, currency and the beginning of a name", async () => {
    const names = ["Zora A", "Zora B", "zora C"];
    const ids = [];
    for (const name of names) {
      ids.push((await change("/v1/clients", { requestId: randomUUID(), name, currencyCode: "CHF" })).id);
    }
    await change(`/v1/clients/${ids[1]}:freeze`, { reason: "a test" });
    const list = async (query: string) => (await call("GET", `/v1/clients?${query}`)).json;
    const found = async (query: string) => (await list(query)).clients.map((client: { id: string }) => client.id);
    expect(await found("namePrefix=ZORA&currencyCode=CHF")).to.have.members(ids);
    expect(await found("namePrefix=zora&state=CLIENT_STATE_FROZEN")).to.deep.equal([ids[1]]);
    expect(
      (await list("namePrefix=%00&currencyCode=eur")).violations.map((one: { field: string }) => one.field),
    ).to.have.members(["namePrefix", "currencyCode"]);
    const first = await list("namePrefix=zora&pageSize=2");
    const second = await list(`namePrefix=zora&pageSize=2&pageToken=${first.nextPageToken}`);
    const walked = [...first.clients, ...second.clients].map((client: { id: string }) => client.id);
    expect(walked).to.deep.equal([...ids].sort());
    expect(second.nextPageToken).to.equal("");
  });

  it("are the same over gRPC", async () => {
    const id = await someClient(undefined);
    const { ca } = system().certificates ?? {};
    const { grpcPort } = system().stack.gateways[0] as { grpcPort: number };
    const channel = ca ? credentials.createSsl(Buffer.from(ca)) : credentials.createInsecure();
    const client = new ClientServiceClient(`${ca ? "localhost" : "127.0.0.1"}:${grpcPort}`, channel);
    const metadata = new Metadata();
    metadata.set("authorization", `Bearer ${operator}`);
    const toppedUp = (request: TopUpClientRequest) =>
      new Promise<bigint | undefined>((resolve, reject) => {
        client.topUpClient(request, metadata, (error, response) =>
          error ? reject(error) : resolve(response.client?.balance),
        );
      });
    const request = {
      ...{ requestId: randomUUID(), id, amount: { currencyCode: "EUR", minorUnits: 25n }, reason: "by gRPC" },
    };
    try {
      expect(await toppedUp(request)).to.equal(25n);
      expect(await toppedUp(request)).to.equal(25n);
      const failure = await failureOf(toppedUp({ ...request, requestId: "", reason: "" }));
      expect(failure.code).to.equal(status.INVALID_ARGUMENT);
      expect(failure.violations.map(({ field }) => field)).to.have.members(["request_id", "reason"]);
      const other = { ...request, requestId: randomUUID(), amount: { currencyCode: "USD", minorUnits: 1n } };
      expect((await failureOf(toppedUp(other))).info?.reason).to.equal("CURRENCY_MISMATCH");
    } finally {
      client.close();
    }
  });
});
