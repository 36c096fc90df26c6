/** What must hold after every round, with everything back: each is checked against what callers asked for and were told. */
import { DECLINE_REASONS, publicReasonOf } from "../../dist/shared/decline.js";
import { wrongWithAnnouncements } from "./announcements.js";
import { checkEndpoints } from "./endpoint-check.js";
import { runOperatorCommand } from "./operator-command.js";
import { checkPayouts } from "./payout-check.js";
import {
  type AskedPayment,
  type AskedRefund,
  REUSED,
  type RequestBook,
  type Violation,
  verdictOf,
} from "./request-book.js";
import type { System } from "./system.js";

/** A payment as both banks' tables and ledgers have it. */
export interface RecordedPayment {
  readonly id: string;
  readonly merchantId: string;
  readonly requestId: string;
  readonly currency: string;
  readonly amount: string;
  readonly state: string;
  /** As merchants are told it. */
  readonly reason: string | null;
  /** The payment that stands under the request_id, where this one does not. */
  readonly standingId: string | null;
  /** Movements in the ledgers: how often, and how much in all. */
  readonly captures: number;
  readonly captured: string;
  readonly returns: number;
  readonly returned: string;
  readonly credits: number;
  readonly credited: string;
}

export interface RecordedRefund {
  readonly id: string;
  readonly paymentId: string;
  readonly requestId: string;
  readonly amount: string | null;
  readonly state: string;
  readonly reason: string | null;
  readonly standingId: string | null;
  readonly credits: number;
  readonly credited: string;
  readonly debits: number;
  readonly debited: string;
}

/** Everything that is wrong; empty when the round held. */
export async function checkInvariants(system: System, book: RequestBook): Promise<Violation[]> {
  const violations = [...(await checkPayments(system, book)), ...(await checkRefunds(system, book))];
  const requests = [...book.payments, ...book.refunds, ...book.rivals];
  violations.push(...wrongWithAnnouncements(system.receiver.announced, requests));
  violations.push(...(await checkPayouts(system, book)), ...(await checkEndpoints(system, book)));
  const { code, out, err } = await runOperatorCommand(system, "verify-money");
  if (code !== 0) violations.push({ what: `verify-money ends with ${code}:\n${out}${err}`, paymentId: undefined });
  return violations;
}

/** The reasons that only the bank has, as merchants are told them. */
const PUBLIC_REASON = `CASE ${DECLINE_REASONS.map(
  (reason) => `WHEN p.decline_reason = '${reason}' THEN '${publicReasonOf(reason)}'`,
).join(" ")} END`;

/** What stands under a request_id is in one place; each of its rivals, which differ by their amount, in another. */
function placeOfRow(row: Pick<RecordedRefund, "requestId" | "standingId" | "amount">): string {
  return row.standingId === null ? row.requestId : `${row.requestId} for ${row.amount}`;
}

function placeOf({ call }: AskedPayment | AskedRefund, isRival: boolean): string {
  return isRival ? `${call.requestId} for ${call.amount?.minorUnits}` : call.requestId;
}

/** Of a request that is not recorded; a rival is asked for once, and like one that was abandoned may have reached nobody. */
function lost({ id, final, abandoned }: AskedPayment | AskedRefund, isRival: boolean): string[] {
  if (id !== undefined || final !== undefined) return ["was accepted and is lost"];
  return isRival || abandoned === true ? [] : ["was never answered, nor recorded"];
}

/** Nobody was told the id of a request whose answer was lost, nor is a rival that is refused told its own. */
function isOther(row: { readonly id: string }, { id }: AskedPayment | AskedRefund): boolean {
  return id !== undefined && row.id !== id;
}

