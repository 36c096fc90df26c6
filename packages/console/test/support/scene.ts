/** What the pages show in tests: payments of every kind, webhooks, dead letters and versions of a template, all real. */

import { queue } from "@quittance/sdk";
import { expect } from "chai";
import { OPERATOR_SCOPES, SCOPES } from "../../../services/dist/shared/scopes.js";
import { type ConsoleProcess, startConsole } from "../../../services/dist/stack/console-process.js";
import { startGuardian } from "../../../services/dist/stack/guardian.js";
import type { Supervision } from "../../../services/dist/stack/supervisor.js";
import { type Receiver, startReceiver } from "../../../services/dist-test/notification/webhook/receiver.js";
import { eventually } from "../../../services/dist-test/support/eventually.js";
import { GOOD_CARD, type TestStack, useStack } from "../../../services/dist-test/support/stack-for-tests.js";

/** Webhooks to a receiver on this machine; an attempt that was cut off is made again soon. */
const SETTINGS = { WEBHOOK_ALLOW_PRIVATE: "true", WEBHOOK_LEASE_SECONDS: "6" };
/** Where traces are shown, as the console knows it. */
export const TRACING = "http://traces.example/trace/{traceId}";
/** What merchant-bank cannot record while its table is broken. */
const DYING_AMOUNT = 4_242n;
const OTHERS = ["Coffee beans", "Bicycle repair", "Museum entrance", "Two books", "Groceries", "Concert", "Bread"];

/** The ids of what the tests look at. */
export interface Scene {
  readonly system: TestStack;
  /** Where the console is. */
  readonly url: string;
  /** An operator who may also act for the merchant m-0001. */
  readonly token: string;
  /** An operator's alone, as `npm start` gives. */
  readonly operatorToken: string;
  readonly merchantToken: string;
  readonly paid: string;
  readonly declined: string;
  readonly held: string;
  /** A payment whose message is dead. */
  readonly dying: string;
  readonly event: string;
  readonly webhooks: Receiver;
  /** Makes a few payments at once, so that something moves. */
  burst(): Promise<void>;
  /** Mends what kept the dying payment from being recorded. */
  mend(): Promise<void>;
}

interface PayAnswer {
  readonly payment: { readonly id: string; readonly state: string };
}

/** Gives the suite that calls it a stack with a console, and everything that is on its pages. */
export function useScene(): () => Scene {
  let receiver: Receiver;
  before(async () => {
    // The first attempt fails, so that there is a story to tell.
    receiver = await startReceiver((response) => response.writeHead(receiver.received.length === 1 ? 503 : 204).end());
    Object.assign(process.env, SETTINGS);
  });
  const system = useStack();
  let console: Supervision<ConsoleProcess> | undefined;
  let scene: Scene | undefined;
  const ending = new AbortController();
  const guardian = startGuardian();
  before(async function setTheScene() {
    this.timeout(90_000);
    console = await startConsole({
      ...{ stack: system().stack, port: 0, certificates: undefined, tracing: TRACING },
      ...{ guardian, signal: ending.signal },
      onEvent: () => undefined,
      onOutput: () => undefined,
    });
    scene = await playedScene(system(), console.current.ready.url, receiver);
  });
  after(async () => {
    ending.abort();
    await console?.stop();
    await guardian.close();
    for (const name of Object.keys(SETTINGS)) delete process.env[name];
    await receiver?.[Symbol.asyncDispose]();
  });
  return () => {
    if (scene === undefined) throw new Error("The scene stands only inside hooks and tests.");
    return scene;
  };
}

