/**
 * The ids of a request under each key. What a request asked for has one id under the first key; while keys change it may
 * be recorded under another key's, by a gateway with other keys in front, or from before the change. So every message
 * names the others as well, and the banks answer with what stands.
 */
import type { CallContext } from "./call-context.js";
import type { GatewayKeyRing } from "./gateway-keys.js";
import { hashParameters, hashRefundParameters } from "./parameters-hash.js";
import { belongsToMerchant, derivePaymentId, deriveRefundId, refundBelongsToMerchant } from "./payment-id.js";
import type { PaymentOrder } from "./payment-order.js";
import type { RefundOrder } from "./refund-order.js";

/** What the messages of a request carry of it. */
export interface IdentifiedRequest {
  readonly requestId: string;
  readonly merchantId: string;
  /** Under the first key. */
  readonly parametersHash: string;
  /** Under the first key. */
  readonly id: string;
  /** Under the other keys; absent while there is one. */
  readonly alternateIds?: readonly string[];
}

/** A payment's. */
export function identifyPayment(
  keys: GatewayKeyRing,
  { merchantId }: CallContext,
  order: PaymentOrder,
): IdentifiedRequest {
  const asked = { requestId: order.requestId, merchantId };
  const ids = keys.all.map((own) => {
    const parametersHash = hashParameters(own.parameters, order);
    return { parametersHash, id: derivePaymentId(own.paymentId, { ...asked, parametersHash }) };
  });
  return identified(asked, ids);
}

/** A refund's. */
export function identifyRefund(
  keys: GatewayKeyRing,
  { merchantId }: CallContext,
  order: RefundOrder,
): IdentifiedRequest {
  const asked = { requestId: order.requestId, merchantId };
  const ids = keys.all.map((own) => {
    const parametersHash = hashRefundParameters(own.parameters, order);
    return { parametersHash, id: deriveRefundId(own.refundId, { ...asked, parametersHash }) };
  });
  return identified(asked, ids);
}

/** All ids of a request, that under the first key first. */
export function idsOf({ id, alternateIds = [] }: Pick<IdentifiedRequest, "id" | "alternateIds">): readonly string[] {
  return [id, ...alternateIds];
}

/** Whether `id` is one that a payment of this merchant has under one of the keys; says nothing of whether there is one. */
export function isPaymentOf(keys: GatewayKeyRing, merchantId: string, id: string): boolean {
  return keys.all.some((own) => belongsToMerchant(own.paymentId, merchantId, id));
}

/** The same of a refund's id. */
export function isRefundOf(keys: GatewayKeyRing, merchantId: string, id: string): boolean {
  return keys.all.some((own) => refundBelongsToMerchant(own.refundId, merchantId, id));
}

function identified(
  asked: Pick<IdentifiedRequest, "requestId" | "merchantId">,
  [first, ...others]: readonly Pick<IdentifiedRequest, "id" | "parametersHash">[],
): IdentifiedRequest {
  if (first === undefined) throw new Error("There is no key of payment ids.");
  return { ...asked, ...first, ...(others.length > 0 && { alternateIds: others.map(({ id }) => id) }) };
}