async function checkPayments(system: System, book: RequestBook): Promise<Violation[]> {
  const rows = await system.query<RecordedPayment>(
    `WITH client_side AS (
       SELECT payment_id, count(*) FILTER (WHERE kind = 'capture') AS captures,
              -sum(amount) FILTER (WHERE kind = 'capture') AS captured,
              count(*) FILTER (WHERE kind = 'return') AS returns, sum(amount) FILTER (WHERE kind = 'return') AS returned
       FROM client_bank.ledger_entries WHERE account <> 'clearing' GROUP BY payment_id
     ), merchant_side AS (
       SELECT payment_id, count(*) AS credits, sum(amount) AS credited
       FROM merchant_bank.ledger_entries WHERE account <> 'clearing' AND kind = 'settlement' GROUP BY payment_id
     )
     SELECT p.id, p.merchant_id AS "merchantId", p.request_id AS "requestId", p.currency, p.amount::text, p.state,
            CASE WHEN p.state <> 'CANCELED' THEN ${PUBLIC_REASON} END AS reason, p.standing_id AS "standingId", coalesce(c.captures, 0)::int AS captures, coalesce(captured, 0)::text AS captured,
            coalesce(c.returns, 0)::int AS returns, coalesce(returned, 0)::text AS returned,
            coalesce(m.credits, 0)::int AS credits, coalesce(credited, 0)::text AS credited
     FROM client_bank.payments p LEFT JOIN client_side c ON c.payment_id = p.id
     LEFT JOIN merchant_side m ON m.payment_id = p.id`,
  );
  const recorded = Map.groupBy(rows, placeOfRow);
  const rivals = book.rivals.flatMap((rival) => ("verdicts" in rival ? [rival] : []));
  const violations = [...book.payments, ...rivals].flatMap((asked) => {
    const place = placeOf(asked, rivals.includes(asked));
    const own = recorded.get(place) ?? [];
    recorded.delete(place);
    return wrongWithPayment(asked, own).map((what) => ({
      what: `${asked.call.requestId}, ${asked.kind}: ${what}`,
      paymentId: asked.id,
    }));
  });
  for (const [requestId, own] of recorded) {
    violations.push({ what: `nobody asked for ${requestId}`, paymentId: own[0]?.id });
  }
  return violations;
}

/** What one payment's rows and entries have against what was asked and told; empty when they agree. */
export function wrongWithPayment(asked: AskedPayment, recorded: readonly RecordedPayment[]): string[] {
  const [row] = recorded;
  if (row === undefined) return lost(asked, asked.verdicts.includes(REUSED));
  if (recorded.length > 1) return [`is recorded ${recorded.length} times: ${recorded.map(({ id }) => id).join(", ")}`];
  const { merchantId, amount } = asked.call;
  const verdict = verdictOf(row);
  const wrong: string[] = [];
  if (isOther(row, asked)) wrong.push(`its caller was told the id ${asked.id}, and it is ${row.id}`);
  if (row.merchantId !== merchantId || row.currency !== amount.currencyCode || row.amount !== `${amount.minorUnits}`) {
    wrong.push(`it is recorded as ${row.amount} ${row.currency} to ${row.merchantId}, and was asked otherwise`);
  }
  if (!asked.verdicts.includes(verdict)) wrong.push(`it ended as ${verdict}, which is none of ${asked.verdicts}`);
  if (asked.final !== undefined && verdictOf(asked.final) !== verdict) {
    wrong.push(`its caller was told ${verdictOf(asked.final)}, and the books have ${verdict}`);
  }
  // By the ledgers: taken once, reversed as often as taken when it was declined, credited once when it was not.
  const succeeded = verdict === "SUCCEEDED";
  const planned = asked.plan?.minorUnits?.toString() ?? row.amount;
  const taken = row.captures === 1 ? planned : "0";
  if (verdict === "SUCCEEDED" && asked.plan !== undefined && asked.plan.action !== "capture") {
    wrong.push(`it was captured, and its merchant meant to ${asked.plan.action} it`);
  }
  if (row.captures > 1 || (succeeded && row.captures !== 1)) wrong.push(`the client was debited ${row.captures} times`);
  if (row.captured !== taken) wrong.push(`the client was debited ${row.captured}`);
  if (row.returns !== (succeeded ? 0 : row.captures)) wrong.push(`the debit was reversed ${row.returns} times`);
  if (row.returned !== (succeeded ? "0" : taken)) wrong.push(`the debit was reversed by ${row.returned}`);
  if (row.credits !== (succeeded ? 1 : 0)) wrong.push(`the merchant was credited ${row.credits} times`);
  if (row.credited !== (succeeded ? planned : "0")) wrong.push(`the merchant was credited ${row.credited}`);
  return wrong;
}

