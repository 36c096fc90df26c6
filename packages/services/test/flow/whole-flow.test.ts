import { type ServiceError, status } from "@grpc/grpc-js";
import { expect } from "chai";
import {
  DeclineReason,
  ListPaymentsRequest,
  type Payment,
  PaymentState,
  type WatchPaymentResponse,
} from "../../dist/gen/quittance/payments/v1/payments.js";
import { eventually } from "../support/eventually.js";
import { GOOD_CARD, TEST_BROKER, useStack } from "../support/stack-for-tests.js";

/** A payment of each kind, and how it must end. */
const KINDS = [
  { kind: "a good card", merchant: "m-0001", request: {}, state: "SUCCEEDED" },
  {
    kind: "more than the client has",
    request: { amount: { currencyCode: "EUR", minorUnits: 900_000_000n } },
    state: "DECLINED",
    reason: "INSUFFICIENT_FUNDS",
  },
  {
    kind: "an expired card",
    request: { card: { ...GOOD_CARD, expiryYear: 2020 } },
    state: "DECLINED",
    reason: "CARD_EXPIRED",
  },
  {
    kind: "a number that fails its check digit",
    request: { card: { ...GOOD_CARD, number: "4242424242424241" } },
    state: "DECLINED",
    reason: "INVALID_CARD_NUMBER",
  },
  {
    kind: "a card that no account belongs to",
    request: { card: { ...GOOD_CARD, number: "4000056655665556" } },
    state: "DECLINED",
    reason: "CARD_NOT_ACCEPTED",
  },
  {
    kind: "a currency that the account is not kept in",
    request: { amount: { currencyCode: "USD", minorUnits: 1_000n } },
    state: "DECLINED",
    reason: "CURRENCY_NOT_SUPPORTED",
  },
  {
    kind: "a merchant without an account",
    merchant: "m-9999",
    request: {},
    state: "DECLINED",
    reason: "MERCHANT_UNKNOWN",
  },
] as const;

