/** An integrator's whole life by the API alone: the same story through each door. */
import { expect } from "chai";
import { Webhook } from "standardwebhooks";
import { MerchantAccountServiceService } from "../../dist/gen/quittance/accounts/v1/merchant_account.js";
import { MerchantServiceService } from "../../dist/gen/quittance/accounts/v1/merchants.js";
import { EventServiceService } from "../../dist/gen/quittance/notifications/v1/events.js";
import { WebhookEndpointServiceService } from "../../dist/gen/quittance/notifications/v1/webhook_endpoints.js";
import {
  CaptureMethod,
  type ListPaymentsRequest,
  type Payment,
  PaymentServiceService,
  PaymentState,
  type PayRequest,
  RefundState,
} from "../../dist/gen/quittance/payments/v1/payments.js";
import { OPERATOR_SCOPES } from "../../dist/shared/scopes.js";
import { type ReadWebhook, type Receiver, startReceiver, webhooksOf } from "../notification/webhook/receiver.js";
import { type ApiDoor, DOORS, type DoorName, openDoor } from "../support/api-door.js";
import { eventually } from "../support/eventually.js";
import { GOOD_CARD, TEST_BROKER, type TestStack, useStack } from "../support/stack-for-tests.js";

const SETTINGS = { WEBHOOK_ALLOW_PRIVATE: "true" };
const WAIT = { seconds: 30n, nanos: 0 };

const eur = (minorUnits: bigint) => ({ currencyCode: "EUR", minorUnits });
const idsOf = (items: readonly { readonly id: string }[]) => items.map(({ id }) => id);
const today = () => new Date().toISOString().slice(0, 10);

describe(`An integrator's life by the API, on the ${TEST_BROKER} broker`, function () {
  this.timeout(60_000);
  before(() => void Object.assign(process.env, SETTINGS));
  const system = useStack();
  after(() => {
    for (const name of Object.keys(SETTINGS)) delete process.env[name];
  });
  for (const door of DOORS) describe(`over ${door}`, () => tellLife(door, system));
});

