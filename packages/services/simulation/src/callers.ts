/** Merchants that call the gateway: what they ask, again where they had no answer, and what they were told. */
import { ApiError } from "../../dist/gateway/api-error.js";
import type { CallContext } from "../../dist/gateway/call-context.js";
import { deriveGatewayKeys, type GatewayKeys } from "../../dist/gateway/gateway-keys.js";
import { hashParameters, hashRefundParameters } from "../../dist/gateway/parameters-hash.js";
import { derivePaymentId, deriveRefundId } from "../../dist/gateway/payment-id.js";
import { CaptureMethod, PaymentState, RefundState } from "../../dist/gen/quittance/payments/v1/payments.js";
import type { CardDetails } from "../../dist/shared/card-seal.js";
import type { MerchantData } from "../../dist/shared/merchant-data.js";
import type { Complain } from "./complain.js";
import type { Random } from "./random.js";
import type { Actor, Schedule } from "./schedule.js";
import type { System } from "./system.js";
import { CARDS, HOT_CARDS, KEYS, MERCHANTS } from "./system-data.js";

interface PayOrder {
  readonly kind: "pay";
  readonly card: CardDetails;
  readonly amount: bigint;
  /** Whether its money is held, until somebody asks for it. */
  readonly manual: boolean;
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

interface HoldOrder {
  readonly action: "capture" | "cancel";
  /** Undefined for all that is held. */
  readonly amount: bigint | undefined;
}

/** A capture or a cancellation that was asked for, and what became of it. */
export interface HoldCall extends HoldOrder {
  readonly merchantId: string;
  /** The payment's, as it was told. */
  readonly id: string;
  readonly answer:
    | "unknown"
    | "accepted"
    | { readonly refusal: string }
    | { readonly state: string; readonly captured: bigint | undefined };
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
    const capture = order.manual ? ("manual" as const) : ("automatic" as const);
    const asAsked = {
      requestId,
      card: order.card,
      amount,
      description: "",
      ...merchantDataOf(order),
      capture,
      waitMs: 0,
    };
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
  readonly holdCalls: HoldCall[] = [];
  readonly #system: System;
  readonly #schedule: Schedule;
  readonly #random: Random;
  /** What is asked when the answer is here: told as it is booked at this moment. */
  readonly #onAnswer: (call: Call) => void;
  readonly #onHoldAnswer: (call: HoldCall) => void;
  readonly #complain: Complain;
  #open = 0;

  constructor(options: {
    readonly system: System;
    readonly schedule: Schedule;
    readonly random: Random;
    readonly onAnswer: (call: Call) => void;
    readonly onHoldAnswer: (call: HoldCall) => void;
    readonly complain: Complain;
  }) {
    this.#system = options.system;
    this.#schedule = options.schedule;
    this.#random = options.random;
    this.#onAnswer = options.onAnswer;
    this.#onHoldAnswer = options.onHoldAnswer;
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
      this.#begin(`caller-${number}`, (actor) => this.#call(actor, own));
    }
  }

  /** Lets some of those who were told that money is held ask for it, or for its release, late. */
  startLate(): void {
    const random = this.#random;
    const held = this.calls.filter((call) => isHeld(call.answer) && random.chance(0.5));
    for (const [number, call] of held.entries()) {
      if (call.order.kind !== "pay") continue;
      const { amount } = call.order;
      this.#begin(`late-${number + 1}`, (actor) => this.#orderHolds(actor, call, amount));
    }
  }

