/** The gateway's operations, the same for both doors, over one connection to the broker. */
import type { Connection, Producer } from "@quittance/sdk";
import type {
  CancelPaymentRequest,
  CapturePaymentRequest,
  GetPaymentRequest,
  GetRefundRequest,
  ListPaymentsRequest,
  ListPaymentsResponse,
  ListRefundsRequest,
  ListRefundsResponse,
  Payment,
  PayRequest,
  Refund,
  RefundPaymentRequest,
} from "../gen/quittance/payments/v1/payments.js";
import type { Logger } from "../platform/log.js";
import { Envelopes } from "../shared/envelope.js";
import type { PaymentView } from "../shared/messages.js";
import { CHANNELS, type Channel, destinationOf } from "../shared/queue-map.js";
import { Admission } from "./admission.js";
import type { ApiError, Violation } from "./api-error.js";
import { Authenticator } from "./authenticator.js";
import type { CallContext } from "./call-context.js";
import { callOwner } from "./call-owner.js";
import { CoalescedReads } from "./coalesced-reads.js";
import type { GatewayConfiguration } from "./configuration.js";
import { GatewayKeyRing } from "./gateway-keys.js";
import { createGatewayMetrics } from "./gateway-metrics.js";
import { GatewayNotices } from "./gateway-notices.js";
import { HeldRefusals } from "./held-refusals.js";
import { checkHoldRequest } from "./hold-request.js";
import { listPayments, listRefunds } from "./list-pages.js";
import { MANAGED_METHODS, type ManagedMethod } from "./managed-methods.js";
import { maximumAmounts } from "./maximum-amounts.js";
import { checkPayRequest } from "./payment-order.js";
import { RateLimits } from "./rate-limits.js";
import { ReadAdmission } from "./read-admission.js";
import { getPayment, getRefund } from "./read-payments.js";
import { checkRefundRequest } from "./refund-order.js";
import { RefusedLogins } from "./refused-logins.js";
import { receiveReplies } from "./replies.js";
import { Standings } from "./standing.js";
import { type PayAnswer, pay } from "./step-1-accept.js";
import { orderHold } from "./step-h1-accept.js";
import { type RefundAnswer, type RefundFinal, refundPayment } from "./step-r1-accept.js";
import { UnrecordedIds } from "./unrecorded-ids.js";
import { Updates } from "./updates.js";
import { Waiters } from "./waiters.js";
import { WATCHED_PAYMENT } from "./watch-payment.js";
import { WATCHED_REFUND } from "./watch-refund.js";
import { type States, Watches, type Watching } from "./watches.js";

/** A send that the broker does not confirm within this time is UNAVAILABLE; its fate is unknown. */
const SEND_TIMEOUT_MS = 10_000;
/** A payment whose answer has not come in this time counts as in flight no more: it may wait for a service that is away. */
const COUNTED_FOR_MS = 10_000;

/** A read that is refused is answered after this time: see {@link HeldRefusals}. */
const REFUSED_READ_DELAY_MS = 250;
const MAXIMUM_HELD_REFUSALS = 1_000;