function tellLife(name: DoorName, system: () => TestStack): void {
  const merchant = `shop-over-${name}`;
  let receiver: Receiver;
  /** The operator, who opens the merchant's account and pays out; everything else is the integrator's. */
  let operator: ApiDoor;
  let shop: ApiDoor;
  let firstDay: string;
  let endpoint: string;
  let secret: string;
  let first: Payment;
  let shipped: Payment;
  let canceled: Payment;

  before(async () => {
    receiver = await startReceiver((response) => response.writeHead(204).end());
    firstDay = today();
    operator = openDoor(name, system(), await system().stack.tokenOf("anna", OPERATOR_SCOPES));
    shop = openDoor(name, system(), await system().stack.tokenOf(merchant));
    const account = { requestId: merchant, id: merchant, name: "A shop", currencyCode: "EUR" };
    await operator.call(MerchantServiceService.createMerchant, account);
  });
  after(() => receiver[Symbol.asyncDispose]());

  async function pay(requestId: string, minorUnits: bigint, others: Partial<PayRequest> = {}): Promise<Payment> {
    const request = { requestId, card: GOOD_CARD, amount: eur(minorUnits), wait: WAIT, ...others };
    return (await shop.call(PaymentServiceService.pay, request)).payment as Payment;
  }

  /** The webhook of what happened to `id`, as soon as it arrives. It must be signed by `secret`. */
  async function told(type: string, id: string, from = 0): Promise<ReadWebhook> {
    const webhook = await eventually(`${type} of ${id} is told`, () =>
      webhooksOf(receiver, from).find((one) => one.type === type && one.data.id === id),
    );
    new Webhook(secret).verify(webhook.body, webhook.headers);
    return webhook;
  }

  it("makes an endpoint for its webhooks, is paid, and hears of it", async () => {
    const request = { requestId: "endpoint", url: receiver.url.href };
    const created = await shop.call(WebhookEndpointServiceService.createWebhookEndpoint, request);
    endpoint = created.webhookEndpoint?.id ?? "";
    secret = created.secret;
    first = await pay("order-1", 1_000n);
    expect(first).to.include({ state: PaymentState.SUCCEEDED, merchant });
    const { data } = await told("payment.succeeded", first.id);
    expect(data).to.deep.include({ requestId: "order-1", amount: { currencyCode: "EUR", minorUnits: "1000" } });
  });

  it("holds money until it ships, and captures a part of it", async () => {
    const held = await pay("order-2", 2_000n, { capture: CaptureMethod.MANUAL, clientReference: "basket 2" });
    expect(held.state).to.equal(PaymentState.AUTHORIZED);
    const request = { id: held.id, amount: eur(1_500n), wait: WAIT };
    shipped = (await shop.call(PaymentServiceService.capturePayment, request)).payment as Payment;
    expect(shipped).to.deep.include({ state: PaymentState.SUCCEEDED, capturedAmount: eur(1_500n) });
    await told("payment.succeeded", shipped.id);
  });

  it("cancels another hold, of what is out of stock", async () => {
    const held = await pay("order-3", 700n, { capture: CaptureMethod.MANUAL });
    const request = { id: held.id, wait: WAIT };
    canceled = (await shop.call(PaymentServiceService.cancelPayment, request)).payment as Payment;
    expect(canceled.state).to.equal(PaymentState.CANCELED);
    await told("payment.canceled", canceled.id);
  });

  it("refunds a part, which its payment shows", async () => {
    const request = { id: first.id, requestId: "return-1", amount: eur(300n), wait: WAIT };
    const { refund } = await shop.call(PaymentServiceService.refundPayment, request);
    expect(refund).to.include({ state: RefundState.SUCCEEDED, payment: first.id });
    await told("refund.succeeded", refund?.id ?? "");
    const { payment } = await shop.call(PaymentServiceService.getPayment, { id: first.id });
    expect(payment?.refundedAmount).to.deep.equal(eur(300n));
    const listed = await shop.call(PaymentServiceService.listRefunds, { payment: first.id });
    expect(idsOf(listed.refunds)).to.deep.equal([refund?.id]);
  });

  it("lists its payments by state, time, reference and request_id, page by page", async () => {
    const list = (request: Partial<ListPaymentsRequest>) => shop.call(PaymentServiceService.listPayments, request);
    const found = async (request: Partial<ListPaymentsRequest>) => idsOf((await list(request)).payments);
    expect(await found({ state: PaymentState.CANCELED })).to.deep.equal([canceled.id]);
    expect(await found({ clientReference: "basket 2" })).to.deep.equal([shipped.id]);
    expect(await found({ startTime: shipped.createTime })).to.deep.equal([canceled.id, shipped.id]);
    expect(await found({ requestId: "order-1" })).to.deep.equal([first.id]);
    const page = await list({ pageSize: 2 });
    const next = await list({ pageSize: 2, pageToken: page.nextPageToken });
    expect(idsOf([...page.payments, ...next.payments])).to.deep.equal([canceled.id, shipped.id, first.id]);
    expect(next.nextPageToken).to.equal("");
  });

  it("lists its events, which are what it was told, and has one sent again under the same id", async () => {
    const { events } = await shop.call(EventServiceService.listEvents, {});
    const delivered = new Map(webhooksOf(receiver).map(({ id, type }) => [id, type]));
    expect(events.map(({ id, type }) => [id, type])).to.have.deep.members([...delivered]);
    const of = { payment: canceled.id, type: "payment.canceled" };
    const { id = "" } = (await shop.call(EventServiceService.listEvents, of)).events[0] ?? {};
    const before = receiver.received.length;
    await shop.call(EventServiceService.resendEvent, { id });
    expect((await told("payment.canceled", canceled.id, before)).id).to.equal(id);
    const attempts = await eventually("both attempts are kept", async () => {
      const kept = await shop.call(EventServiceService.listDeliveryAttempts, { event: id });
      return kept.attempts.length === 2 && kept.attempts;
    });
    expect(attempts.map(({ statusCode }) => statusCode)).to.deep.equal([204, 204]);
  });

  it("rotates its secret: both sign until the former one ends", async () => {
    /** The test event that it has sent now. */
    const tested = async () => {
      const before = receiver.received.length;
      await shop.call(WebhookEndpointServiceService.sendTestEvent, { id: endpoint });
      return told("webhook_endpoint.test", endpoint, before);
    };
    const rotate = async (seconds: bigint) => {
      const request = { id: endpoint, keepFormer: { seconds, nanos: 0 } };
      return (await shop.call(WebhookEndpointServiceService.rotateWebhookEndpointSecret, request)).secret;
    };
    const former = secret;
    secret = await rotate(3_600n);
    const both = await tested();
    new Webhook(former).verify(both.body, both.headers);
    secret = await rotate(0n);
    const one = await tested();
    expect(() => new Webhook(former).verify(one.body, one.headers)).to.throw("No matching signature found");
  });

  it("reads its balance, its settlements by day and its payouts, which are those of the ledger", async () => {
    const request = { id: merchant, requestId: `${merchant}-weekly`, amount: eur(900n), reason: "weekly" };
    await operator.call(MerchantServiceService.payOutMerchant, request);
    const { data } = await told("payout.paid", request.requestId);
    expect(data.amount).to.deep.equal({ currencyCode: "EUR", minorUnits: "900" });
    const { payouts } = await shop.call(MerchantAccountServiceService.listPayouts, {});
    expect(payouts.map(({ id, amount }) => ({ id, amount }))).to.deep.equal([
      { id: request.requestId, amount: eur(900n) },
    ]);

    const period = { startDate: firstDay, endDate: today() };
    const { days } = await shop.call(MerchantAccountServiceService.listSettlementDays, period);
    const sum = (field: "payments" | "gross" | "refunds" | "refunded" | "net" | "paidOut") =>
      days.reduce((total, day) => total + day[field], 0n);
    expect([sum("payments"), sum("gross")], "paid").to.deep.equal([2n, 2_500n]);
    expect([sum("refunds"), sum("refunded")], "refunded").to.deep.equal([1n, 300n]);
    expect([sum("net"), sum("paidOut")], "what is left of it, and what was paid out").to.deep.equal([2_200n, 900n]);
    const [ledger] = await system().query<{ total: string }>(
      "SELECT sum(amount)::text AS total FROM merchant_bank.ledger_entries WHERE account = $1",
      [merchant],
    );
    expect(sum("net") - sum("paidOut")).to.equal(BigInt(ledger?.total ?? 0));
    const balance = await shop.call(MerchantAccountServiceService.getBalance, {});
    expect(balance).to.include({ currencyCode: "EUR", available: 1_300n, pending: 0n });
    expect(await system().discrepancies()).to.deep.equal([]);
  });
}
