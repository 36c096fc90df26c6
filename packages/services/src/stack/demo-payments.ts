/** One payment of each kind through the gateway's own door, as a merchant makes them. */
import { randomBytes } from "node:crypto";
import { credentials, Metadata } from "@grpc/grpc-js";
import {
  type Card,
  declineReasonToJSON,
  type Money,
  type Payment,
  PaymentServiceClient,
  PaymentState,
  PayRequest,
  paymentStateToJSON,
} from "../gen/quittance/payments/v1/payments.js";
import type { DeclineReason } from "../shared/decline.js";

/** How long one payment may take: on a cold machine far more than it ever takes later. */
const WAIT_SECONDS = 20;

/** A payment of the demonstration, and how it ought to end. */
export interface DemoPayment {
  readonly kind: string;
  readonly merchantId: string;
  readonly card: Card;
  readonly amount: Money;
  /** Undefined: it ought to succeed. */
  readonly expected: DeclineReason | undefined;
}

/** How a payment of the demonstration ended. */
export interface DemoResult {
  readonly kind: string;
  /** The gateway that it was made through: 1 is the first. */
  readonly gateway: number;
  /** `SUCCEEDED`, `DECLINED` and so on; `FAILED` when the call itself failed. */
  readonly state: string;
  readonly reason: string | undefined;
  /** From the call to its answer. */
  readonly durationMs: number;
  /** The steps that it went through, each with its time after the acceptance. */
  readonly path: readonly { readonly step: string; readonly afterMs: number }[];
  /** What is wrong, in a sentence; undefined when it ended as it should. */
  readonly problem: string | undefined;
}

/** Makes the payments one after the other, through the gateways in turn. It never throws: what went wrong is in the results. */
export async function makeDemoPayments(options: {
  readonly payments: readonly DemoPayment[];
  readonly grpcPorts: readonly number[];
  /** The authority of gateways with TLS, in PEM [plain text]. */
  readonly ca?: string | undefined;
  readonly tokenOf: (merchantId: string) => Promise<string>;
  /** Ends it early; results of what was made until then are returned. */
  readonly signal: AbortSignal;
}): Promise<DemoResult[]> {
  const clients = options.grpcPorts.map((port) =>
    options.ca === undefined
      ? new PaymentServiceClient(`127.0.0.1:${port}`, credentials.createInsecure())
      : new PaymentServiceClient(`localhost:${port}`, credentials.createSsl(Buffer.from(options.ca))),
  );
  // Calls that are under way fail when their client closes.
  const close = () => {
    for (const client of clients) client.close();
  };
  options.signal.addEventListener("abort", close);
  try {
    const results: DemoResult[] = [];
    for (const [place, payment] of options.payments.entries()) {
      if (options.signal.aborted) break;
      const gateway = place % clients.length;
      const token = await options.tokenOf(payment.merchantId);
      const began = performance.now();
      const outcome = await pay(clients[gateway] as PaymentServiceClient, payment, token).catch(
        (error: Error) => error,
      );
      results.push(resultOf(payment, outcome, { gateway: gateway + 1, durationMs: performance.now() - began }));
    }
    return results;
  } finally {
    options.signal.removeEventListener("abort", close);
    close();
  }
}

function pay(client: PaymentServiceClient, payment: DemoPayment, token: string): Promise<Payment> {
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  const request = PayRequest.fromPartial({
    // Of this start alone: a database that is kept must not take it for a payment of before.
    requestId: `demo-${randomBytes(8).toString("hex")}`,
    card: payment.card,
    amount: payment.amount,
    description: `Demonstration: ${payment.kind}`,
    wait: { seconds: BigInt(WAIT_SECONDS), nanos: 0 },
  });
  const deadline = Date.now() + (WAIT_SECONDS + 5) * 1_000;
  return new Promise((resolve, reject) => {
    client.pay(request, metadata, { deadline, waitForReady: true } as object, (error, response) => {
      if (error) reject(error);
      else if (response.payment) resolve(response.payment);
      else reject(new Error("The answer holds no payment."));
    });
  });
}

function resultOf(
  demo: DemoPayment,
  outcome: Payment | Error,
  call: Pick<DemoResult, "gateway" | "durationMs">,
): DemoResult {
  if (outcome instanceof Error) {
    return {
      kind: demo.kind,
      ...call,
      state: "FAILED",
      reason: undefined,
      path: [],
      problem: `${demo.kind}: the call failed: ${outcome.message}`,
    };
  }
  const state = paymentStateToJSON(outcome.state).replace("PAYMENT_STATE_", "");
  const reason = outcome.decline && declineReasonToJSON(outcome.decline.reason).replace("DECLINE_REASON_", "");
  const expectedState = demo.expected === undefined ? PaymentState.SUCCEEDED : PaymentState.DECLINED;
  const asExpected = outcome.state === expectedState && reason === demo.expected;
  const said = [state, reason].filter(Boolean).join(" ");
  const wanted = demo.expected === undefined ? "SUCCEEDED" : `DECLINED ${demo.expected}`;
  return {
    kind: demo.kind,
    ...call,
    state,
    reason,
    path: pathOf(outcome),
    problem: asExpected ? undefined : `${demo.kind}: it ended as ${said}, and ought to have ended as ${wanted}.`,
  };
}

/** A payment's own times tell where it went; a declined one walks the whole way with its verdict. */
function pathOf(payment: Payment): DemoResult["path"] {
  const accepted = payment.createTime?.getTime();
  if (accepted === undefined) return [];
  const steps: [string, Date | undefined][] = [
    ["card-validation", payment.validateTime],
    ["client-bank", payment.captureTime],
    ["merchant-bank", payment.settleTime],
    ["final", payment.finishTime],
  ];
  return steps.flatMap(([step, time]) => (time ? [{ step, afterMs: time.getTime() - accepted }] : []));
}