describe(`The whole flow, on the ${TEST_BROKER} broker`, () => {
  const system = useStack();

  for (const { kind, request, state, ...rest } of KINDS) {
    const merchant = "merchant" in rest ? rest.merchant : "m-0001";
    const reason = "reason" in rest ? rest.reason : undefined;
    const outcome = reason === undefined ? state : `${state} with ${reason}`;

    it(`ends a payment with ${kind} as ${outcome}, over gRPC`, async () => {
      const payment = await system().pay({ requestId: `grpc-${kind.replaceAll(" ", "-")}`, ...request }, merchant);
      expect(payment.state).to.equal(PaymentState[state]);
      expect(payment.decline?.reason).to.equal(reason && DeclineReason[reason]);
      expect(payment.merchant).to.equal(merchant);
    });

    it(`ends a payment with ${kind} as ${outcome}, over HTTP`, async () => {
      const { amount = { currencyCode: "EUR", minorUnits: 1_000n }, card = GOOD_CARD } = request as {
        amount?: { currencyCode: string; minorUnits: bigint };
        card?: typeof GOOD_CARD;
      };
      const answer = await system().http("/v1/payments", {
        merchant,
        method: "POST",
        body: JSON.stringify({
          requestId: `http-${kind.replaceAll(" ", "-")}`,
          card,
          amount: { currencyCode: amount.currencyCode, minorUnits: amount.minorUnits.toString() },
          wait: "30s",
        }),
      });
      const body = (await answer.json()) as { payment?: { state: string; decline?: { reason: string } } };
      expect(answer.status, JSON.stringify(body)).to.equal(200);
      expect(body.payment?.state).to.equal(`PAYMENT_STATE_${state}`);
      expect(body.payment?.decline?.reason).to.equal(reason && `DECLINE_REASON_${reason}`);
    });
  }

  it("reverses the capture when the merchant's side declines, and keeps both movements", async () => {
    const [closed] = await system().query<{ id: string }>(
      "SELECT id FROM merchant_bank.merchants WHERE state = 'closed' AND currency = 'EUR' ORDER BY id LIMIT 1",
    );
    expect(closed, "the demo bank has a closed merchant in EUR").not.to.equal(undefined);
    const payment = await system().pay({ requestId: "closed-merchant" }, (closed as { id: string }).id);
    expect(payment.decline?.reason).to.equal(DeclineReason.MERCHANT_CLOSED);
    const movements = await system().query<{ kind: string }>(
      "SELECT DISTINCT kind FROM client_bank.ledger_entries WHERE payment_id = $1 ORDER BY kind",
      [payment.id],
    );
    expect(movements.map((entry) => entry.kind)).to.deep.equal(["capture", "return"]);
  });

  it("answers the same from Pay, GetPayment, ListPayments and WatchPayment", async () => {
    const paid = await system().pay({ requestId: "the-same-everywhere", description: "Déjà vu" });
    const metadata = await system().metadataOf("m-0001");
    const { grpc } = system();
    const read = await new Promise<Payment | undefined>((resolve, reject) =>
      grpc.getPayment({ id: paid.id, requestId: "" }, metadata, (error, response) =>
        error ? reject(error) : resolve(response.payment),
      ),
    );
    const listed = await new Promise<Payment[]>((resolve, reject) =>
      grpc.listPayments(ListPaymentsRequest.fromPartial({ pageSize: 1_000 }), metadata, (error, response) =>
        error ? reject(error) : resolve(response.payments),
      ),
    );
    const watched: (Payment | undefined)[] = [];
    for await (const update of grpc.watchPayment({ id: paid.id }, metadata)) {
      watched.push((update as WatchPaymentResponse).payment);
    }
    const overHttp = await (await system().http(`/v1/payments/${paid.id}`)).json();
    expect(read).to.deep.equal(paid);
    expect(listed.find((payment) => payment.id === paid.id)).to.deep.equal(paid);
    expect(watched.at(-1)).to.deep.equal(paid);
    expect((overHttp as { payment: object }).payment).to.deep.include({
      id: paid.id,
      state: "PAYMENT_STATE_SUCCEEDED",
    });
  });

  it("gives the same payment for the same request_id, sent a hundred times at once", async () => {
    const payments = await Promise.all(
      Array.from({ length: 100 }, () => system().pay({ requestId: "a-hundred-times" })),
    );
    expect(
      new Set(payments.map((payment) => JSON.stringify({ ...payment, amount: String(payment.amount?.minorUnits) }))),
    ).to.have.lengthOf(1);
    const [row] = await system().query<{ captures: bigint }>(
      "SELECT count(*) AS captures FROM client_bank.ledger_entries WHERE payment_id = $1 AND amount < 0",
      [payments[0]?.id],
    );
    expect(Number(row?.captures)).to.equal(1);
  });

  it("refuses a request_id that is used again with another amount, and moves no money", async () => {
    const first = await system().pay({ requestId: "used-twice" });
    const refused: ServiceError = await system()
      .pay({ requestId: "used-twice", amount: { currencyCode: "EUR", minorUnits: 1_001n } })
      .then(
        () => expect.fail("the second call was answered"),
        (error: ServiceError) => error,
      );
    expect(refused.code).to.equal(status.ALREADY_EXISTS);
    const overHttp = await system().http("/v1/payments", {
      method: "POST",
      body: JSON.stringify({
        requestId: "used-twice",
        card: GOOD_CARD,
        amount: { currencyCode: "EUR", minorUnits: "1002" },
      }),
    });
    expect(overHttp.status).to.equal(409);
    expect(JSON.stringify(await overHttp.json()))
      .to.include("REQUEST_ID_REUSED")
      .and.to.include(first.id);
    const entries = await system().query("SELECT 1 FROM client_bank.ledger_entries WHERE payment_id = $1", [first.id]);
    expect(entries, "one debit and its counterpart").to.have.lengthOf(2);
  });

  it("tells the caller who does not wait that the payment is pending, and finishes it all the same", async () => {
    const pending = await system().pay({ requestId: "does-not-wait", wait: { seconds: 0n, nanos: 0 } });
    expect(pending.state).to.equal(PaymentState.PENDING);
    await eventually("the payment is final", async () => {
      return (await system().read(pending.id)).state === "PAYMENT_STATE_SUCCEEDED";
    });
  });

  it("logs each step of a payment in its service with one trace id, and never the card's number", async () => {
    const payment = await system().pay({ requestId: "traced" });
    const services = await eventually("five services have logged the payment", () => {
      const lines = system()
        .output()
        .split("\n")
        .filter((line) => line.includes(payment.id))
        .map((line) => JSON.parse(line) as { service: string; trace?: string });
      const seen = new Map(lines.map((line) => [line.service, line.trace]));
      return seen.size === 5 && seen;
    });
    expect(new Set(services.values()), "one trace over all services").to.have.lengthOf(1);
    expect([...services.values()][0]).to.match(/^[0-9a-f]{32}$/);
    expect(system().output()).not.to.include(GOOD_CARD.number);
  });

  it("keeps the books in agreement through all of that", async () => {
    await eventually("nothing is in flight", async () => {
      const { final, all } = await system().progress();
      return final === all;
    });
    expect(await system().discrepancies()).to.deep.equal([]);
  });
});
