import { expect } from "chai";
import { findExpiredHolds } from "../../dist/client-bank/operations/find-expired-holds.js";
import { findScanEnd } from "../../dist/client-bank/operations/find-scan-end.js";
import { getPayments } from "../../dist/client-bank/operations/get-payments.js";
import { listPayments, PAYMENTS } from "../../dist/client-bank/operations/list-payments.js";
import { listRefunds } from "../../dist/client-bank/operations/list-refunds.js";
import { capturePayments } from "../../dist/client-bank/step-3-capture.js";
import { finishCycle } from "../../dist/client-bank/step-5b-finish.js";
import { concludeOrders } from "../../dist/client-bank/step-h2-conclude.js";
import { expireHolds } from "../../dist/client-bank/step-h3-expire.js";
import { creditRefunds } from "../../dist/client-bank/step-r3-credit.js";
import { settlePayments } from "../../dist/merchant-bank/step-4-settle.js";
import { debitRefunds, refundResult } from "../../dist/merchant-bank/step-r2-debit.js";
import { claimEmails } from "../../dist/notification/channel/email/operations/claim-emails.js";
import { insertEmails } from "../../dist/notification/channel/email/operations/insert-emails.js";
import { recordEmailResult } from "../../dist/notification/channel/email/operations/record-email-result.js";
import type { ComposedNotification } from "../../dist/notification/compose-notification.js";
import { changeEndpoint } from "../../dist/notification/operations/change-endpoint.js";
import { claimDeliveries } from "../../dist/notification/operations/claim-deliveries.js";
import { claimWebhooks } from "../../dist/notification/operations/claim-webhooks.js";
import { disableEndpoint } from "../../dist/notification/operations/disable-endpoint.js";
import { findDeliveries, listAttempts, requeueEvent } from "../../dist/notification/operations/find-deliveries.js";
import {
  findEndpoint,
  findEndpointOfRequest,
  listEndpoints,
} from "../../dist/notification/operations/find-endpoints.js";
import { findEvent, listEvents } from "../../dist/notification/operations/find-events.js";
import { insertEndpoint } from "../../dist/notification/operations/insert-endpoint.js";
import { insertNotifications } from "../../dist/notification/operations/insert-notifications.js";
import { listDueEndpoints } from "../../dist/notification/operations/list-due-endpoints.js";
import { recordAttempts } from "../../dist/notification/operations/record-attempts.js";
import { recordDeliveries } from "../../dist/notification/operations/record-deliveries.js";
import { insertSecret } from "../../dist/notification/operations/webhook-secrets.js";
import { type Database, openDatabase, type Session, type Transaction } from "../../dist/platform/database.js";
import type { ValidationResultMessage } from "../../dist/shared/messages.js";
import {
  bankResult,
  nextPaymentId,
  prepareBanks,
  refundOf,
  someClient,
  transactionResult,
  validationResult,
} from "../operator/banks-for-tests.js";
import { captureLog } from "../support/captured-log.js";
import { useDatabase } from "../support/database-for-tests.js";

type Role = "client_bank" | "merchant_bank" | "notification";

