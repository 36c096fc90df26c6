/** Merchants that call the gateway: what they ask, again where they had no answer, and what they were told. */
import { ApiError } from "../../dist/gateway/api-error.js";
import type { CallContext } from "../../dist/gateway/call-context.js";
import { deriveGatewayKeys, type GatewayKeys } from "../../dist/gateway/gateway-keys.js";
import { hashParameters, hashRefundParameters } from "../../dist/gateway/parameters-hash.js";
import { derivePaymentId, deriveRefundId } from "../../dist/gateway/payment-id.js";
import { PaymentState, RefundState } from "../../dist/gen/quittance/payments/v1/payments.js";
import type { CardDetails } from "../../dist/shared/card-seal.js";
import type { MerchantData } from "../../dist/shared/merchant-data.js";
import type { Complain } from "./complain.js";
import type { House } from "./house.js";
import { CARDS, HOT_CARDS, KEYS, MERCHANTS } from "./house-data.js";
import type { Random } from "./random.js";
import type { Actor, Schedule } from "./schedule.js";

interface PayOrder {
  readonly kind: "pay";
  readonly card: CardDetails;
  readonly amount: bigint;
}

interface RefundOrder {
  readonly kind: "refund";
  readonly paymentId: string;
  /** Undefined for all that is left. */
  readonly amount: bigint | undefined;
}

/** What a caller was told, beside the id. */
export type Answer =
  /** The gateway died or could not say. */
  | "unknown"
  /** PENDING: accepted, and what the id stands for from now on. */
  | "accepted"
  /** The request_id was used before: which id stands, and which fields differ. */
  | { readonly standingId: string; readonly differingFields: readonly string[] }
  | { readonly state: string; readonly amount: bigint | undefined };

/** One call, and what became of it. */
export interface Call {
  readonly order: PayOrder | RefundOrder;
  readonly merchantId: string;
  readonly requestId: string;
  /** The payment's or the refund's id, as the answer had it; before that, as it should be. */
  readonly id: string;
  /** Those that it may have: one under each key. */
  readonly ids: readonly string[];
  readonly answer: Answer;
}

/** What one asking ends with. */
interface Told {
  readonly answer: Answer;
  /** Left out where none was told. */
  readonly id?: string;
  /** Told that it is on its way, and not only that it was accepted. */
  readonly isPending?: boolean;
}

const GATEWAY_KEYS = [KEYS.paymentId, KEYS.nextPaymentId].map(deriveGatewayKeys);
const TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const CURRENCY = "EUR";
/** Attempts of a merchant that has no answer. */
const MAXIMUM_ATTEMPTS = 3;

/** What the merchant attaches to a call: the same to the same call, and to some nothing. */
export function merchantDataOf({ amount }: PayOrder | RefundOrder): MerchantData {
  if (amount === undefined || amount % 2n === 1n) return {};
  return { clientReference: `order of ${amount}`, metadata: { amount: String(amount) } };
}

/** A call that nobody has made yet. */
function callOf(order: PayOrder | RefundOrder, merchantId: string, requestId: string): Call {
  const amount = order.amount === undefined ? undefined : { currencyCode: CURRENCY, minorUnits: order.amount };
  const asked = { requestId, merchantId };
  if (order.kind === "pay" && amount !== undefined) {
    const asAsked = { requestId, card: order.card, amount, description: "", ...merchantDataOf(order), waitMs: 0 };
    return unasked(order, asked, (keys) => {
      const parametersHash = hashParameters(keys.parameters, asAsked);
      return derivePaymentId(keys.paymentId, { ...asked, parametersHash });
    });
  }
  const { paymentId } = order as RefundOrder;
  return unasked(order, asked, (keys) => {
    const asAsked = { requestId, paymentId, amount, ...merchantDataOf(order), waitMs: 0 };
    const parametersHash = hashRefundParameters(keys.parameters, asAsked);
    return deriveRefundId(keys.refundId, { ...asked, parametersHash });
  });
}

function unasked(
  order: PayOrder | RefundOrder,
  asked: Pick<Call, "merchantId" | "requestId">,
  idUnder: (keys: GatewayKeys) => string,
): Call {
  const ids = GATEWAY_KEYS.map(idUnder);
  return { order, ...asked, id: ids[0] ?? "", ids, answer: "unknown" };
}