export interface Gateway {
  readonly authenticator: Authenticator;
  /** Counted against by the doors, each call once. */
  readonly rateLimits: RateLimits;
  /** For readiness: undefined while the broker can be reached. */
  readonly connection: Connection;
  /** What is wrong with a request for {@link pay}. */
  checkPayRequest(request: PayRequest): readonly Violation[];
  pay(context: CallContext, request: PayRequest): Promise<PayAnswer>;
  /** What is wrong with a request for {@link refundPayment}. */
  checkRefundRequest(request: RefundPaymentRequest): readonly Violation[];
  refundPayment(context: CallContext, request: RefundPaymentRequest): Promise<RefundAnswer>;
  /** What is wrong with a request for {@link capturePayment}. */
  checkCaptureRequest(request: CapturePaymentRequest): readonly Violation[];
  capturePayment(context: CallContext, request: CapturePaymentRequest): Promise<PayAnswer>;
  /** What is wrong with a request for {@link cancelPayment}. */
  checkCancelRequest(request: CancelPaymentRequest): readonly Violation[];
  cancelPayment(context: CallContext, request: CancelPaymentRequest): Promise<PayAnswer>;
  getPayment(context: CallContext, request: GetPaymentRequest): Promise<Payment>;
  getRefund(context: CallContext, request: GetRefundRequest): Promise<Refund>;
  listPayments(context: CallContext, request: ListPaymentsRequest): Promise<ListPaymentsResponse>;
  listRefunds(context: CallContext, request: ListRefundsRequest): Promise<ListRefundsResponse>;
  watchPayment(context: CallContext, watching: Watching): States<Payment>;
  watchRefund(context: CallContext, watching: Watching): States<Refund>;
  /** Carries out a method that another service owns, in ts-proto's types of its messages. */
  callOwner(context: CallContext, method: ManagedMethod, request: object): Promise<object>;
  /** Called for each error that a door answers with. */
  countRefusal(error: ApiError<string>): void;
  /** Called for each connection that a door closed because it has too many. */
  countRefusedConnection(door: "grpc" | "http"): void;
  /** Answers every caller that waits, and ends every watch. What was accepted stays accepted. */
  release(): void;
  /** Frees what was opened, after the last call has ended. */
  close(): Promise<void>;
}

function blockedForMs({ stall }: Producer): number {
  return stall?.reason === "no-credit" ? stall.ageMs : 0;
}

