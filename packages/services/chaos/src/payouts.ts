/** The operator's part of the load: now and then it pays out of a merchant's account, and asks again until it is answered. */
import type { AccountsOperator } from "./accounts-operator.js";
import type { Random } from "./random.js";
import type { AskedPayout, RequestBook } from "./request-book.js";

/** The pause between two payouts. */
const PAUSE_MS = { minimum: 100, maximum: 600 };
const RETRY_PAUSE_MS = 200;
const MAXIMUM_MINOR_UNITS = 500;

export interface PayoutOptions {
  readonly accounts: AccountsOperator;
  readonly book: RequestBook;
  readonly random: Random;
  /** Sets this run's request_ids apart from those of every other. */
  readonly prefix: string;
  /** Whether it calls again until it is answered. Else what it has no answer to is left as it is. */
  readonly callsAgain: boolean;
  /** After it, a call that is not answered is a violation. */
  readonly giveUp: AbortSignal;
}

/** Pays out until it is stopped, and resolves when the last payout was answered. */
export async function payOutNowAndThen(options: PayoutOptions, stopping: AbortSignal): Promise<void> {
  const { accounts, book, random, prefix } = options;
  for (let turn = 0; !stopping.aborted; turn += 1) {
    const { id: merchantId, currencyCode } = random.pick(accounts.merchants);
    const minorUnits = BigInt(random.between(1, MAXIMUM_MINOR_UNITS));
    const asked: AskedPayout = {
      call: { merchantId, requestId: `${prefix}-payout-${turn}`, currencyCode, minorUnits },
      state: "asked",
    };
    book.payouts.push(asked);
    await untilAnswered(options, asked);
    // Sometimes again: the same answer, and nothing more is paid.
    if (options.callsAgain && random.chance(0.2)) await untilAnswered(options, asked);
    await pause(random.between(PAUSE_MS.minimum, PAUSE_MS.maximum));
  }
}

async function untilAnswered({ accounts, book, callsAgain, giveUp }: PayoutOptions, asked: AskedPayout): Promise<void> {
  const { requestId } = asked.call;
  for (;;) {
    const end = await accounts.payOut(asked.call);
    if (end.kind === "done") {
      asked.state = "accepted";
      return;
    }
    if (end.kind === "refused") return book.violation(`the payout ${requestId}: ${end.why}`, undefined);
    if (!callsAgain) {
      asked.state = "abandoned";
      return pause(RETRY_PAUSE_MS);
    }
    if (giveUp.aborted) return book.violation(`the payout ${requestId} was never answered: ${end.why}`, undefined);
    await pause(RETRY_PAUSE_MS);
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
