import { type ServiceError, status } from "@grpc/grpc-js";
import { expect } from "chai";
import {
  CancelReason,
  CaptureMethod,
  type Payment,
  type PaymentServiceClient,
  PaymentState,
  RefundDeclineReason,
  RefundPaymentRequest,
  RefundState,
} from "../../dist/gen/quittance/payments/v1/payments.js";
import { failureOf } from "../gateway/api-client.js";
import { eventually } from "../support/eventually.js";
import { GOOD_CARD, TEST_BROKER, type TestStack, useStack } from "../support/stack-for-tests.js";

const WAIT = { seconds: 30n, nanos: 0 };
const NO_WAIT = { seconds: 0n, nanos: 0 };
/** Holds at once; a bank is killed in the middle of them. */
const MANY = 200;
const KILL_AFTER = 40;
/** Longer than the time between two looks for holds that have expired. */
const EXPIRY_BOUND_MS = 40_000;

const eur = (minorUnits: bigint) => ({ currencyCode: "EUR", minorUnits });

describe(`Payments that hold money, on the ${TEST_BROKER} broker`, function () {
  this.timeout(120_000);
  const system = useStack();
  const hold = (requestId: string, minorUnits = 1_000n) =>
    system().pay({ requestId, amount: eur(minorUnits), capture: CaptureMethod.MANUAL });
  const capture = (id: string, amount?: bigint, wait = WAIT) =>
    call(system(), "capturePayment", { id, amount: amount === undefined ? undefined : eur(amount), wait });
  const cancel = (id: string, wait = WAIT) => call(system(), "cancelPayment", { id, wait });

  it("are authorised without taking anything, captured in part, and the rest is released", async () => {
    const payment = await hold("part");
    expect(payment).to.deep.include({
      state: PaymentState.AUTHORIZED,
      capture: CaptureMethod.MANUAL,
      amount: eur(1_000n),
    });
    expect(payment.captureTime, "nothing was captured").to.equal(undefined);
    const [authorized, expires] = [payment.authorizeTime as Date, payment.authorizationExpireTime as Date];
    expect(expires.getTime() - authorized.getTime(), "7 days").to.equal(7 * 86_400_000);
    const before = await accountOf(system(), payment);
    expect(before.held >= 1_000n).to.equal(true);
    expect(await entriesOf(system(), payment.id), "a hold is no movement").to.deep.equal([]);

    const captured = await capture(payment.id, 300n);
    expect(captured).to.deep.include({ state: PaymentState.SUCCEEDED, amount: eur(1_000n), capturedAmount: eur(300n) });
    expect(captured.captureTime).to.be.a("date");
    expect(captured.authorizationExpireTime).to.equal(undefined);
    const after = await accountOf(system(), payment);
    expect(after).to.deep.equal({
      client: before.client - 300n,
      held: before.held - 1_000n,
      merchant: before.merchant + 300n,
    });
    expect(await system().discrepancies()).to.deep.equal([]);
  });

  it("are captured once: the same capture again gives the same payment, and another one is refused", async () => {
    const payment = await hold("once");
    const answers = await Promise.all(Array.from({ length: 20 }, () => capture(payment.id, 400n)));
    for (const answer of answers) expect(answer).to.deep.equal(answers[0]);
    expect((await entriesOf(system(), payment.id)).length, "one debit and its counterpart").to.equal(2);
    for (const again of [() => capture(payment.id), () => capture(payment.id, 399n), () => cancel(payment.id)]) {
      const error = await failureOf(again());
      expect(error.code).to.equal(status.FAILED_PRECONDITION);
      expect(error.info?.reason).to.equal("ALREADY_CAPTURED");
    }
    const tooMuch = await failureOf(capture(payment.id, 1_001n));
    expect(tooMuch.code).to.equal(status.INVALID_ARGUMENT);
    expect(tooMuch.violations.map(({ field }) => field)).to.deep.equal(["amount.minor_units"]);
  });

  it("are canceled over HTTP: nothing is taken, and whoever captures then is told so", async () => {
    const body = {
      requestId: "void",
      card: GOOD_CARD,
      amount: wire(700n),
      capture: "CAPTURE_METHOD_MANUAL",
      wait: "30s",
    };
    const paid = await post(system(), "/v1/payments", body);
    expect(paid.status).to.equal(200);
    expect(paid.body.payment).to.deep.include({ state: "PAYMENT_STATE_AUTHORIZED", capture: "CAPTURE_METHOD_MANUAL" });
    const { id } = paid.body.payment ?? { id: "" };
    const canceled = await post(system(), `/v1/payments/${id}:cancel`, {});
    expect(canceled.status).to.equal(200);
    expect(canceled.body.payment).to.deep.include({
      state: "PAYMENT_STATE_CANCELED",
      cancelReason: "CANCEL_REASON_REQUESTED",
    });
    expect(canceled.body.payment).not.to.have.property("captureTime");
    const again = await post(system(), `/v1/payments/${id}:cancel`, {});
    expect(again.body, "the same call again gives the same answer").to.deep.equal(canceled.body);
    const captured = await post(system(), `/v1/payments/${id}:capture`, { amount: wire(700n) });
    expect(captured.status).to.equal(400);
    expect(captured.body).to.deep.include({ reason: "PAYMENT_CANCELED" });
    expect(await entriesOf(system(), id)).to.deep.equal([]);
  });

  it("are captured over HTTP, and refunded up to what was captured", async () => {
    const payment = await hold("refunded");
    const early = await refund(system(), payment.id, "early", NO_WAIT);
    expect(early.finishTime, "a hold cannot be refunded: nothing was taken").to.equal(undefined);
    expect([RefundState.PENDING, RefundState.ACCEPTED]).to.include(early.state);
    const captured = await post(system(), `/v1/payments/${payment.id}:capture`, { amount: wire(600n), wait: "30s" });
    expect(captured.status).to.equal(200);
    expect(captured.body.payment).to.deep.include({ state: "PAYMENT_STATE_SUCCEEDED", capturedAmount: wire(600n) });
    await eventually("what was asked for early is refunded", async () => {
      const read = await readPayment(system(), payment.id);
      return read.state === PaymentState.REFUNDED && read.refundedAmount?.minorUnits === 600n;
    });
    const more = await refund(system(), payment.id, "more", WAIT);
    expect(more.decline?.reason).to.equal(RefundDeclineReason.ALREADY_REFUNDED);
  });

  it("cannot spend what is held: neither another payment nor another hold can", async () => {
    const [poor] = await system().query<{ id: string; balance: bigint; held: bigint }>(
      `SELECT c.id, c.balance, c.held FROM client_bank.clients c
       JOIN client_bank.payments p ON p.client_id = c.id WHERE p.request_id = 'part'`,
    );
    const available = BigInt(poor?.balance ?? 0) - BigInt(poor?.held ?? 0);
    const most = 1_000_000_000n;
    expect(available > 0n && available <= most, `${available} can be held by one payment`).to.equal(true);
    const all = await hold("all", available);
    expect(all.state).to.equal(PaymentState.AUTHORIZED);
    for (const method of [CaptureMethod.AUTOMATIC, CaptureMethod.MANUAL]) {
      const declined = await system().pay({ requestId: `none-${method}`, amount: eur(1n), capture: method });
      expect(declined.state).to.equal(PaymentState.DECLINED);
      expect(declined.authorizeTime).to.equal(undefined);
      const error = await failureOf(capture(declined.id));
      expect(error.info?.reason).to.equal("PAYMENT_NOT_AUTHORIZED");
    }
    expect((await cancel(all.id)).state).to.equal(PaymentState.CANCELED);
    expect((await system().pay({ requestId: "again", amount: eur(1n) })).state).to.equal(PaymentState.SUCCEEDED);
  });

  it("expire by themselves, tell so, and cannot be captured any more", async () => {
    const payment = await hold("expires");
    await system().query("UPDATE client_bank.payments SET hold_expire_time = now() WHERE id = $1", [payment.id]);
    await eventually(
      "the hold has expired",
      async () => (await readPayment(system(), payment.id)).state === PaymentState.CANCELED,
      EXPIRY_BOUND_MS,
    );
    const read = await readPayment(system(), payment.id);
    expect(read.cancelReason).to.equal(CancelReason.EXPIRED);
    const error = await failureOf(capture(payment.id));
    expect(error.code).to.equal(status.FAILED_PRECONDITION);
    expect(error.info?.reason).to.equal("AUTHORIZATION_EXPIRED");
    expect((await cancel(payment.id)).cancelReason, "it is released, as asked").to.equal(CancelReason.EXPIRED);
    await eventually("its end is told", async () => {
      const told = await system().query<{ template_name: string; subject: string }>(
        "SELECT template_name, subject FROM notification.notifications WHERE payment_id = $1",
        [payment.id],
      );
      return told.length === 1 && told[0]?.template_name === "payment-canceled";
    });
  });

  it("are captured by an order that comes before the payment is recorded", async () => {
    // Nobody waits: the order may overtake the payment, which has two more steps to walk.
    const accepted = await system().pay({ requestId: "early", capture: CaptureMethod.MANUAL, wait: NO_WAIT });
    const captured = await capture(accepted.id, 250n);
    expect(captured).to.deep.include({ state: PaymentState.SUCCEEDED, capturedAmount: eur(250n) });
  });

  it("end one way, whoever is first: captures of several amounts and a cancellation at once", async () => {
    for (let round = 1; round <= 5; round += 1) {
      const payment = await hold(`race-${round}`);
      const calls = [capture(payment.id), capture(payment.id, 500n), capture(payment.id, 1n), cancel(payment.id)];
      const ends = await Promise.all(calls.map((one) => one.catch((error: ServiceError) => error)));
      const made = ends.filter((end): end is Payment => !(end instanceof Error));
      expect(made, "one of them was done").to.have.lengthOf(1);
      const read = await readPayment(system(), payment.id);
      expect(read).to.deep.equal(made[0]);
    }
    expect(await system().discrepancies()).to.deep.equal([]);
  });

  it("are another request than a payment that is captured at once", async () => {
    await system().pay({ requestId: "reused" });
    const error = await failureOf(hold("reused"));
    expect(error.code).to.equal(status.ALREADY_EXISTS);
    expect(error.violations.map(({ field }) => field)).to.deep.equal(["capture"]);
  });

  it("are nobody else's to capture, and none that never was", async () => {
    const payment = await hold("mine");
    const foreign = call(system(), "capturePayment", { id: payment.id, amount: undefined, wait: WAIT }, "m-0003");
    expect((await failureOf(foreign)).code).to.equal(status.NOT_FOUND);
    const unknown = call(system(), "cancelPayment", { id: `pay_${"a".repeat(32)}`, wait: WAIT });
    expect((await failureOf(unknown)).code).to.equal(status.NOT_FOUND);
    expect((await readPayment(system(), payment.id)).state).to.equal(PaymentState.AUTHORIZED);
    await cancel(payment.id);
  });

  for (const victim of ["client-bank", "merchant-bank", "notification"] as const) {
    it(`each end once, and the books agree, when ${victim} is killed in the middle of ${MANY}`, async () => {
      const held = await Promise.all(
        Array.from({ length: MANY }, (_, index) => hold(`${victim}-${index}`, BigInt(10 + (index % 7)))),
      );
      const calls = Promise.all(
        held.map(({ id }, index) => (index % 4 === 0 ? cancel(id) : capture(id, index % 2 === 0 ? 5n : undefined))),
      );
      await eventually(
        `${KILL_AFTER} of them are concluded`,
        async () => (await concludedOf(system(), victim)).concluded >= KILL_AFTER,
        30_000,
      );
      system().killService(victim);
      await calls;
      await eventually("all are final", async () => (await concludedOf(system(), victim)).final === MANY, 60_000);
      expect(await system().discrepancies()).to.deep.equal([]);
      const [row] = await system().query<{ canceled: number; parts: number; whole: number }>(
        `SELECT count(*) FILTER (WHERE state = 'CANCELED')::int AS canceled,
                count(*) FILTER (WHERE state = 'SUCCEEDED' AND captured_amount = 5)::int AS parts,
                count(*) FILTER (WHERE state = 'SUCCEEDED' AND captured_amount = amount)::int AS whole
         FROM client_bank.payments WHERE request_id LIKE $1`,
        [`${victim}-%`],
      );
      expect(row, "each as it was asked for").to.deep.equal({
        canceled: MANY / 4,
        parts: MANY / 4,
        whole: MANY / 2,
      });
    });
  }

  it("each have one notification of their end, and none before it", async () => {
    await eventually("every end is told once", async () => {
      const [row] = await system().query<{ ends: bigint; told: bigint; matching: bigint }>(
        `SELECT (SELECT count(*) FROM client_bank.payments WHERE finish_time IS NOT NULL) AS ends,
                (SELECT count(*) FROM notification.notifications WHERE refund_id = '' AND channel = 'log') AS told,
                (SELECT count(*) FROM client_bank.payments p JOIN notification.notifications n
                 ON n.payment_id = p.id AND n.refund_id = '' AND n.channel = 'log' AND n.template_name =
                   'payment-' || CASE p.state WHEN 'REFUNDED' THEN 'succeeded' ELSE lower(p.state) END) AS matching`,
      );
      return row?.ends === row?.told && row?.matching === row?.ends;
    });
    expect(await system().discrepancies()).to.deep.equal([]);
  });
});

