/** Steps 2 to 5b as far as the gateway sees them: takes its messages, replies, reports changes, answers reads. */
import type { Connection, Consumer, Message, OutgoingMessage, Producer } from "@quittance/sdk";
import { replyAddressOf } from "../../dist/shared/envelope.js";
import {
  type GatewayReply,
  gatewayNotice,
  MESSAGE_VERSION,
  type PaymentMessage,
  type PaymentView,
  paymentMessage,
} from "../../dist/shared/messages.js";
import { CHANNELS, destinationOf } from "../../dist/shared/queue-map.js";
import { type PageRequest, paymentReadRequest } from "../../dist/shared/read-messages.js";
import type { RefundView } from "../../dist/shared/refund-messages.js";
import { eventually } from "../support/eventually.js";
import { envelopesOf } from "../support/message-keys.js";

const TAKE_TIMEOUT_MS = 20_000;

/** A message of the gateway on `payment`. */
export interface TakenPayment {
  readonly body: PaymentMessage;
  readonly message: Message;
}

export class PlayedBank {
  /** What reads find, by payment id. */
  readonly recorded = new Map<string, PaymentView>();
  /** The same of refunds; each belongs to the merchant of its payment. */
  readonly recordedRefunds = new Map<string, RefundView>();
  /** What gateways have said that they watch, the newest last; nothing of one that is not believed. */
  readonly notices: (readonly string[])[] = [];
  /** Messages that asked for reads. */
  reads = 0;
  /** The pages that were asked for, the newest last. */
  readonly pageRequests: PageRequest[] = [];
  /** Set to end every page of payments before it is full, with nothing on it: the list goes on from here. */
  endsEarlyAt: Position | undefined;
  /** What it signs with; another one to play somebody who has client-bank's password and not its keys. */
  envelopes = envelopesOf("client-bank");
  /** Set to leave reads unanswered. */
  silent = false;
  /** Ends the silence of requests that were left unanswered. */
  readonly #unanswered: (() => void)[] = [];
  readonly #connection: Connection;
  readonly #payments: Consumer;
  readonly #producer: Producer;

  constructor(connection: Connection, payments: Consumer, producer: Producer) {
    this.#connection = connection;
    this.#payments = payments;
    this.#producer = producer;
  }

  /** Reads that were left unanswered. */
  get readsInHand(): number {
    return this.#unanswered.length;
  }

