/** A merchant hears about its payouts, whatever is killed. */
import { randomUUID } from "node:crypto";
import { expect } from "chai";
import pg from "pg";
import { Webhook } from "standardwebhooks";
import { payOut as payOutByCommand } from "../../dist/operator/cli/account-changes.js";
import { OPERATOR_SCOPES } from "../../dist/shared/scopes.js";
import { type Receiver, startReceiver } from "../notification/webhook/receiver.js";
import { eventually } from "../support/eventually.js";
import { TEST_BROKER, useStack } from "../support/stack-for-tests.js";

const SETTINGS = { WEBHOOK_ALLOW_PRIVATE: "true", WEBHOOK_LEASE_SECONDS: "6" };
const PAYOUTS = 7;

interface Payout {
  readonly id: string;
  readonly amount: { readonly minorUnits: string };
}

describe(`A payout, on the ${TEST_BROKER} broker`, function () {
  this.timeout(120_000);
  let receiver: Receiver;
  let operator: string;
  let secret: string;
  let merchant: string;

  before(async () => {
    receiver = await startReceiver((response) => response.writeHead(204).end());
    Object.assign(process.env, SETTINGS);
  });
  const system = useStack();
  before(async () => {
    operator = await system().stack.tokenOf("anna", OPERATOR_SCOPES);
    merchant = `shop-${randomUUID()}`;
    await operate("/v1/merchants", { requestId: randomUUID(), id: merchant, name: "A shop", currencyCode: "EUR" });
    const money = { currencyCode: "EUR", minorUnits: "100000" };
    await operate(`/v1/merchants/${merchant}:topUp`, { requestId: randomUUID(), amount: money, reason: "to pay out" });
    const body = JSON.stringify({ requestId: "payouts", url: receiver.url.href, eventTypes: ["payout.paid"] });
    const created = await system().http("/v1/webhook-endpoints", { method: "POST", merchant, body });
    ({ secret } = (await created.json()) as { secret: string });
  });
  after(async () => {
    for (const name of Object.keys(SETTINGS)) delete process.env[name];
    await receiver[Symbol.asyncDispose]();
  });

  /** A call of the operator, which must succeed. */
  async function operate(path: string, body: object): Promise<void> {
    const headers = { authorization: `Bearer ${operator}` };
    const answer = await system().http(path, { method: "POST", body: JSON.stringify(body), headers });
    expect(answer.status, await answer.text()).to.equal(200);
  }

  function payOut(requestId: string): Promise<void> {
    const amount = { currencyCode: "EUR", minorUnits: "1250" };
    return operate(`/v1/merchants/${merchant}:payOut`, { requestId, amount, reason: "weekly" });
  }

  async function own<Answer>(path: string): Promise<Answer> {
    return (await (await system().http(path, { merchant })).json()) as Answer;
  }

  /** The payouts that the receiver was told, by the ids of their webhooks. */
  function told(): ReadonlyMap<string, Payout> {
    return new Map(
      receiver.received.map(({ headers, body }) => [
        String(headers["webhook-id"]),
        (JSON.parse(body) as { readonly data: Payout }).data,
      ]),
    );
  }

  it("is reported by a signed webhook, in the JSON that ListPayouts answers, and is an event", async () => {
    await payOut("weekly-1");
    const [posted] = await eventually("it is told", () => receiver.received.length > 0 && receiver.received);
    new Webhook(secret).verify(posted?.body ?? "", posted?.headers as Record<string, string>);
    const { type, data } = JSON.parse(posted?.body ?? "") as { readonly type: string; readonly data: Payout };
    expect(type).to.equal("payout.paid");
    expect([data]).to.deep.equal((await own<{ payouts: Payout[] }>("/v1/payouts")).payouts);
    const { events } = await own<{ events: { type: string; payout: Payout }[] }>("/v1/events");
    expect(events.map((event) => [event.type, event.payout])).to.deep.equal([["payout.paid", data]]);
    const rows = await system().query<{ subject: string }>(
      "SELECT subject FROM notification.notifications WHERE template_name = 'payout' AND channel = 'log'",
    );
    expect(rows.map(({ subject }) => subject)).to.deep.equal(["€12.50 paid out"]);
  });

  it("is told once, as one event, whichever service is killed while it is told", async () => {
    for (let number = 2; number <= PAYOUTS; number++) {
      await payOut(`weekly-${number}`);
      system().killService(number % 2 === 0 ? "merchant-bank" : "notification");
      await eventually("the killed service is back", () => isUp());
    }
    await eventually("every payout is told", () => told().size >= PAYOUTS, 60_000);
    const ids = [...told().values()].map(({ id }) => id);
    expect(ids).to.have.members(Array.from({ length: PAYOUTS }, (_, index) => `weekly-${index + 1}`));
    const untold = await system().query("SELECT FROM merchant_bank.payout_notices WHERE tell_time IS NULL");
    expect(untold).to.deep.equal([]);
    expect(await system().discrepancies()).to.deep.equal([]);
  });

  it("is told when the command line made it, which sends no message", async () => {
    const client = new pg.Client({ connectionString: system().stack.databaseUrl });
    await client.connect();
    const movement = { id: "by-command", currency: "EUR", amount: 500n };
    const by = { actor: "anna", reason: "weekly" };
    const account = { kind: "merchant", id: merchant, table: "merchant_bank.merchants" } as const;
    expect(await payOutByCommand(client, account, by, movement)).to.equal(undefined);
    await client.end();
    await eventually("it is told", () => [...told().values()].some(({ id }) => id === "by-command"), 60_000);
  });

  /** Whether both services answer. */
  async function isUp(): Promise<boolean> {
    const settings = await system().http("/v1/webhook-endpoints", { merchant });
    const balance = await system().http("/v1/balance", { merchant });
    await Promise.all([settings.text(), balance.text()]);
    return settings.status === 200 && balance.status === 200;
  }
});