/** Copies of one row that are put beside it: by table, and what differs in each, by its number `n`. */
const COPIES: Readonly<Record<string, string>> = {
  "client_bank.clients": "'id', 'copy-' || n, 'card_fingerprint', 'copy-' || n",
  "client_bank.payments": `'id', 'pay_copy' || n, 'merchant_id', 'm-' || n % 50, 'request_id', 'copy-' || n,
    'accept_time', base.accept_time - n * interval '1 second', 'capture_time', base.capture_time - n * interval '1 second',
    'client_reference', 'order-' || n % 500`,
  "client_bank.ledger_entries": "'payment_id', 'pay_copy' || n",
  "client_bank.refunds": `'id', 'ref_copy' || n, 'payment_id', 'pay_copy' || n, 'merchant_id', 'm-' || n % 50,
    'request_id', 'copy-' || n, 'accept_time', base.accept_time - n * interval '1 second',
    'client_reference', 'return-' || n % 500`,
  "client_bank.other_ids": "'id', 'pay_other' || n, 'recorded_as', 'pay_copy' || n",
  "merchant_bank.merchants": "'id', 'copy-' || n",
  "merchant_bank.receipts": "'payment_id', 'pay_copy' || n",
  "merchant_bank.ledger_entries": "'payment_id', 'pay_copy' || n",
  "merchant_bank.refunds": "'id', 'ref_copy' || n, 'payment_id', 'pay_copy' || n, 'request_id', 'copy-' || n",
  "notification.notifications": `'id', n + 1000000, 'payment_id', 'pay_copy' || n,
    'state', CASE n % 2 WHEN 0 THEN 'failed' ELSE 'sent' END, 'sent_time', CASE n % 2 WHEN 1 THEN base.sent_time END,
    'next_attempt_time', CASE n % 2 WHEN 0 THEN base.sent_time + n * interval '1 second' END`,
  "notification.emails": `'id', n + 1000000, 'about', 'copy-' || n, 'merchant_id', 'm-' || n % 50, 'state', 'failed',
    'next_attempt_time', base.create_time + n * interval '1 second'`,
  "notification.webhook_endpoints": "'id', 'we_' || n, 'merchant_id', 'm-' || n, 'request_id', 'r-' || n",
  "notification.webhook_secrets": "'endpoint_id', 'we_' || n",
  "notification.events": `'id', 'evt_' || n, 'merchant_id', 'm-' || n % 50, 'payment_id', 'pay_copy' || n,
    'create_time', base.create_time - n * interval '1 second'`,
  "notification.webhook_deliveries": `'event_id', 'evt_' || n, 'endpoint_id', 'we_' || n % 50`,
  "notification.webhook_attempts": `'event_id', 'evt_' || n, 'endpoint_id', 'we_' || n % 50`,
};

/** By which indexes each statement finds its rows. A table that is read from end to end would be named `all of …`. */
const READS: Readonly<Record<string, readonly string[]>> = {
  "client_bank lock-clients": ["clients_card_fingerprint", "clients_former_card_fingerprint"],
  "client_bank find-payments": ["payments_pkey", "payments_request"],
  "client_bank record-captures": ["clearing_accounts_pkey", "clients_pkey"],
  "client_bank record-other-ids": [],
  "client_bank lock-held-payments": ["other_ids_pkey", "payments_pkey"],
  "client_bank find-other-ids": ["other_ids_pkey"],
  "client_bank conclude-holds": ["clearing_accounts_pkey", "clients_pkey", "payments_pkey"],
  "client_bank find-expired-holds": ["payments_hold_expire_time"],
  "client_bank tell-again-later": ["payments_pkey"],
  "client_bank lock-payments": ["payments_pkey"],
  "client_bank finish-payments": ["payments_pkey"],
  "client_bank give-back": ["clearing_accounts_pkey", "clients_pkey"],
  "client_bank find-refunds": ["other_ids_pkey", "refunds_pkey"],
  "client_bank record-refunds": ["clearing_accounts_pkey", "clients_pkey", "payments_pkey", "refunds_pkey"],
  "client_bank get-payments": ["other_ids_pkey", "payments_pkey"],
  "client_bank list-payments": ["payments_by_time"],
  "client_bank list-payments-after": ["payments_by_time"],
  "client_bank list-payments-after-oldest-first": ["payments_by_time"],
  "client_bank list-payments-between-after": ["payments_by_time"],
  "client_bank list-payments-reference": ["payments_reference"],
  "client_bank list-payments-state-card": ["payments_by_time"],
  "client_bank list-payments-end": ["payments_by_time"],
  "client_bank list-payments-request": ["payments_request", "payments_reused"],
  "client_bank list-payments-request-standing": ["payments_request"],
  "client_bank list-refunds": ["refunds_by_time"],
  "client_bank list-refunds-after": ["refunds_by_time"],
  "client_bank list-refunds-reference": ["refunds_reference"],
  "client_bank list-refunds-state": ["refunds_by_time"],
  "client_bank list-refunds-payment": ["refunds_payment"],
  "client_bank list-refunds-request": ["refunds_request", "refunds_reused"],
  "merchant_bank lock-merchants": ["merchants_pkey"],
  "merchant_bank find-receipts": ["receipts_pkey"],
  "merchant_bank record-settlements": ["clearing_accounts_pkey", "merchants_pkey"],
  "merchant_bank lock-receipts": ["receipts_pkey"],
  "merchant_bank find-refunds": ["refunds_pkey", "refunds_request"],
  "merchant_bank record-refunds": ["clearing_accounts_pkey", "merchants_pkey", "receipts_pkey"],
  "notification insert-notifications": [
    ...["events_pkey", "merchant_settings_pkey", "notifications_once", "webhook_endpoints_places"],
  ],
  "notification claim-webhooks": ["notifications_due", "notifications_pkey"],
  "notification record-attempts": ["notifications_pkey"],
  "notification list-due-endpoints": ["webhook_deliveries_queue", "webhook_endpoints_pkey"],
  "notification claim-deliveries": [
    ...["events_pkey", "webhook_deliveries_event_id_endpoint_id_pk", "webhook_deliveries_queue"],
    ...["webhook_endpoints_pkey", "webhook_secrets_endpoint_id_number_pk"],
  ],
  "notification record-deliveries": ["webhook_deliveries_event_id_endpoint_id_pk", "webhook_endpoints_pkey"],
  "notification disable-endpoint": ["webhook_endpoints_pkey", "webhook_secrets_endpoint_id_number_pk"],
  "notification claim-emails": ["emails_due", "emails_pkey"],
  "notification record-email-result": ["emails_pkey", "refused_addresses_pkey"],
  "notification insert-endpoint": ["webhook_endpoints_places", "webhook_secrets_endpoint_id_number_pk"],
  "notification find-endpoint": ["webhook_endpoints_places", "webhook_secrets_endpoint_id_number_pk"],
  "notification find-endpoint-of-request": ["webhook_endpoints_places", "webhook_secrets_endpoint_id_number_pk"],
  "notification list-endpoints": ["webhook_endpoints_places", "webhook_secrets_endpoint_id_number_pk"],
  "notification change-endpoint": ["webhook_endpoints_places", "webhook_secrets_endpoint_id_number_pk"],
  "notification end-secrets": ["webhook_secrets_endpoint_id_number_pk"],
  "notification insert-secret": ["webhook_secrets_endpoint_id_number_pk"],
  "notification find-event": ["events_pkey"],
  "notification list-events": ["events_by_time"],
  "notification list-events-after": ["events_by_time"],
  "notification list-events-payment": ["events_payment"],
  "notification find-deliveries": ["webhook_deliveries_event_id_endpoint_id_pk"],
  "notification requeue-event": [
    ...["events_pkey", "webhook_deliveries_event_id_endpoint_id_pk", "webhook_endpoints_places"],
  ],
  "notification list-attempts": ["webhook_attempts_event_id_endpoint_id_number_pk"],
};