export class Callers {
  readonly calls: Call[] = [];
  readonly #house: House;
  readonly #schedule: Schedule;
  readonly #random: Random;
  /** What is asked when the answer is here: told as it is booked at this moment. */
  readonly #onAnswer: (call: Call) => void;
  readonly #complain: Complain;
  #open = 0;

  constructor(options: {
    readonly house: House;
    readonly schedule: Schedule;
    readonly random: Random;
    readonly onAnswer: (call: Call) => void;
    readonly complain: Complain;
  }) {
    this.#house = options.house;
    this.#schedule = options.schedule;
    this.#random = options.random;
    this.#onAnswer = options.onAnswer;
    this.#complain = options.complain;
  }

  /** Callers that still have something to ask, or wait for an answer. */
  get open(): number {
    return this.#open;
  }

  /** Lets several callers begin, each with some orders of its own, which they may share. */
  start(): void {
    const random = this.#random;
    const orders = this.#orders();
    const count = random.integer(2, 5);
    for (let number = 1; number <= count; number += 1) {
      const own = orders.filter((_, place) => place % count === number - 1);
      this.#open += 1;
      void this.#call({ name: `caller-${number}` }, own)
        .catch((error: unknown) => this.#complain(`a call failed as none may: ${error}`))
        .finally(() => {
          this.#open -= 1;
        });
    }
  }

  /** Payments and refunds of them; request ids come again, some with other parameters. */
  #orders(): Call[] {
    const random = this.#random;
    const requests = random.integer(2, 4);
    const amountUpTo = random.pick([60, 200]);
    const calls: Call[] = [];
    const count = random.integer(3, 12);
    for (let place = 0; place < count; place += 1) {
      const merchantId = random.chance(0.85) ? random.pick(MERCHANTS.slice(0, 2)) : random.pick(MERCHANTS);
      const requestId = `r-${random.integer(1, requests)}`;
      const amount = BigInt(random.integer(10, amountUpTo));
      const payments = calls.filter((call) => call.order.kind === "pay" && call.merchantId === merchantId);
      if (payments.length > 0 && random.chance(0.4)) {
        const { id: paymentId } = random.pick(payments);
        const part = random.chance(0.3) ? undefined : random.chance(0.5) ? 10n : amount;
        calls.push(callOf({ kind: "refund", paymentId, amount: part }, merchantId, requestId));
      } else {
        const card = random.chance(0.8) ? random.pick(HOT_CARDS) : random.pick(CARDS);
        // The same amounts come often, so that most repeated requests are the same request.
        const asked = random.chance(0.7) ? 40n : amount;
        calls.push(callOf({ kind: "pay", card, amount: asked }, merchantId, requestId));
      }
    }
    return calls.flatMap((call) => (random.chance(0.15) ? [call, this.#rivalOf(call)] : [call]));
  }

  /** Another caller's call with the same request id, at the same time: the same one, or one with other parameters. */
  #rivalOf({ order, merchantId, requestId }: Call): Call {
    const changed =
      order.kind === "pay"
        ? { ...order, card: this.#random.pick(HOT_CARDS) }
        : { ...order, amount: this.#random.pick([order.amount, 10n]) };
    return callOf(changed, merchantId, requestId);
  }

  async #call(actor: Actor, orders: readonly Call[]): Promise<void> {
    for (const planned of orders) {
      const order = this.#asTold(planned);
      for (let attempt = 1; attempt <= MAXIMUM_ATTEMPTS; attempt += 1) {
        await this.#schedule.turn(actor, `asks for ${order.order.kind} ${order.merchantId} ${order.requestId}`);
        const ended = new Set(this.calls.flatMap(({ id, answer }) => (isEnd(answer) ? [id] : [])));
        const { isPending, ...told } = await this.#ask(order);
        const call = { ...order, ...told };
        if (isPending && call.ids.some((id) => ended.has(id)))
          this.#complain(`${call.id} had ended, and a later call was told PENDING`);
        this.calls.push(call);
        this.#onAnswer(call);
        if (call.answer === "unknown") continue;
        if (order.order.kind === "pay" && this.#random.chance(0.3)) {
          await this.#schedule.turn(actor, `reads ${order.id}`);
          await this.#read(call);
        }
        break;
      }
    }
  }

  /** A refund names its payment by the id that was told of it. */
  #asTold(call: Call): Call {
    const { order, merchantId, requestId } = call;
    if (order.kind === "pay") return call;
    const paid = this.calls.findLast(({ ids, answer }) => ids.includes(order.paymentId) && isEnd(answer));
    return paid === undefined ? call : callOf({ ...order, paymentId: paid.id }, merchantId, requestId);
  }

  /** Who was told something reads it: never less than that, and never that there is no such payment. */
  async #read({ merchantId, id, answer }: Call): Promise<void> {
    const reached = this.#house.gateway();
    if (reached === undefined) return;
    const { gateway, killed } = reached;
    try {
      const payment = await Promise.race([gateway.getPayment(contextOf(merchantId), { id, requestId: "" }), killed]);
      if (payment === undefined || typeof answer !== "object" || !("state" in answer)) return;
      const state = nameOf(PaymentState, payment.state);
      const stands = state === answer.state || (answer.state === "SUCCEEDED" && state === "REFUNDED");
      if (!stands) this.#complain(`${id} was told ${answer.state}, and then read as ${state}`);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "UNAVAILABLE")
        this.#complain(`${id} cannot be read: ${error}`);
    }
  }

  /** Asks once; the id is left out where none was told. */
  async #ask({ order, merchantId, requestId }: Call): Promise<Told> {
    const reached = this.#house.gateway();
    if (reached === undefined) return { answer: "unknown" };
    const { gateway, killed } = reached;
    const context = contextOf(merchantId);
    const wait = { seconds: this.#random.pick([0n, 5n, 30n]), nanos: 0 };
    const died = killed.then(() => undefined);
    const { clientReference = "", metadata = {} } = merchantDataOf(order);
    try {
      if (order.kind === "pay") {
        const amount = { currencyCode: CURRENCY, minorUnits: order.amount };
        const request = { requestId, amount, card: order.card, description: "", clientReference, metadata, wait };
        const told = await Promise.race([gateway.pay(context, request), died]);
        if (told === undefined) return { answer: "unknown" };
        const { id, state, amount: said } = told.payment;
        const answer = told.final ? { state: nameOf(PaymentState, state), amount: said?.minorUnits } : "accepted";
        return { answer, id, isPending: state === PaymentState.PENDING };
      }
      const amount = order.amount === undefined ? undefined : { currencyCode: CURRENCY, minorUnits: order.amount };
      const request = { id: order.paymentId, requestId, amount, clientReference, metadata, wait };
      const told = await Promise.race([gateway.refundPayment(context, request), died]);
      if (told === undefined) return { answer: "unknown" };
      const { id, state, amount: said } = told.refund;
      const answer = told.final ? { state: nameOf(RefundState, state), amount: said?.minorUnits } : "accepted";
      return { answer, id, isPending: state === RefundState.PENDING };
    } catch (error) {
      if (error instanceof ApiError && error.reason === "REQUEST_ID_REUSED") return { answer: reusedAnswer(error) };
      if (error instanceof ApiError && ["UNAVAILABLE", "RESOURCE_EXHAUSTED"].includes(error.code)) {
        return { answer: "unknown" };
      }
      throw error;
    }
  }
}

function reusedAnswer({ metadata, violations }: ApiError): Answer {
  const standingId = metadata.payment ?? metadata.refund ?? "";
  return { standingId, differingFields: violations.map(({ field }) => field) };
}

function isEnd(answer: Answer): boolean {
  return typeof answer === "object" && "state" in answer;
}

function contextOf(merchantId: string): CallContext {
  return { merchantId, traceparent: TRACE, deadlineMs: Number.POSITIVE_INFINITY, isGone: () => false };
}

function nameOf(states: Readonly<Record<string, number>>, state: number): string {
  return Object.keys(states).find((name) => states[name] === state) ?? String(state);
}
