/** What the ids of payments and refunds look like. The gateway makes them (gateway/payment-id.ts). */
export const PAYMENT_ID = /^pay_[a-z2-7]{32}$/;
export const REFUND_ID = /^ref_[a-z2-7]{32}$/;