interface Plan {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Conflict Arbiter Indexes"?: readonly string[];
  readonly Plans?: readonly Plan[];
}

describe("What PostgreSQL reads for a payment when many are on file", function () {
  this.timeout(60_000);
  const databases = new Map<Role, Database>();
  after(() => Promise.all([...databases.values()].map((database) => database.close())));
  const superuser = useDatabase({ prepare: prepareBanks });
  /** The texts that the services sent, by role and name. */
  const sent = new Map<string, string>();

  /** A session that notes the statements of a role on their way. */
  function noting<S extends Session>(role: Role, session: S): S {
    const query: Session["query"] = (statement) => {
      if (typeof statement !== "string") sent.set(`${role} ${statement.name}`, statement.text);
      return session.query(statement);
    };
    return Object.assign(Object.create(session), { query, commit: () => (session as unknown as Transaction).commit() });
  }
  const transaction = <T>(role: Role, work: (transaction: Transaction) => Promise<T>) =>
    (databases.get(role) as Database).transaction((session) => work(noting(role, session)));
  const read = <T>(role: Role, work: (session: Session) => Promise<T>) =>
    (databases.get(role) as Database).autoCommit((session) => work(noting(role, session)));

  before(async () => {
    for (const role of ["client_bank", "merchant_bank", "notification"] as const) {
      databases.set(
        role,
        openDatabase({ url: superuser().urlOf(role), poolSize: 1, service: role, log: captureLog().log }),
      );
    }
    await pay();
    for (const [table, changes] of Object.entries(COPIES)) {
      await superuser().query(
        `INSERT INTO ${table} OVERRIDING SYSTEM VALUE
         SELECT copy.* FROM (SELECT * FROM ${table} LIMIT 1) AS base CROSS JOIN generate_series(1, 3000) AS n
         CROSS JOIN LATERAL jsonb_populate_record(base::${table}, jsonb_build_object(${changes})) AS copy`,
      );
      await superuser().query(`ANALYZE ${table}`);
    }
  });

  const now = () => Date.now();

  /** Two requests: one is reported under two ids and reversed, and the other one's merchant is closed. */
  async function pay(): Promise<void> {
    const payment = validationResult(someClient(0));
    const again = { ...payment, paymentId: nextPaymentId(), alternateIds: [payment.paymentId] };
    const refused = validationResult(someClient(1));
    const settled = [payment, refused].map((message) => transactionResult(message));
    Object.assign(settled[1] as object, { declineReason: "MERCHANT_CLOSED", declinedBy: "merchant-bank" });
    await transaction("client_bank", (session) => capturePayments(session, [payment, refused], now));
    await transaction("client_bank", (session) => capturePayments(session, [again], now));
    await transaction("merchant_bank", (session) => settlePayments(session, [bankResult(payment)], now));
    await transaction("client_bank", (session) => finishCycle(session, settled, now));
    await hold();
    const refund = refundOf(payment, "10");
    const { decisions, receipts } = await transaction("merchant_bank", (session) =>
      debitRefunds(session, [refund], now),
    );
    const results = decisions.flatMap((decision) =>
      decision.outcome === "recorded" ? [refundResult(decision.refund, receipts.get(payment.paymentId))] : [],
    );
    await transaction("client_bank", (session) => creditRefunds(session, results, now));
    await deliver(payment.paymentId);
    const claimed = await read("notification", (session) => claimWebhooks(session, { limit: 8, leaseMs: 1_000 }));
    await read("notification", (session) =>
      recordAttempts(
        session,
        claimed.map((one) => ({ ...one, state: "sent" })),
      ),
    );
    await read("client_bank", (session) => getPayments(session, [payment.paymentId]));
    const { merchantId, requestId, acceptTime, paymentId } = payment;
    const page = { merchantId, pageSize: 50 };
    const after = { acceptTime, id: paymentId };
    await read("client_bank", (session) => listPayments(session, page));
    await read("client_bank", (session) => listPayments(session, { ...page, after }));
    await read("client_bank", (session) => listPayments(session, { ...page, requestId }));
    await read("client_bank", (session) => listPayments(session, { ...page, requestId, standing: true }));
    await read("client_bank", (session) => listPayments(session, { ...page, after, oldestFirst: true }));
    await read("client_bank", (session) => listPayments(session, { ...page, from: acceptTime, after }));
    await read("client_bank", (session) => listPayments(session, { ...page, clientReference: "order" }));
    const scanned = { ...page, state: "DECLINED", lastFour: "0007" };
    await read("client_bank", (session) => listPayments(session, scanned));
    await read("client_bank", (session) => findScanEnd(session, PAYMENTS, scanned));
    await read("client_bank", (session) => listRefunds(session, { ...page, clientReference: "order" }));
    await read("client_bank", (session) => listRefunds(session, { ...page, state: "DECLINED" }));
    await read("client_bank", (session) => listRefunds(session, page));
    await read("client_bank", (session) => listRefunds(session, { ...page, after }));
    await read("client_bank", (session) => listRefunds(session, { ...page, paymentId }));
    await read("client_bank", (session) => listRefunds(session, { ...page, requestId }));
  }

  /** Two holds: one is captured, and one is found expired, released, and told again. */
  async function hold(): Promise<void> {
    const held = [2, 3].map((place) => validationResult(someClient(place), { capture: "manual" }));
    const [captured, expiring] = held as [ValidationResultMessage, ValidationResultMessage];
    await transaction("client_bank", (session) => capturePayments(session, held, now));
    const time = new Date(now()).toISOString();
    const order = { version: 1, action: "capture", acceptTime: time, recordBy: time } as const;
    const { paymentId, merchantId } = captured;
    await transaction("client_bank", (session) => concludeOrders(session, [{ ...order, paymentId, merchantId }], now));
    for (const days of [8, 9]) {
      const later = () => now() + days * 86_400_000;
      const due = await read("client_bank", (session) => findExpiredHolds(session, new Date(later())));
      expect(due).to.deep.equal([expiring.paymentId]);
      await transaction("client_bank", (session) => expireHolds(session, due, later));
    }
  }

  /** A payment that is told on the log and by an endpoint, and all that its merchant may ask about it. */
  async function deliver(paymentId: string): Promise<void> {
    const merchantId = "m-told";
    const endpoint = { id: "we_told", merchantId, requestId: "r", url: "https://example.com/", description: "" };
    const owner = { merchantId, id: endpoint.id };
    await read("notification", (session) => insertEndpoint(session, { ...endpoint, eventTypes: [] }));
    const secret = { sealed: "sealed", keyId: "k1" };
    await transaction("notification", (session) =>
      insertSecret(session, { endpointId: endpoint.id, secret, keepFormerMs: 0 }),
    );
    const trace = { traceparent: null, tracestate: null };
    const event = {
      id: "evt_told",
      merchantId,
      type: "payment.succeeded",
      paymentId,
      refundId: "",
      payload: "{}",
    } as const;
    await read("notification", (session) =>
      insertNotifications(session, {
        notifications: [webhookOf(paymentId)],
        events: [{ ...event, ...trace }],
        merchants: [merchantId],
      }),
    );
    const text = { templateName: "payment-succeeded", templateVersion: 1, language: "en", subject: "s", body: "b" };
    const email = { about: "told", merchantId, address: "a@shop.example", ...text, htmlBody: null, traceId: null };
    // Not noted: the refusals that it looks through are few in a test.
    await (databases.get("notification") as Database).autoCommit((session) =>
      insertEmails(session, [email], { maximumWaiting: 1_000 }),
    );
    const [taken] = await read("notification", (session) => claimEmails(session, { limit: 4, leaseMs: 1_000 }));
    await read("notification", (session) =>
      recordEmailResult(session, {
        ...{ id: taken?.id ?? 0n, attempt: taken?.attempt ?? 0, state: "gave-up", error: "SMTP status 550" },
        refusedAddress: email.address,
      }),
    );
    await read("notification", (session) => listDueEndpoints(session, ""));
    const rooms = [{ endpointId: endpoint.id, places: 8 }];
    const claimed = await read("notification", (session) =>
      claimDeliveries(session, { rooms, limit: 8, leaseMs: 1_000 }),
    );
    expect(claimed).to.have.length(1);
    await read("notification", (session) =>
      recordDeliveries(
        session,
        claimed.map(({ eventId, endpointId, attempt }) => ({
          ...{ eventId, endpointId, attempt, state: "failed", attemptTimeMs: Date.now(), latencyMs: 5, status: 500 },
          ...{ error: "HTTP status 500", nextDelayMs: 1_000, isGone: false },
        })),
        60_000,
      ),
    );
    const failed = { ...owner, reason: "failing" } as const;
    await read("notification", (session) => disableEndpoint(session, failed, 60_000));
    await read("notification", (session) => findEndpoint(session, owner));
    await read("notification", (session) => findEndpointOfRequest(session, { merchantId, requestId: "r" }));
    await read("notification", (session) => listEndpoints(session, merchantId));
    const nothing = { url: null, description: null, eventTypes: null, state: null };
    await read("notification", (session) => changeEndpoint(session, { ...owner, ...nothing }));
    await read("notification", (session) => findEvent(session, { merchantId, id: event.id }));
    const after = { createTime: new Date(), id: event.id };
    await read("notification", (session) => listEvents(session, { merchantId, limit: 50 }));
    await read("notification", (session) => listEvents(session, { merchantId, limit: 50, after }));
    await read("notification", (session) => listEvents(session, { merchantId, limit: 50, paymentId }));
    await read("notification", (session) => findDeliveries(session, event.id));
    await read("notification", (session) => requeueEvent(session, { eventId: event.id, endpointId: null }));
    await read("notification", (session) => listAttempts(session, { eventId: event.id, limit: 50 }));
  }

  it("is found by an index, whatever the statement", async () => {
    const reads: Record<string, readonly string[]> = {};
    for (const [name, text] of sent) {
      // The plan that a prepared statement keeps, whatever its values.
      const [row] = await superuser().query<{ plans: readonly { Plan: Plan }[] }>(
        `EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${text}`,
      );
      const [explained] = Object.values(row ?? {})[0] as readonly { Plan: Plan }[];
      reads[name] = [...new Set(placesOf((explained as { Plan: Plan }).Plan))].sort();
    }
    expect(reads).to.deep.equal(READS);
  });
});

function placesOf(plan: Plan): string[] {
  const own = plan["Node Type"] === "Seq Scan" ? [`all of ${plan["Relation Name"]}`] : [];
  const index = plan["Index Name"] === undefined ? [] : [plan["Index Name"]];
  return [...own, ...index, ...(plan["Conflict Arbiter Indexes"] ?? []), ...(plan.Plans ?? []).flatMap(placesOf)];
}

function webhookOf(paymentId: string): ComposedNotification {
  return {
    paymentId,
    refundId: "",
    templateName: "payment-succeeded",
    channel: "webhook",
    language: "en",
    templateVersion: 1,
    subject: "subject",
    body: "body",
    payload: "{}",
    traceId: null,
    traceparent: null,
    tracestate: null,
  };
}
