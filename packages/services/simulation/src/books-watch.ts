/** What must be true after every single commit, and not only when all is quiet. */
import type { PaymentRecord } from "../../dist/client-bank/payment-record.js";
import type { Complain } from "./complain.js";
import type { SimulatedServer } from "./database/simulated-server.js";
import { checkHolds } from "./hold-invariants.js";
import { checkBalances, checkToldEnds } from "./invariants.js";

/** From which state to which a payment may go; a refund of a part leaves it as it is. */
const MAY_BECOME: Readonly<Record<PaymentRecord["state"], readonly PaymentRecord["state"][]>> = {
  AUTHORIZED: ["AUTHORIZED", "PENDING"],
  PENDING: ["PENDING", "SUCCEEDED", "DECLINED", "REFUNDED", "CANCELED"],
  SUCCEEDED: ["SUCCEEDED", "REFUNDED"],
  DECLINED: ["DECLINED"],
  CANCELED: ["CANCELED"],
  REFUNDED: ["REFUNDED"],
};

export class BooksWatch {
  readonly #server: SimulatedServer;
  readonly #complain: Complain;
  readonly #before = new Map<string, PaymentRecord>();

  constructor(server: SimulatedServer, complain: Complain) {
    this.#server = server;
    this.#complain = complain;
  }

  /** Looks at what is committed now. */
  look(): void {
    checkBalances(this.#server, this.#complain);
    checkHolds(this.#server, this.#complain);
    checkToldEnds(this.#server, this.#complain);
    for (const payment of this.#server.clientBank.payments.committed()) {
      const before = this.#before.get(payment.id);
      this.#before.set(payment.id, payment);
      if (before === undefined) {
        if (payment.state !== "PENDING" && payment.state !== "AUTHORIZED")
          this.#complain(`${payment.id} began as ${payment.state}`);
      } else if (before !== payment) {
        this.#compare(before, payment);
      }
    }
  }

  #compare(before: PaymentRecord, payment: PaymentRecord): void {
    const { id, state } = payment;
    if (!MAY_BECOME[before.state].includes(state)) this.#complain(`${id} went from ${before.state} to ${state}`);
    const decided: readonly (keyof PaymentRecord)[] = [
      "amount",
      "parametersHash",
      "clientId",
      "capture",
      "authorizeTime",
    ];
    // What is held is captured or released once, and then it is decided as well.
    const kept = before.state === "AUTHORIZED" ? decided : ([...decided, "capturedAmount", "captureTime"] as const);
    for (const field of kept) if (payment[field] !== before[field]) this.#complain(`${id} changed its ${field}`);
    if (before.finishTime !== null && payment.finishTime !== before.finishTime) this.#complain(`${id} was final twice`);
    if (payment.refundedAmount < before.refundedAmount) this.#complain(`${id} took a refund back`);
  }
}
