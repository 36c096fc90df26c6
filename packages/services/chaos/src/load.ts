/**
 * The steady load: merchants who pay, refund, read and repeat themselves, and an operator who pays them out. Each calls again with the same request_id
 * until it is answered, as a merchant must; so after a round the outcome of every request is known. In
 * some rounds they do not, for their calls would heal what was lost: what they were told was accepted must end by itself.
 */
import type { AccountsOperator } from "./accounts-operator.js";
import type { Answer, DoorName, Merchants, PayCall, RefundCall } from "./merchant.js";
import { drawPaymentKind } from "./payment-kinds.js";
import { payOutNowAndThen } from "./payouts.js";
import type { Random } from "./random.js";
import {
  type AskedPayment,
  type AskedRefund,
  type HoldPlan,
  REUSED,
  type RequestBook,
  verdictOf,
} from "./request-book.js";

/** Callers at once. */
const CALLERS = 10;
/** The pause of a caller between two requests, at most. */
const MAXIMUM_PAUSE_MS = 150;
const RETRY_PAUSE_MS = 200;

export interface Load {
  /** Takes up no further requests, and resolves when each of those taken up was answered. */
  stop(): Promise<void>;
}

export interface LoadOptions {
  readonly merchants: Merchants;
  readonly accounts: AccountsOperator;
  readonly book: RequestBook;
  readonly random: Random;
  readonly round: number;
  /** Sets this run's request_ids apart from those of every other. */
  readonly prefix: string;
  /** Whether callers call again until they are answered. Else what they have no answer to is left as it is. */
  readonly callsAgain: boolean;
  /** After it, a call that is not answered is a violation. */
  readonly giveUp: AbortSignal;
}

/** Starts the callers. */
export function startLoad(options: LoadOptions): Load {
  const stopping = new AbortController();
  const callers = Array.from({ length: CALLERS }, (_, place) => {
    const random = options.random.fork(`caller ${place}`);
    return runCaller({ ...options, random, prefix: `${options.prefix}-${place}` }, stopping.signal);
  });
  const payouts = payOutNowAndThen({ ...options, random: options.random.fork("payouts") }, stopping.signal);
  return {
    stop: async () => {
      stopping.abort();
      await Promise.all([...callers, payouts]);
    },
  };
}

async function runCaller(options: LoadOptions, stopping: AbortSignal): Promise<void> {
  const { random, prefix } = options;
  for (let turn = 0; !stopping.aborted; turn += 1) {
    await makeRequest(options, `${prefix}-${turn}`);
    await pause(random.between(0, MAXIMUM_PAUSE_MS));
  }
}

async function makeRequest(options: LoadOptions, requestId: string): Promise<void> {
  const { book, random } = options;
  const door: DoorName = random.chance(0.5) ? "http" : "grpc";
  const action = random.next();
  // Calling again would heal what was lost.
  if (!options.callsAgain && action >= 0.82 && action < 0.92) return payNew(options, door, requestId);
  if (action < 0.7 || book.succeeded.length === 0) await payNew(options, door, requestId);
  else if (action < 0.82) await refundOne(options, door, requestId);
  else if (action < 0.92) await payAgain(options, door, random.pick(book.payments));
  else if (action < 0.95) await payChanged(options, door, random.pick(book.succeeded));
  else if (action < 0.97) await refundAgainChanged(options, door);
  else await readOne(options, door, random.pick(book.succeeded));
}

async function payNew(options: LoadOptions, door: DoorName, requestId: string): Promise<void> {
  const { book, random, round } = options;
  const kind = drawPaymentKind(random);
  const call: PayCall = { ...kind.call(random), requestId };
  const asked: AskedPayment = {
    ...{ call, round, kind: kind.name, verdicts: kind.verdicts, ...(call.manual && { plan: drawPlan(random, call) }) },
    ...{ id: undefined, final: undefined, calls: 0 },
  };
  book.payments.push(asked);
  await payAgain(options, door, asked);
  await followPlan(options, asked);
}

