/** The tables of client-bank as `client-bank/schema.ts` defines them. */
import type { MerchantGuesses } from "../../../dist/client-bank/operations/find-card-guesses.js";
import type { OtherId } from "../../../dist/client-bank/operations/record-other-ids.js";
import type { PaymentRecord } from "../../../dist/client-bank/payment-record.js";
import type { RefundRecord } from "../../../dist/client-bank/refund-record.js";
import { clearingAccounts, ledgerEntries, reuseIsWhole, standingRequest } from "./bank-tables.js";
import { Table } from "./table.js";

export interface ClientRow {
  readonly id: string;
  readonly cardFingerprint: string;
  readonly formerCardFingerprint: string | null;
  readonly cardExpiryMonth: number;
  readonly cardExpiryYear: number;
  readonly currency: string;
  readonly balance: bigint;
  readonly held: bigint;
  readonly openingBalance: bigint;
  readonly state: "open" | "closed";
  readonly wrongExpiries: number;
  readonly wrongExpiriesSince: Date | null;
}

/** An operator's: times as texts. */
export interface DeadlineExtensionRow {
  readonly paymentId: string;
  readonly deadline: string;
}

export type ClientBankTables = ReturnType<typeof clientBankTables>;

export function clientBankTables() {
  return {
    clients: new Table<ClientRow>({
      name: "client_bank.clients",
      keyOf: ({ id }) => id,
      primaryKey: "clients_pkey",
      checks: { clients_balance: ({ balance, held }) => held >= 0n && balance >= held },
    }),
    clearing: clearingAccounts("client_bank"),
    payments: new Table<PaymentRecord>({
      name: "client_bank.payments",
      keyOf: ({ id }) => id,
      primaryKey: "payments_pkey",
      unique: { payments_request: standingRequest },
      checks: {
        payments_amount: ({ amount }) => amount > 0n,
        payments_captured_amount: (row) =>
          row.capturedAmount === 0n ||
          (row.capturedAmount > 0n &&
            (row.authorizeTime === null ? row.capturedAmount === row.amount : row.capturedAmount <= row.amount) &&
            row.clientId !== null),
        payments_capture: ({ capture, authorizeTime, holdExpireTime }) =>
          (capture === "manual" || authorizeTime === null) && (authorizeTime !== null || holdExpireTime === null),
        payments_hold: ({ state, holdExpireTime, declineReason }) =>
          state === "AUTHORIZED"
            ? holdExpireTime !== null
            : holdExpireTime === null || (state === "PENDING" && declineReason === "AUTHORIZATION_EXPIRED"),
        payments_given_back_amount: (row) => row.givenBackAmount === 0n || row.givenBackAmount === row.capturedAmount,
        payments_final: (row) =>
          (row.state === "PENDING" || row.state === "AUTHORIZED") === (row.finishTime === null) &&
          (row.finishTime === null) === (row.settleTime === null),
        payments_money: moneyFitsState,
        payments_reuse: reuseIsWhole,
      },
    }),
    refunds: new Table<RefundRecord>({
      name: "client_bank.refunds",
      keyOf: ({ id }) => id,
      primaryKey: "refunds_pkey",
      unique: { refunds_request: standingRequest },
      checks: {
        refunds_amount: ({ amount }) => amount === null || amount > 0n,
        refunds_reuse: reuseIsWhole,
        refunds_whole_amount: ({ amount, currency }) => (amount === null) === (currency === null),
        refunds_verdict: ({ state, declineReason, amount }) =>
          state === "SUCCEEDED" ? declineReason === null && amount !== null : declineReason !== null,
      },
    }),
    cardGuesses: new Table<MerchantGuesses>({
      name: "client_bank.card_guesses",
      keyOf: ({ merchantId }) => merchantId,
      primaryKey: "card_guesses_pkey",
    }),
    extensions: new Table<DeadlineExtensionRow>({
      name: "client_bank.deadline_extensions",
      keyOf: ({ paymentId, deadline }) => `${paymentId} ${deadline}`,
      primaryKey: "deadline_extensions_pkey",
    }),
    otherIds: new Table<OtherId>({
      name: "client_bank.other_ids",
      keyOf: ({ id }) => id,
      primaryKey: "other_ids_pkey",
    }),
    entries: ledgerEntries("client_bank", ["capture", "return"]),
  };
}

function moneyFitsState(row: PaymentRecord): boolean {
  const { state, declineReason, capturedAmount, givenBackAmount, refundedAmount } = row;
  const isCanceled = declineReason === "PAYMENT_CANCELED" || declineReason === "AUTHORIZATION_EXPIRED";
  switch (state) {
    case "AUTHORIZED":
      return declineReason === null && capturedAmount === 0n && givenBackAmount === 0n && refundedAmount === 0n;
    case "CANCELED":
      return isCanceled && capturedAmount === 0n && givenBackAmount === 0n && refundedAmount === 0n;
    case "PENDING":
      return givenBackAmount === 0n && refundedAmount === 0n && (declineReason === null) === capturedAmount > 0n;
    case "SUCCEEDED":
      return (
        declineReason === null &&
        capturedAmount > 0n &&
        givenBackAmount === 0n &&
        refundedAmount >= 0n &&
        refundedAmount < capturedAmount
      );
    case "DECLINED":
      return declineReason !== null && !isCanceled && givenBackAmount === capturedAmount && refundedAmount === 0n;
    case "REFUNDED":
      return (
        declineReason === null && capturedAmount > 0n && givenBackAmount === 0n && refundedAmount === capturedAmount
      );
  }
}