  /** Opens what the bank needs: the card's side takes payments, the bank's side answers. */
  static async open(bank: Connection, card: Connection): Promise<PlayedBank> {
    const payments = await card.createConsumer(destinationOf(CHANNELS.payment));
    const producer = await bank.createProducer(undefined, { deliveryMode: "non-persistent" });
    const played = new PlayedBank(bank, payments, producer);
    await bank.respond(destinationOf(CHANNELS.paymentRead), (request) => played.#answer(request));
    await bank.createConsumer(destinationOf(CHANNELS.gatewayNotice), {
      acknowledge: "auto",
      onMessage: (notice) => played.#hear(notice),
    });
    return played;
  }

  /** Waits until the bank's own connection is open, after the broker was away. */
  async untilConnected(): Promise<void> {
    await eventually("the played bank is connected", () => this.#connection.state.name === "open");
  }

  /** The next payment that the gateway sent. */
  async take(): Promise<TakenPayment> {
    const message = await this.#payments.receive({ timeoutMs: TAKE_TIMEOUT_MS });
    if (message === undefined) throw new Error("No payment came.");
    message.accept();
    return { body: message.json(paymentMessage), message };
  }

  /** Records a payment as it stands now and tells those who watch. */
  async record(body: PaymentMessage, changes: Partial<PaymentView> = {}): Promise<PaymentView> {
    const payment = { ...viewOf(body), ...changes };
    this.recorded.set(payment.id, payment);
    await this.tell(payment);
    return payment;
  }

  /** Tells those who watch, whatever reads find. */
  async tell(payment: PaymentView): Promise<void> {
    const update = { version: MESSAGE_VERSION, payment };
    const properties = { merchant: payment.merchantId, payment: payment.id };
    const message = this.envelopes.message("payment-update", update, { properties });
    await this.#producer.sendAll([{ destination: destinationOf(CHANNELS.paymentUpdate), message }]);
  }

  /** Step R3: records a refund as final and tells those who watch it. */
  async recordRefund(refund: RefundView): Promise<void> {
    this.recordedRefunds.set(refund.id, refund);
    await this.tellRefund(refund);
  }

  /** Tells those who watch a refund, whatever reads find. */
  async tellRefund(refund: RefundView): Promise<void> {
    const merchant = this.recorded.get(refund.paymentId)?.merchantId ?? "";
    const properties = { merchant, refund: refund.id };
    const update = { version: MESSAGE_VERSION, refund };
    const message = this.envelopes.message("refund-update", update, { properties });
    await this.#producer.sendAll([{ destination: destinationOf(CHANNELS.paymentUpdate), message }]);
  }

  /** Step 5b: records a payment as final and replies to the gateway that waits. */
  async finish(taken: TakenPayment, changes: Partial<PaymentView> = {}): Promise<PaymentView> {
    const payment = await this.record(taken.body, { ...FINAL, ...changes });
    await this.reply(taken, { version: MESSAGE_VERSION, payment });
    return payment;
  }

  /** Declines a payment whose request_id was used before, by the payment with `standingId`. */
  refuse(taken: TakenPayment, standingId: string, differingFields: string[]): Promise<PaymentView> {
    const reuse = { standingId, differingFields };
    return this.finish(taken, { state: "DECLINED", declineReason: "REQUEST_ID_REUSED", reuse });
  }

  async reply(taken: TakenPayment, reply: GatewayReply): Promise<void> {
    if (taken.message.replyTo === undefined) return;
    const message = this.envelopes.message("gateway-reply", reply, { correlationId: taken.body.paymentId });
    await this.#producer.sendAll([{ destination: taken.message.replyTo, message }]);
  }

  /** Records payments of one gateway as final, and replies about all of them in one message. */
  async finishTogether(taken: readonly TakenPayment[]): Promise<void> {
    const answers = taken.map(({ body }) => ({ payment: { ...viewOf(body), ...FINAL } }));
    for (const { payment } of answers) this.recorded.set(payment.id, payment);
    const message = this.envelopes.message("gateway-replies", { version: MESSAGE_VERSION, answers }, {});
    const destination = taken[0]?.message.replyTo;
    if (destination !== undefined) await this.#producer.sendAll([{ destination, message }]);
  }

  /** Starts each test without what the one before left. */
  forget(): void {
    this.recorded.clear();
    this.recordedRefunds.clear();
    this.silent = false;
    this.endsEarlyAt = undefined;
    this.envelopes = envelopesOf("client-bank");
    for (const end of this.#unanswered.splice(0)) end();
  }

  #hear(notice: Message): void {
    const isBelieved = this.envelopes.problemOf("gateway-notice", notice) === undefined;
    if (isBelieved && replyAddressOf(notice) !== undefined) this.notices.push(notice.json(gatewayNotice).watched);
  }

  async #answer(message: Message): Promise<OutgoingMessage> {
    const request = message.json(paymentReadRequest);
    const answer = (found: readonly PaymentView[], also: readonly RefundView[]) =>
      this.envelopes.answer(
        "payment-read-reply",
        { version: MESSAGE_VERSION, payments: found, refunds: also },
        message,
      );
    if (request.operation === "get-many" && request.payments.length + request.refunds.length === 0)
      return answer([], []);
    this.reads += 1;
    if (this.silent) await new Promise<void>((resolve) => this.#unanswered.push(resolve));
    const payments = [...this.recorded.values()];
    const refunds = [...this.recordedRefunds.values()];
    const merchantOf = (refund: RefundView) => this.recorded.get(refund.paymentId)?.merchantId;
    if (request.operation === "get-many") {
      const among = (asked: typeof request.payments, id: string, merchantId: string | undefined) =>
        asked.some((one) => one.id === id && one.merchantId === merchantId);
      return answer(
        payments.filter(({ id, merchantId }) => among(request.payments, id, merchantId)),
        refunds.filter((refund) => among(request.refunds, refund.id, merchantOf(refund))),
      );
    }
    const { after, pageSize, requestId, clientReference, from, before, oldestFirst, state } = request;
    this.pageRequests.push(request);
    const order = oldestFirst ? 1 : -1;
    const compare = (one: Position, other: Position) => order * orderOf(one).localeCompare(orderOf(other));
    const page = <View extends PaymentView | RefundView>(views: readonly View[]) =>
      views
        .filter((view) => requestId === undefined || view.requestId === requestId)
        .filter((view) => clientReference === undefined || view.clientReference === clientReference)
        .filter((view) => from === undefined || view.acceptTime >= from)
        .filter((view) => before === undefined || view.acceptTime < before)
        .filter((view) => state === undefined || view.state === state)
        .filter((view) => after === undefined || compare(view, after) > 0)
        .sort(compare)
        .slice(0, pageSize);
    if (request.operation === "list-payments") {
      if (this.endsEarlyAt !== undefined && request.mayEndEarly) {
        const ended = { version: MESSAGE_VERSION, payments: [], refunds: [], next: this.endsEarlyAt };
        return this.envelopes.answer("payment-read-reply", ended, message);
      }
      return answer(page(payments.filter(({ merchantId }) => merchantId === request.merchantId)), []);
    }
    const own = refunds.filter((refund) => merchantOf(refund) === request.merchantId);
    const { paymentId } = request;
    return answer([], page(own.filter((refund) => paymentId === undefined || refund.paymentId === paymentId)));
  }
}

const FINAL = {
  state: "SUCCEEDED",
  settleTime: "2026-01-01T00:00:00.300Z",
  finishTime: "2026-01-01T00:00:00.400Z",
} as const satisfies Partial<PaymentView>;

/** A payment as step 3 records it. The card's number is sealed: the tests pay with this one. */
export function viewOf(body: PaymentMessage): PaymentView {
  return {
    id: body.paymentId,
    requestId: body.requestId,
    merchantId: body.merchantId,
    amount: body.amount,
    description: body.description,
    clientReference: body.clientReference,
    metadata: body.metadata,
    state: "PENDING",
    card: { brand: "visa", lastFour: "4242", expiryMonth: 12, expiryYear: 2030 },
    acceptTime: body.acceptTime,
    validateTime: "2026-01-01T00:00:00.100Z",
    captureTime: "2026-01-01T00:00:00.200Z",
  };
}

/** A refund of all of a payment, as step R3 records it. */
export function refundViewOf(refund: Pick<RefundView, "id" | "requestId">, of: PaymentMessage): RefundView {
  const time = "2026-01-01T00:00:00.500Z";
  return {
    ...refund,
    ...{ paymentId: of.paymentId, amount: of.amount, state: "SUCCEEDED" },
    ...{ acceptTime: time, debitTime: time, finishTime: time },
  };
}

interface Position {
  readonly acceptTime: string;
  readonly id: string;
}

function orderOf(payment: Position): string {
  return `${payment.acceptTime} ${payment.id}`;
}