async function playedScene(system: TestStack, url: string, webhooks: Receiver): Promise<Scene> {
  const token = await system.stack.tokenOf("m-0001", SCOPES);
  const operatorToken = await system.stack.tokenOf("anna", OPERATOR_SCOPES);
  const merchantToken = await system.stack.tokenOf("m-0001");
  const call = async <Answer>(method: string, path: string, body?: object): Promise<Answer> => {
    const answer = await fetch(`http://127.0.0.1:${system.stack.httpPort}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    expect(answer.status, `${method} ${path}: ${text}`).to.be.oneOf([200, 202]);
    return JSON.parse(text) as Answer;
  };
  let count = 0;
  const pay = async (more: object) => {
    const body = { requestId: `scene-${count++}`, card: GOOD_CARD, amount: eur(1_250), wait: "30s", ...more };
    return (await call<PayAnswer>("POST", "/v1/payments", body)).payment;
  };

  await call("POST", "/v1/webhook-endpoints", {
    requestId: "scene-endpoint",
    url: webhooks.url.href,
    description: "The shop",
  });
  for (const [place, description] of OTHERS.entries()) await pay({ description, amount: eur(480 + 731 * place) });
  await pay({ card: { ...GOOD_CARD, number: "5555555555554444" }, description: "Monthly pass", amount: eur(7_520) });
  const declined = await pay({ card: { ...GOOD_CARD, number: "4000000000000002" }, description: "Headphones" });
  const held = await pay({ capture: "CAPTURE_METHOD_MANUAL", description: "Hotel, two nights", amount: eur(21_800) });
  const paid = await pay({
    requestId: "order-1001",
    description: "Two teas and a scone",
    clientReference: "table-7",
    metadata: { waiter: "Grace" },
  });
  const refund = { requestId: "refund-1001", amount: eur(250), wait: "30s" };
  await call("POST", `/v1/payments/${paid.id}:refund`, refund);

  const mend = await breakReceipts(system);
  const dying = await pay({ requestId: "dying", amount: eur(Number(DYING_AMOUNT)), wait: "0s", description: "A lamp" });
  const producer = await (await system.operator()).createProducer(queue("bank-result"));
  await producer.send({ json: { hello: "world" }, properties: { sender: "nobody that we know" } });

  await call("POST", "/v1/templates/payment-succeeded/en/versions", await anotherVersion(call));
  await call("POST", "/v1/templates/payment-succeeded/en/versions/2:activate", { reason: "Friendlier words" });

  const { events } = await eventually("every end has an event", async () => {
    const listed = await call<{ events: { id: string; payment?: { id: string } }[] }>("GET", "/v1/events?pageSize=100");
    return listed.events.length >= OTHERS.length + 4 ? listed : undefined;
  });
  const event = events.at(-1)?.id ?? "";
  await eventually("the first event is delivered at its second attempt", async () => {
    const { deliveries } = await call<{ deliveries: { state: string }[] }>("GET", `/v1/events/${event}`);
    return deliveries.every(({ state }) => state === "WEBHOOK_DELIVERY_STATE_DELIVERED");
  });
  await eventually("both messages are dead", async () => {
    const answer = await fetch(`${url}/console/v1/deadLetters`, { headers: { authorization: `Bearer ${token}` } });
    return ((await answer.json()) as { letters: unknown[] }).letters.length === 2;
  });
  return {
    ...{ system, url, token, operatorToken, merchantToken, event, webhooks, mend },
    burst: async () => {
      await Promise.all(OTHERS.map((description) => pay({ description, wait: "0s" })));
    },
    ...{ paid: paid.id, declined: declined.id, held: held.id, dying: dying.id },
  };
}

function eur(minorUnits: number) {
  return { currencyCode: "EUR", minorUnits: String(minorUnits) };
}

async function anotherVersion(call: <Answer>(method: string, path: string) => Promise<Answer>): Promise<object> {
  const path = "/v1/templates/payment-succeeded/en/versions/1";
  const { templateVersion } = await call<{ templateVersion: { subject: string; body: string } }>("GET", path);
  const { subject, body } = templateVersion;
  return {
    requestId: "friendlier",
    subject: subject.replace("succeeded", "went through"),
    body: `${body}\nThank you.`,
  };
}

/** Numeric value out of range: what a message's own values bring about, which no time heals. */
async function breakReceipts(system: TestStack): Promise<() => Promise<void>> {
  await system.query(`
    CREATE FUNCTION merchant_bank.of_a_test() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'too much' USING ERRCODE = '22003'; END $$;
    CREATE TRIGGER of_a_test BEFORE INSERT ON merchant_bank.receipts FOR EACH ROW
      WHEN (new.amount = ${DYING_AMOUNT}) EXECUTE FUNCTION merchant_bank.of_a_test()`);
  return async () => {
    await system.query("DROP TRIGGER of_a_test ON merchant_bank.receipts");
  };
}
