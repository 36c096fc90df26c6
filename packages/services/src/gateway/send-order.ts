/** What steps 1, R1 and H1 share: a request is accepted when the broker holds its message durably. */
import type { Connection, Destination, Producer } from "@quittance/sdk";
import { type Logger, traceIdOf } from "../platform/log.js";
import type { Envelopes } from "../shared/envelope.js";
import type { Admission, Place } from "./admission.js";
import { brokerUnavailable, fromBrokerFailure } from "./broker-failure.js";
import type { CallContext } from "./call-context.js";

/** What orders are sent with. */
export interface OrderParts {
  readonly connection: Connection;
  readonly envelopes: Envelopes;
  readonly replyQueue: Destination;
  readonly admission: Admission;
  readonly log: Logger;
}

/** What a merchant asks for, as a message to the banks. */
export interface Order {
  readonly kind: "payment" | "refund" | "hold-order";
  readonly body: object;
  /** Of the payment or refund. */
  readonly correlationId: string;
  /** Of its caller: given up when the order is not accepted. */
  readonly wait: { giveUp(): void } | undefined;
  /** Fields for the log. */
  readonly logged: Readonly<Record<string, string>>;
}

/**
 * Lets a call in, among those in flight, until it has ended.
 * @throws ApiError UNAVAILABLE without a broker; RESOURCE_EXHAUSTED.
 */
export async function letIn<Answer>(
  { connection, admission }: OrderParts,
  context: CallContext,
  call: (place: Place) => Promise<Answer>,
): Promise<Answer> {
  if (connection.state.name !== "open") throw brokerUnavailable();
  const place = admission.enterCall(context);
  try {
    return await call(place);
  } finally {
    place.end();
  }
}

/** Sends an order; ends when the broker holds it durably. @throws ApiError as {@link fromBrokerFailure} makes it. */
export async function sendOrder(
  { envelopes, replyQueue, log }: OrderParts,
  producer: Producer,
  { traceparent, tracestate, merchantId }: CallContext,
  { kind, body, correlationId, wait, logged }: Order,
): Promise<void> {
  const trace = traceIdOf(traceparent);
  const what = kind === "hold-order" ? "order" : kind;
  try {
    // There is no duplicate-detection id: a repeated call must reach the banks, which alone can answer it.
    // The reply is asked for even when nobody waits, for until it comes the payment or refund is in flight.
    await producer.send(
      envelopes.message(kind, body, {
        ...{ correlationId, traceparent, replyTo: replyQueue },
        ...(tracestate !== undefined && { tracestate }),
      }),
    );
  } catch (error) {
    wait?.giveUp();
    log.warn({ err: error, ...logged, trace }, `${what} not accepted`);
    throw fromBrokerFailure(error);
  }
  log.info({ ...logged, merchant: merchantId, trace }, `${what} accepted`);
}