type HoldMethod = "capturePayment" | "cancelPayment";

function call<Method extends HoldMethod>(
  system: TestStack,
  method: Method,
  request: Parameters<PaymentServiceClient[Method]>[0],
  merchant = "m-0001",
): Promise<Payment> {
  const calling = system.metadataOf(merchant).then(
    (metadata) =>
      new Promise<Payment>((resolve, reject) => {
        const done = (error: ServiceError | null, response: { payment?: Payment | undefined }) =>
          error ? reject(error) : resolve(response.payment as Payment);
        if (method === "capturePayment") {
          system.grpc.capturePayment(request as Parameters<PaymentServiceClient["capturePayment"]>[0], metadata, done);
        } else
          system.grpc.cancelPayment(request as Parameters<PaymentServiceClient["cancelPayment"]>[0], metadata, done);
      }),
  );
  return calling;
}

async function readPayment(system: TestStack, id: string): Promise<Payment> {
  const metadata = await system.metadataOf("m-0001");
  return new Promise((resolve, reject) => {
    system.grpc.getPayment({ id, requestId: "" }, metadata, (error, response) =>
      error ? reject(error) : resolve(response.payment as Payment),
    );
  });
}

async function refund(system: TestStack, id: string, requestId: string, wait: typeof WAIT) {
  const metadata = await system.metadataOf("m-0001");
  const response = await new Promise<{
    refund?:
      | { state: RefundState; finishTime?: Date | undefined; decline?: { reason: number } | undefined }
      | undefined;
  }>((resolve, reject) => {
    system.grpc.refundPayment(RefundPaymentRequest.fromPartial({ id, requestId, wait }), metadata, (error, answer) =>
      error ? reject(error) : resolve(answer),
    );
  });
  if (response.refund === undefined) throw new Error("The answer holds no refund.");
  return response.refund;
}

