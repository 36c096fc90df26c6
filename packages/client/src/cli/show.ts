/** Payments and refunds as the command line shows them. */
import { formatAmount } from "../amounts.js";
import type { Money, Payment, Refund } from "../gen/resources.js";
import type { Terminal } from "./command.js";

const COLOURS: Readonly<Record<string, number>> = {
  SUCCEEDED: 32,
  AUTHORIZED: 33,
  PENDING: 33,
  ACCEPTED: 33,
  DECLINED: 31,
};

/** A line of JSON: amounts are whole minor units as text, as in the API. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? String(item) : item))}\n`;
}

/** One line, for lists. */
export function resourceLine(resource: Payment | Refund, terminal: Terminal): string {
  const { id, amount, state, createTime, clientReference } = resource;
  const when = createTime?.toISOString() ?? "";
  return `${[id, amountText(amount).padStart(16), stateText(state, terminal).padEnd(10), when, clientReference].join("  ").trimEnd()}\n`;
}

/** A payment with what people ask about it. */
export function paymentText(payment: Payment, terminal: Terminal): string {
  const { id, amount, state, card, decline } = payment;
  return [
    `${id}  ${amountText(amount)}  ${stateText(state, terminal)}`,
    ...line("card", card && `${card.brand} ending in ${card.lastFour}, ${card.expiryMonth}/${card.expiryYear}`),
    ...line("declined", decline && `${decline.reason}: ${decline.message}`),
    ...line("captured", payment.capturedAmount && formatAmount(payment.capturedAmount)),
    ...line("refunded", payment.refundedAmount && formatAmount(payment.refundedAmount)),
    ...line("expires", payment.authorizationExpireTime?.toISOString()),
    ...line("description", payment.description),
    ...line("reference", payment.clientReference),
    ...line("request id", payment.requestId),
    ...line("created", payment.createTime?.toISOString()),
    "",
  ].join("\n");
}

/** A refund with what people ask about it. */
export function refundText(refund: Refund, terminal: Terminal): string {
  const { id, amount, state, decline } = refund;
  return [
    `${id}  ${amountText(amount)}  ${stateText(state, terminal)}`,
    ...line("payment", refund.payment),
    ...line("declined", decline && `${decline.reason}: ${decline.message}`),
    ...line("reference", refund.clientReference),
    ...line("request id", refund.requestId),
    ...line("created", refund.createTime?.toISOString()),
    "",
  ].join("\n");
}

function line(name: string, value: string | undefined): string[] {
  return value === undefined || value === "" ? [] : [`  ${name.padEnd(12)}${value}`];
}

function amountText(amount: Money | undefined): string {
  return amount === undefined ? "(not recorded yet)" : formatAmount(amount);
}

function stateText(state: string, { colours }: Terminal): string {
  const text = state.toLowerCase();
  const colour = COLOURS[state];
  return colours && colour !== undefined ? `\u001b[${colour}m${text}\u001b[0m` : text;
}