function drawPlan(random: Random, { amount }: PayCall): HoldPlan {
  const action = random.pick(["capture", "capture", "capture", "cancel", "leave"] as const);
  const part = action === "capture" && random.chance(0.5) ? random.between(1, Number(amount.minorUnits)) : undefined;
  return { action, minorUnits: part === undefined ? undefined : BigInt(part) };
}

/** Captures or cancels what is held, as planned, and asks again until it is answered. */
async function followPlan(options: LoadOptions, asked: AskedPayment): Promise<void> {
  const { book, merchants, random } = options;
  const { plan, id, call } = asked;
  if (plan === undefined || plan.action === "leave" || id === undefined || asked.held !== true) return;
  const { currencyCode } = call.amount;
  const order = {
    ...{ merchantId: call.merchantId, paymentId: id, action: plan.action },
    amount: plan.minorUnits === undefined ? undefined : { currencyCode, minorUnits: plan.minorUnits },
  };
  await pause(random.between(0, MAXIMUM_PAUSE_MS));
  const waitSeconds = random.pick([0, 2, 5]);
  await untilAnswered(options, asked, async () => {
    const answer = await merchants.order(random.pick(["grpc", "http"]), order, waitSeconds);
    if (answer.kind !== "precondition") return answer;
    // The campaign lets holds expire before their time: an order that comes later is refused, as it must be.
    if (answer.reason !== "AUTHORIZATION_EXPIRED") {
      book.violation(`${plan.action} of ${id} is refused: ${answer.reason}`, id);
    }
    return { kind: "told", id, state: "ACCEPTED", reason: undefined };
  });
}

/** Of what was told to have succeeded, some long ago: all of it, a part, or more than there is. */
async function refundOne(options: LoadOptions, door: DoorName, requestId: string): Promise<void> {
  const { book, random, round, merchants } = options;
  const payment = random.pick(book.succeeded);
  const { merchantId, amount } = payment.call;
  const minorUnits = BigInt(random.between(1, Number(amount.minorUnits) + 1));
  const asked: AskedRefund = {
    call: {
      ...{ merchantId, requestId, paymentId: payment.id as string },
      amount: random.chance(0.3) ? undefined : { ...amount, minorUnits },
    },
    ...{ kind: "refund", round, id: undefined, final: undefined, calls: 0 },
  };
  book.refunds.push(asked);
  const waitSeconds = random.pick([0, 2, 5]);
  await untilAnswered(options, asked, () => merchants.refund(door, asked.call, waitSeconds));
}

/** The same request as before, or a new one for the first time. */
async function payAgain(options: LoadOptions, door: DoorName, asked: AskedPayment): Promise<void> {
  const waitSeconds = options.random.pick([0, 2, 5]);
  await untilAnswered(options, asked, () => options.merchants.pay(door, asked.call, waitSeconds));
}

/** The request_id of a payment that has ended, with another amount: refused, or accepted as what it then is declined as. */
async function payChanged(options: LoadOptions, door: DoorName, first: AskedPayment): Promise<void> {
  const { book, merchants } = options;
  const { amount } = first.call;
  const call: PayCall = { ...first.call, amount: { ...amount, minorUnits: amount.minorUnits + 1n } };
  const known = book.rivals.find((rival) => "verdicts" in rival && rival.call.requestId === call.requestId) as
    | AskedPayment
    | undefined;
  const rival: AskedPayment = known ?? {
    ...first,
    call,
    verdicts: [REUSED],
    id: undefined,
    final: undefined,
    calls: 0,
  };
  if (known === undefined) book.rivals.push(rival);
  await askRival(options, rival, (waitSeconds) => merchants.pay(door, call, waitSeconds));
}

