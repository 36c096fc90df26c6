/** `@quittance/client`: the public names. */
export { formatAmount, parseAmount } from "./amounts.js";
export type { EventFilter, Events } from "./events.js";
export { isFinal } from "./final-states.js";
export type {
  CancelReason,
  CaptureMethod,
  Card,
  CardSummary,
  Decline,
  DeclineReason,
  ErrorReason,
  Event,
  Money,
  Payment,
  PaymentState,
  Refund,
  RefundDecline,
  RefundDeclineReason,
  RefundState,
  WebhookEndpoint,
} from "./gen/resources.js";
export type { CallOptions, ClientOptions } from "./http-calls.js";
export type {
  Capture,
  NewPayment,
  NewRefund,
  PaymentFilter,
  Payments,
  RefundedPayment,
  WaitOption,
} from "./payments.js";
export { QuittanceClient } from "./quittance-client.js";
export {
  type ClientReason,
  type ErrorCode,
  type ErrorDetails,
  QuittanceError,
  type Violation,
} from "./quittance-error.js";
export type { RefundFilter, Refunds } from "./refunds.js";
export {
  type ReceivedWebhook,
  verifyWebhook,
  WebhookError,
  type WebhookEvent,
  type WebhookFault,
  type WebhookVerification,
} from "./webhooks.js";