interface HttpAnswer {
  readonly status: number;
  readonly body: { readonly payment?: Record<string, unknown> & { readonly id: string }; readonly reason?: string };
}

async function post(system: TestStack, path: string, body: object): Promise<HttpAnswer> {
  const answer = await system.http(path, { method: "POST", body: JSON.stringify(body) });
  return { status: answer.status, body: (await answer.json()) as HttpAnswer["body"] };
}

function wire(minorUnits: bigint) {
  return { currencyCode: "EUR", minorUnits: minorUnits.toString() };
}

async function accountOf(system: TestStack, payment: Payment) {
  const [row] = await system.query<{ client: string; held: string; merchant: string }>(
    `SELECT c.balance AS client, c.held, (SELECT balance FROM merchant_bank.merchants WHERE id = $2) AS merchant
     FROM client_bank.clients c JOIN client_bank.payments p ON p.client_id = c.id WHERE p.id = $1`,
    [payment.id, payment.merchant],
  );
  return { client: BigInt(row?.client ?? -1), held: BigInt(row?.held ?? -1), merchant: BigInt(row?.merchant ?? -1) };
}

function entriesOf(system: TestStack, id: string): Promise<object[]> {
  return system.query("SELECT kind, account, amount FROM client_bank.ledger_entries WHERE payment_id = $1", [id]);
}

async function concludedOf(system: TestStack, prefix: string): Promise<{ concluded: number; final: number }> {
  const [row] = await system.query<{ concluded: string; final: string }>(
    `SELECT count(*) FILTER (WHERE authorize_time IS NOT NULL AND state <> 'AUTHORIZED') AS concluded,
            count(finish_time) AS final FROM client_bank.payments WHERE request_id LIKE $1`,
    [`${prefix}-%`],
  );
  return { concluded: Number(row?.concluded), final: Number(row?.final) };
}