/** The same with the request_id of a refund that has ended. */
async function refundChanged(options: LoadOptions, door: DoorName, first: AskedRefund): Promise<void> {
  const { book, merchants } = options;
  const { requestId, paymentId, amount } = first.call;
  const payment = book.payments.find(({ id }) => id === paymentId);
  if (payment === undefined) return;
  const { currencyCode } = payment.call.amount;
  // More than a payment of the campaign has, so that it is no first request's amount.
  const call: RefundCall = { ...first.call, amount: { currencyCode, minorUnits: (amount?.minorUnits ?? 0n) + 1_000n } };
  const known = book.rivals.find((rival) => !("verdicts" in rival) && rival.call.requestId === requestId);
  const rival: AskedRefund =
    known === undefined || "verdicts" in known ? { ...first, call, id: undefined, final: undefined, calls: 0 } : known;
  if (known === undefined) book.rivals.push(rival);
  await askRival(options, rival, (waitSeconds) => merchants.refund(door, call, waitSeconds));
}

/** Asks once; what stands is not its own, so that it has nothing to repeat until it is answered. */
async function askRival(
  { book, random }: LoadOptions,
  rival: AskedPayment | AskedRefund,
  call: (waitSeconds: number) => Promise<Answer>,
): Promise<void> {
  const waitSeconds = random.pick([0, 5]);
  const endBefore = rival.final;
  const answer = await callOnce(rival, () => call(waitSeconds));
  const { requestId } = rival.call;
  if (answer.kind === "told") book.told(rival, answer, endBefore);
  if (answer.kind === "reused") {
    rival.final ??= { kind: "told", id: rival.id ?? "", state: "DECLINED", reason: REUSED };
  }
  if (answer.kind === "refused") book.violation(`${requestId} with another amount: ${answer.why}`, rival.id);
}

async function refundAgainChanged(options: LoadOptions, door: DoorName): Promise<void> {
  const ended = options.book.refunds.filter(({ final }) => final !== undefined);
  if (ended.length > 0) await refundChanged(options, door, options.random.pick(ended));
}

/** Whoever was told SUCCEEDED reads it. */
async function readOne(options: LoadOptions, door: DoorName, asked: AskedPayment): Promise<void> {
  const answer = await callOnce(asked, () => options.merchants.read(door, asked.call.merchantId, asked.id as string));
  if (answer.kind === "told" && verdictOf(answer) !== "SUCCEEDED") {
    options.book.violation(`${asked.call.requestId} was told SUCCEEDED and read ${answer.state}`, asked.id);
  }
  if (answer.kind === "refused") options.book.violation(`${asked.call.requestId}: ${answer.why}`, asked.id);
}

async function untilAnswered(
  options: LoadOptions,
  asked: AskedPayment | AskedRefund,
  call: () => Promise<Answer>,
): Promise<void> {
  const { book, giveUp } = options;
  const paymentId = () => ("paymentId" in asked.call ? asked.call.paymentId : asked.id);
  for (;;) {
    const endBefore = asked.final;
    const answer = await callOnce(asked, call);
    if (answer.kind === "told") return book.told(asked, answer, endBefore);
    if (answer.kind === "reused") {
      return book.violation(`${asked.call.requestId} was refused as if it were another request's`, paymentId());
    }
    if (answer.kind === "precondition") {
      return book.violation(`${asked.call.requestId} is refused: ${answer.reason}`, paymentId());
    }
    if (answer.kind === "refused") return book.violation(`${asked.call.requestId}: ${answer.why}`, paymentId());
    if (!options.callsAgain) {
      asked.abandoned = true;
      return pause(RETRY_PAUSE_MS);
    }
    if (giveUp.aborted) return book.violation(`${asked.call.requestId} was never answered: ${answer.why}`, paymentId());
    await pause(RETRY_PAUSE_MS);
  }
}

function callOnce(asked: AskedPayment | AskedRefund, call: () => Promise<Answer>): Promise<Answer> {
  asked.calls += 1;
  return call();
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
