/** Transactions of the banks' steps over few payments, clients and merchants, so that they meet. */

import { GuessBook } from "../../../dist/client-bank/card-guesses.js";
import { findExpiredHolds } from "../../../dist/client-bank/operations/find-expired-holds.js";
import { getPayments } from "../../../dist/client-bank/operations/get-payments.js";
import { capturePayments } from "../../../dist/client-bank/step-3-capture.js";
import { finishCycle } from "../../../dist/client-bank/step-5b-finish.js";
import { concludeOrders } from "../../../dist/client-bank/step-h2-conclude.js";
import { expireHolds } from "../../../dist/client-bank/step-h3-expire.js";
import { creditRefunds } from "../../../dist/client-bank/step-r3-credit.js";
import { settlePayments } from "../../../dist/merchant-bank/step-4-settle.js";
import { debitRefunds } from "../../../dist/merchant-bank/step-r2-debit.js";
import type { ComposedEvent } from "../../../dist/notification/compose-event.js";
import type { ComposedNotification } from "../../../dist/notification/compose-notification.js";
import { insertNotifications } from "../../../dist/notification/operations/insert-notifications.js";
import type { Transaction } from "../../../dist/platform/database.js";
import type { DeclineReason } from "../../../dist/shared/decline.js";
import type { HoldOrderMessage } from "../../../dist/shared/hold-order.js";
import type {
  BankResultMessage,
  TransactionResultMessage,
  ValidationResultMessage,
} from "../../../dist/shared/messages.js";
import type { RefundMessage, RefundResultMessage } from "../../../dist/shared/refund-messages.js";
import { START_MS } from "../clock.js";
import type { DatabaseUser } from "../database/simulated-server.js";
import type { Random } from "../random.js";
import { SEED_ROWS } from "../system-data.js";

/** One transaction of a service. */
export interface Work {
  readonly user: DatabaseUser;
  readonly name: string;
  run(transaction: Transaction): Promise<unknown>;
}

/** So low that they are reached. */
const GUESS_LIMITS = { perCard: { maximum: 2, windowMs: 30_000 }, perMerchant: { maximum: 4, windowMs: 30_000 } };

/** So short that some have expired. */
const HOLD_MS = 30_000;

const ACCEPT_TIME = new Date(START_MS).toISOString();
const DEADLINE = new Date(START_MS + 60_000).toISOString();
const MERCHANTS = ["m-1", "m-2", "m-closed", "m-unknown"];

/** The payments of one case: few, so that both transactions are about the same ones. */
export class RandomWork {
  readonly #random: Random;
  readonly #case: string;

  constructor(random: Random, caseName: string) {
    this.#random = random;
    this.#case = caseName;
  }

  next(): Work {
    const random = this.#random;
    const now = () => START_MS + (random.chance(0.1) ? 70_000 : 1_000);
    const timeMs = now();
    const clock = () => timeMs;
    const kinds: readonly (() => Work)[] = [
      () => {
        const batch = this.#batch(() => this.#validation());
        return {
          user: "client-bank",
          name: "3",
          run: (transaction) => capturePayments(transaction, batch, clock, new GuessBook(GUESS_LIMITS), HOLD_MS),
        };
      },
      () => {
        const batch = this.#batch(() => this.#holdOrder());
        return { user: "client-bank", name: "H2", run: (transaction) => concludeOrders(transaction, batch, clock) };
      },
      () => {
        return {
          user: "client-bank",
          name: "H3",
          run: async (transaction) => {
            const due = await findExpiredHolds(transaction, new Date(timeMs));
            return expireHolds(transaction, due, clock);
          },
        };
      },
      () => {
        const batch = this.#batch(() => this.#bankResult());
        return { user: "merchant-bank", name: "4", run: (transaction) => settlePayments(transaction, batch, clock) };
      },
      () => {
        const batch = this.#batch(() => this.#transactionResult());
        return { user: "client-bank", name: "5b", run: (transaction) => finishCycle(transaction, batch, clock) };
      },
      () => {
        const batch = this.#batch(() => this.#refund());
        return {
          user: "merchant-bank",
          name: "R2",
          run: async (transaction) => (await debitRefunds(transaction, batch, clock)).decisions,
        };
      },
      () => {
        const batch = this.#batch(() => this.#refundResult());
        return { user: "client-bank", name: "R3", run: (transaction) => creditRefunds(transaction, batch, clock) };
      },
      () => {
        const asked = this.#batch(() => this.#validation().paymentId);
        return { user: "client-bank", name: "read", run: (transaction) => getPayments(transaction, asked) };
      },
      () => {
        const batch = this.#batch(() => this.#notification());
        const events = batch.map(eventOf);
        return {
          user: "notification",
          name: "5a",
          run: (transaction) => insertNotifications(transaction, { notifications: batch, events }),
        };
      },
    ];
    return random.pick(kinds)();
  }