  #begin(name: string, call: (actor: Actor) => Promise<void>): void {
    this.#open += 1;
    void call({ name })
      .catch((error: unknown) => this.#complain(`a call failed as none may: ${error}`))
      .finally(() => {
        this.#open -= 1;
      });
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
        calls.push(callOf({ kind: "pay", card, amount: asked, manual: random.chance(0.4) }, merchantId, requestId));
      }
    }
    return calls.flatMap((call) => (random.chance(0.15) ? [call, this.#rivalOf(call)] : [call]));
  }

  /** Another caller's call with the same request id, at the same time: the same one, or one with other parameters. */
  #rivalOf({ order, merchantId, requestId }: Call): Call {
    const changed =
      order.kind === "pay"
        ? { ...order, card: this.#random.pick(HOT_CARDS), manual: this.#random.chance(0.3) !== order.manual }
        : { ...order, amount: this.#random.pick([order.amount, 10n]) };
    return callOf(changed, merchantId, requestId);
  }

  async #call(actor: Actor, orders: readonly Call[]): Promise<void> {
    for (const planned of orders) {
      const order = this.#asTold(planned);
      for (let attempt = 1; attempt <= MAXIMUM_ATTEMPTS; attempt += 1) {
        await this.#schedule.turn(actor, `asks for ${order.order.kind} ${order.merchantId} ${order.requestId}`);
        const ended = new Set(this.calls.flatMap(({ id, answer }) => (isFinal(answer) ? [id] : [])));
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
        if (order.order.kind === "pay" && order.order.manual) await this.#orderHolds(actor, call, order.order.amount);
        break;
      }
    }
  }

  /** Orders for a payment that holds money: none, one, or several that contradict each other, at once or one by one. */
  async #orderHolds(actor: Actor, call: Call, amount: bigint): Promise<void> {
    const random = this.#random;
    const orders = Array.from({ length: random.pick([0, 1, 1, 2, 3]) }, () =>
      random.pick<HoldOrder>([
        { action: "capture", amount: undefined },
        { action: "capture", amount },
        { action: "capture", amount: amount / 2n },
        { action: "capture", amount: amount + 1n },
        { action: "cancel", amount: undefined },
      ]),
    );
    if (random.chance(0.5)) await Promise.all(orders.map((order) => this.#orderHold(actor, call, order)));
    else for (const order of orders) await this.#orderHold(actor, call, order);
  }

  async #orderHold(actor: Actor, { merchantId, id }: Call, order: HoldOrder): Promise<void> {
    for (let attempt = 1; attempt <= MAXIMUM_ATTEMPTS; attempt += 1) {
      await this.#schedule.turn(actor, `orders ${order.action} ${order.amount ?? "all"} of ${merchantId}`);
      const call = { ...order, merchantId, id, answer: await this.#askHold(order, merchantId, id) };
      this.holdCalls.push(call);
      this.#onHoldAnswer(call);
      if (call.answer !== "unknown") return;
    }
  }

  async #askHold({ action, amount }: HoldOrder, merchantId: string, id: string): Promise<HoldCall["answer"]> {
    const reached = this.#system.gateway();
    if (reached === undefined) return "unknown";
    const { gateway, killed } = reached;
    const context = contextOf(merchantId);
    const wait = { seconds: this.#random.pick([0n, 5n, 30n]), nanos: 0 };
    const money = amount === undefined ? undefined : { currencyCode: CURRENCY, minorUnits: amount };
    const asked =
      action === "capture"
        ? gateway.capturePayment(context, { id, amount: money, wait })
        : gateway.cancelPayment(context, { id, wait });
    try {
      const told = await Promise.race([asked, killed.then(() => undefined)]);
      if (told === undefined) return "unknown";
      const { state, capturedAmount } = told.payment;
      return told.final ? { state: nameOf(PaymentState, state), captured: capturedAmount?.minorUnits } : "accepted";
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (["UNAVAILABLE", "RESOURCE_EXHAUSTED"].includes(error.code)) return "unknown";
      if (!["FAILED_PRECONDITION", "INVALID_ARGUMENT"].includes(error.code)) throw error;
      return { refusal: error.reason };
    }
  }

  /** A refund names its payment by the id that its caller got. */
  #asTold(call: Call): Call {
    const { order, merchantId, requestId } = call;
    if (order.kind === "pay") return call;
    const paid = this.calls.findLast(({ ids, answer }) => ids.includes(order.paymentId) && isEnd(answer));
    return paid === undefined ? call : callOf({ ...order, paymentId: paid.id }, merchantId, requestId);
  }

  /** Who was told something reads it: never less than that, and never that there is no such payment. */
  async #read({ merchantId, id, answer }: Call): Promise<void> {
    const reached = this.#system.gateway();
    if (reached === undefined) return;
    const { gateway, killed } = reached;
    try {
      const payment = await Promise.race([gateway.getPayment(contextOf(merchantId), { id, requestId: "" }), killed]);
      if (payment === undefined || typeof answer !== "object" || !("state" in answer)) return;
      const state = nameOf(PaymentState, payment.state);
      // Money that is held may be captured or released at any time.
      if (answer.state === "AUTHORIZED" && payment.amount !== undefined) return;
      const stands = state === answer.state || (answer.state === "SUCCEEDED" && state === "REFUNDED");
      if (!stands) this.#complain(`${id} was told ${answer.state}, and then read as ${state}`);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "UNAVAILABLE")
        this.#complain(`${id} cannot be read: ${error}`);
    }
  }

  /** Asks once; the id is left out where none was told. */
  async #ask({ order, merchantId, requestId }: Call): Promise<Told> {
    const reached = this.#system.gateway();
    if (reached === undefined) return { answer: "unknown" };
    const { gateway, killed } = reached;
    const context = contextOf(merchantId);
    const wait = { seconds: this.#random.pick([0n, 5n, 30n]), nanos: 0 };
    const died = killed.then(() => undefined);
    const { clientReference = "", metadata = {} } = merchantDataOf(order);
    try {
      if (order.kind === "pay") {
        const amount = { currencyCode: CURRENCY, minorUnits: order.amount };
        const capture = order.manual ? CaptureMethod.MANUAL : CaptureMethod.UNSPECIFIED;
        const request = {
          requestId,
          amount,
          card: order.card,
          description: "",
          clientReference,
          metadata,
          wait,
          capture,
        };
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

/** Whether nothing more can come of the payment or the refund, but a refund of it. */
function isFinal(answer: Answer): boolean {
  return typeof answer === "object" && "state" in answer && answer.state !== "AUTHORIZED";
}

function isHeld(answer: Answer): boolean {
  return typeof answer === "object" && "state" in answer && answer.state === "AUTHORIZED";
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
