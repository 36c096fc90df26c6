/** The keyed hash of what a caller chose, by which a repeated request is told from a request_id used twice. */
import { createHmac, type KeyObject } from "node:crypto";
import { type MerchantData, orderedMetadata } from "../shared/merchant-data.js";
import type { PaymentOrder } from "./payment-order.js";
import type { RefundOrder } from "./refund-order.js";

/**
 * HMAC-SHA256 over the amount, the currency, the card, the description, the way of capture and the merchant's own data,
 * each prefixed by its length: 43 characters of base64url. It is keyed, for a plain hash of a card number could be
 * searched through (PCI DSS 3.5.1.1). How long the caller waits is no part of the payment.
 */
export function hashParameters(key: KeyObject, order: PaymentOrder): string {
  const { card, amount } = order;
  const parts = [
    // Only for a manual capture, so that other payments keep their ids. It comes first: no currency has this name.
    ...(order.capture === "manual" ? ["manual"] : []),
    amount.currencyCode,
    amount.minorUnits.toString(),
    card.number,
    card.expiryMonth.toString(),
    card.expiryYear.toString(),
    card.holderName,
    order.description,
    ...merchantDataParts(order),
  ];
  return hashParts(key, parts);
}

/**
 * The same over the payment, the amount and the merchant's own data of a refund. An amount that was left out differs
 * from any amount.
 */
export function hashRefundParameters(key: KeyObject, order: RefundOrder): string {
  const { amount } = order;
  const asked = amount === undefined ? [] : [amount.currencyCode, amount.minorUnits.toString()];
  return hashParts(key, ["refund", order.paymentId, ...asked, ...merchantDataParts(order)]);
}

/** Nothing where the merchant gave none: such a request has the id that it had in releases without this data. */
function merchantDataParts({ clientReference, metadata }: MerchantData): string[] {
  return [
    ...(clientReference === undefined ? [] : ["client_reference", clientReference]),
    ...(metadata === undefined ? [] : ["metadata", ...orderedMetadata(metadata)]),
  ];
}

function hashParts(key: KeyObject, parts: readonly string[]): string {
  const canonical = parts.map((part) => `${part.length}:${part}`).join("");
  return createHmac("sha256", key).update(canonical).digest("base64url");
}