  #batch<Message>(make: () => Message): Message[] {
    return Array.from({ length: this.#random.integer(1, 4) }, make);
  }

  #validation(reason?: DeclineReason): ValidationResultMessage {
    const random = this.#random;
    const number = random.integer(1, 4);
    // The same request mostly; sometimes one with other parameters, which then has another id, or should have.
    const other = random.chance(0.2);
    const id = other && random.chance(0.8) ? `pay_${this.#case}_${number}_other` : `pay_${this.#case}_${number}`;
    const client = other ? random.pick(SEED_ROWS.clients) : SEED_ROWS.clients[number % SEED_ROWS.clients.length];
    const declineReason = reason ?? (random.chance(0.1) ? "CARD_EXPIRED" : undefined);
    // Sometimes by a gateway that has another key of payment ids in front.
    const again = !other && random.chance(0.2);
    return {
      version: 1,
      ...(again ? { paymentId: `${id}_again`, alternateIds: [id] } : { paymentId: id }),
      requestId: `${this.#case}-${number}`,
      merchantId: MERCHANTS[number % 2] ?? "m-1",
      parametersHash: other ? "other" : again ? "again" : "same",
      amount: { currencyCode: "EUR", minorUnits: other ? "17" : String(number * 5) },
      description: "",
      ...(other && { clientReference: "order \u2615", metadata: { first: 'a "quoted", text', second: "\\" } }),
      ...((number > 2 || random.chance(0.05)) && { capture: "manual" as const }),
      acceptTime: ACCEPT_TIME,
      deadline: DEADLINE,
      card: {
        brand: "visa",
        lastFour: "4242",
        expiryMonth: 12,
        expiryYear: random.chance(0.1) ? 2029 : 2030,
        fingerprint: random.chance(0.05)
          ? "nobody's"
          : ((random.chance(0.3) ? client?.formerCardFingerprint : undefined) ?? client?.cardFingerprint ?? ""),
        ...(random.chance(0.5) && { holder: random.pick(["a holder", "another"]) }),
      },
      validateTime: ACCEPT_TIME,
      ...(declineReason !== undefined && { declineReason }),
    };
  }

  #holdOrder(): HoldOrderMessage {
    const random = this.#random;
    const { paymentId, merchantId, amount } = this.#validation();
    const action = random.pick(["capture", "capture", "cancel"] as const);
    const asked = random.pick([undefined, amount.minorUnits, "3", "100"]);
    return {
      ...{ version: 1, paymentId, merchantId, action, acceptTime: ACCEPT_TIME, recordBy: DEADLINE },
      ...(action === "capture" && asked !== undefined && { amount: { currencyCode: "EUR", minorUnits: asked } }),
    };
  }

  #bankResult(): BankResultMessage {
    const random = this.#random;
    const reason = random.chance(0.2) ? "INSUFFICIENT_FUNDS" : undefined;
    const message = { ...this.#validation(reason), captureTime: ACCEPT_TIME };
    return random.chance(0.1) ? { ...message, merchantId: random.pick(MERCHANTS) } : message;
  }

  #transactionResult(): TransactionResultMessage {
    const { declineReason, ...message } = { ...this.#bankResult(), settleTime: ACCEPT_TIME };
    if (declineReason !== undefined) return { ...message, declineReason, declinedBy: "client-side" };
    if (this.#random.chance(0.7)) return message;
    return { ...message, declineReason: "MERCHANT_CLOSED", declinedBy: "merchant-bank" };
  }

  #refund(): RefundMessage {
    const random = this.#random;
    const number = random.integer(1, 4);
    const payment = random.integer(1, 4);
    const other = random.chance(0.2);
    const id = other && random.chance(0.8) ? `ref_${this.#case}_${number}_other` : `ref_${this.#case}_${number}`;
    const again = !other && random.chance(0.2);
    return {
      version: 1,
      ...(again ? { refundId: `${id}_again`, alternateIds: [id] } : { refundId: id }),
      paymentId: `pay_${this.#case}_${payment}`,
      requestId: `${this.#case}-${number}`,
      merchantId: MERCHANTS[payment % 2] ?? "m-1",
      parametersHash: other ? "other" : "same",
      ...(random.chance(0.7) && { amount: { currencyCode: "EUR", minorUnits: String(random.integer(1, 12)) } }),
      ...(other && { clientReference: "refund", metadata: { note: "{NULL}" } }),
      acceptTime: ACCEPT_TIME,
    };
  }

  #refundResult(): RefundResultMessage {
    const amount = { currencyCode: "EUR", minorUnits: String(this.#random.integer(1, 8)) };
    const refund = { ...this.#refund(), amount, debitTime: ACCEPT_TIME };
    if (refund.refundId.endsWith("other")) {
      const standingId = refund.refundId.replace("_other", "");
      const reuse = { standingId, differingFields: ["id", "amount.minor_units"] };
      return { ...refund, declineReason: "REQUEST_ID_REUSED", reuse };
    }
    if (this.#random.chance(0.2)) return { ...refund, declineReason: "INSUFFICIENT_FUNDS" };
    const otherId = this.#random.chance(0.2) ? { otherId: `${refund.refundId}_told` } : {};
    return { ...refund, ...otherId, settleTime: ACCEPT_TIME };
  }

  #notification(): ComposedNotification {
    const random = this.#random;
    return {
      paymentId: `pay_${this.#case}_${random.integer(1, 3)}`,
      refundId: random.chance(0.3) ? `ref_${this.#case}_1` : "",
      templateName: random.pick(["payment-succeeded", "payment-declined"]),
      channel: "log",
      language: "en",
      templateVersion: 1,
      subject: "subject",
      body: "body",
      payload: null,
      traceId: null,
      traceparent: null,
      tracestate: null,
    };
  }
}

/** The event of what is told: the same one for the same payment or refund. */
function eventOf({ paymentId, refundId }: ComposedNotification): ComposedEvent {
  return {
    id: `evt_${refundId || paymentId}_of_${paymentId}`,
    merchantId: paymentId.endsWith("1") ? "m-1" : paymentId.endsWith("2") ? "m-2" : "m-closed",
    type: refundId === "" ? "payment.succeeded" : "refund.declined",
    paymentId,
    refundId,
    payload: "{}",
    traceparent: null,
    tracestate: null,
  };
}