async function checkRefunds(system: System, book: RequestBook): Promise<Violation[]> {
  const rows = await system.query<RecordedRefund>(
    `WITH client_side AS (
       SELECT refund_id, count(*) AS credits, sum(amount) AS credited
       FROM client_bank.ledger_entries WHERE account <> 'clearing' AND kind = 'refund' GROUP BY refund_id
     ), merchant_side AS (
       SELECT refund_id, count(*) AS debits, -sum(amount) AS debited
       FROM merchant_bank.ledger_entries WHERE account <> 'clearing' AND kind = 'refund' GROUP BY refund_id
     )
     SELECT r.id, r.payment_id AS "paymentId", r.request_id AS "requestId", r.amount::text, r.state,
            r.decline_reason AS reason, r.standing_id AS "standingId", coalesce(c.credits, 0)::int AS credits, coalesce(credited, 0)::text AS credited,
            coalesce(m.debits, 0)::int AS debits, coalesce(debited, 0)::text AS debited
     FROM client_bank.refunds r LEFT JOIN client_side c ON c.refund_id = r.id
     LEFT JOIN merchant_side m ON m.refund_id = r.id`,
  );
  const recorded = Map.groupBy(rows, placeOfRow);
  const rivals = book.rivals.flatMap((rival) => ("verdicts" in rival ? [] : [rival]));
  const violations = [...book.refunds, ...rivals].flatMap((asked) => {
    const place = placeOf(asked, rivals.includes(asked));
    const own = recorded.get(place) ?? [];
    recorded.delete(place);
    const { requestId, paymentId } = asked.call;
    return wrongWithRefund(asked, own, rivals.includes(asked)).map((what) => ({
      what: `refund ${requestId}: ${what}`,
      paymentId,
    }));
  });
  for (const [requestId, own] of recorded) {
    violations.push({ what: `nobody asked for the refund ${requestId}`, paymentId: own[0]?.paymentId as string });
  }
  return violations;
}

/** The same of a refund. */
export function wrongWithRefund(asked: AskedRefund, recorded: readonly RecordedRefund[], isRival = false): string[] {
  const [row] = recorded;
  if (row === undefined) return lost(asked, isRival);
  if (recorded.length > 1) return [`is recorded ${recorded.length} times`];
  const { paymentId, amount } = asked.call;
  const wrong: string[] = [];
  const verdict = verdictOf(row);
  if (isOther(row, asked)) wrong.push(`its caller was told the id ${asked.id}, and it is ${row.id}`);
  if ((verdict === REUSED) !== isRival) wrong.push(`it ended as ${verdict}`);
  if (row.paymentId !== paymentId) wrong.push(`it is of ${row.paymentId}, and was asked of ${paymentId}`);
  if (amount !== undefined && row.amount !== `${amount.minorUnits}`) wrong.push(`it refunds ${row.amount}`);
  if (asked.final !== undefined && verdictOf(asked.final) !== verdict) {
    wrong.push(`its caller was told ${verdictOf(asked.final)}, and the books have ${verdict}`);
  }
  const times = verdict === "SUCCEEDED" ? 1 : 0;
  const moved = verdict === "SUCCEEDED" ? row.amount : "0";
  if (row.credits !== times || row.credited !== moved)
    wrong.push(`the client got ${row.credited} in ${row.credits} entries`);
  if (row.debits !== times || row.debited !== moved)
    wrong.push(`the merchant gave ${row.debited} in ${row.debits} entries`);
  return wrong;
}