/** Opens what the operations need on the broker. */
export async function createGateway(options: {
  readonly connection: Connection;
  readonly configuration: GatewayConfiguration;
  readonly log: Logger;
}): Promise<Gateway> {
  const { connection, configuration, log } = options;
  const keys = new GatewayKeyRing(configuration.PAYMENT_ID_KEYS);
  const maximum = configuration.MAXIMUM_WAITING_CALLS;
  const waiters = new Waiters<PaymentView>({ maximum });
  const refundWaiters = new Waiters<RefundFinal>({ maximum });
  const admission = new Admission({
    maximum: configuration.MAXIMUM_IN_FLIGHT,
    maximumPerMerchant: configuration.MAXIMUM_IN_FLIGHT_PER_MERCHANT,
    countedForMs: COUNTED_FOR_MS,
    slowAfterMs: configuration.BROKER_SLOW_AFTER_SECONDS * 1_000,
    blockedForMs: () => Math.max(...[producer, refundProducer, holdProducer].map(blockedForMs)),
  });
  const { measured, countRefusal, countRefusedLogin, countRefusedConnection } = createGatewayMetrics(admission);
  const refusedLogins = new RefusedLogins(log);
  const rateLimits = new RateLimits({
    callsPerSecond: configuration.RATE_LIMIT_PER_SECOND,
    readsPerSecond: configuration.READ_LIMIT_PER_SECOND,
  });
  const stopping = new AbortController();
  const producerOf = (channel: Channel) => {
    const { priority, deliveryMode } = channel;
    return connection.createProducer(destinationOf(channel), {
      priority,
      deliveryMode,
      sendTimeoutMs: SEND_TIMEOUT_MS,
    });
  };
  const envelopes = new Envelopes("gateway", configuration.MESSAGE_KEYS);
  const producer = await producerOf(CHANNELS.payment);
  const refundProducer = await producerOf(CHANNELS.refund);
  const holdProducer = await producerOf(CHANNELS.holdOrder);
  const replyQueue = await receiveReplies({ connection, envelopes, waiters, refundWaiters, admission, log });
  const notices = await GatewayNotices.open({ connection, envelopes, replyQueue, log });
  const reads = new CoalescedReads({ connection, envelopes });
  reads.open();
  const standings = new Standings({ reads, boundMs: configuration.STATE_READ_TIMEOUT_SECONDS * 1_000, log });
  const paymentDeadlineMs = configuration.PAYMENT_DEADLINE_SECONDS * 1_000;
  const unrecorded = new UnrecordedIds({
    paymentLostAfterMs: paymentDeadlineMs + configuration.NOT_FOUND_AFTER_DEADLINE_SECONDS * 1_000,
  });
  const reading = {
    reads,
    unrecorded,
    connection,
    envelopes,
    keys,
    readTimeoutMs: configuration.READ_TIMEOUT_SECONDS * 1_000,
    rateLimits,
    sealingKeys: configuration.CARD_SEALING_KEYS,
    readAdmission: new ReadAdmission({
      maximum: configuration.MAXIMUM_READS_IN_FLIGHT,
      maximumPerMerchant: configuration.MAXIMUM_READS_IN_FLIGHT_PER_MERCHANT,
    }),
  };
  const paying = {
    connection,
    envelopes,
    producer,
    replyQueue,
    waiters,
    standings,
    unrecorded,
    admission,
    keys,
    sealingKeys: configuration.CARD_SEALING_KEYS,
    maximumAmounts: maximumAmounts(configuration.MAXIMUM_AMOUNT, configuration.MAXIMUM_AMOUNTS),
    paymentDeadlineMs,
    log,
  };
  const holding = { ...paying, holdProducer };
  const refunding = { ...paying, refundProducer, refundWaiters };
  const heldRefusals = new HeldRefusals({ delayMs: REFUSED_READ_DELAY_MS, maximum: MAXIMUM_HELD_REFUSALS });
  const read: typeof measured = (operation, call) => measured(operation, heldRefusals.around(call));
  const managed = new Map(
    MANAGED_METHODS.map((method) => [
      method,
      read(method.name, (context: CallContext, request: object) => callOwner(reading, context, method, request)),
    ]),
  );
  const watches = new Watches({
    ...reading,
    updates: new Updates({ connection, envelopes, notices, log }),
    maximumWatches: configuration.MAXIMUM_WATCHES,
    maximumWatchesPerMerchant: configuration.MAXIMUM_WATCHES_PER_MERCHANT,
    stopping: stopping.signal,
  });
  return {
    authenticator: new Authenticator({
      keys: configuration.AUTH_JWKS({ maximumAgeMs: configuration.AUTH_KEYS_MAXIMUM_AGE_SECONDS * 1_000 }),
      issuer: configuration.AUTH_ISSUER,
      audience: configuration.AUTH_AUDIENCE,
      maximumLifetimeSeconds: configuration.AUTH_MAXIMUM_TOKEN_LIFETIME_SECONDS,
      onRefused(refused) {
        countRefusedLogin(refused.reason);
        refusedLogins.tell(refused);
      },
    }),
    rateLimits,
    connection,
    checkPayRequest: (request) => checkPayRequest(request, paying).violations,
    pay: measured("Pay", (context, request) => pay(paying, context, request)),
    checkRefundRequest: (request) => checkRefundRequest(request, refunding).violations,
    refundPayment: measured("RefundPayment", (context, request) => refundPayment(refunding, context, request)),
    checkCaptureRequest: (request) => checkHoldRequest("capture", request, holding).violations,
    capturePayment: measured("CapturePayment", (context, request) => orderHold(holding, context, "capture", request)),
    checkCancelRequest: (request) => checkHoldRequest("cancel", request, holding).violations,
    cancelPayment: measured("CancelPayment", (context, request) => orderHold(holding, context, "cancel", request)),
    getPayment: read("GetPayment", (context, request) => getPayment(reading, context, request)),
    getRefund: read("GetRefund", (context, request) => getRefund(reading, context, request)),
    listPayments: read("ListPayments", (context, request) => listPayments(reading, context, request)),
    listRefunds: read("ListRefunds", (context, request) => listRefunds(reading, context, request)),
    countRefusal,
    countRefusedConnection,
    watchPayment: (context, watching) => watches.watch(WATCHED_PAYMENT, context, watching),
    watchRefund: (context, watching) => watches.watch(WATCHED_REFUND, context, watching),
    callOwner: async (context, method, request) => {
      const call = managed.get(method);
      if (call === undefined) throw new Error(`${method.fullName} is none of the API's methods.`);
      return call(context, request);
    },
    release() {
      waiters.close();
      refundWaiters.close();
      stopping.abort();
    },
    async close() {
      await Promise.all([producer.close(), refundProducer.close(), holdProducer.close(), notices.close()]);
    },
  };
}
