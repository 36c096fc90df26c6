/** The one statement that tells whether the books agree; docs/operating/books.md explains it and shows the same text. */

/** A line of its answer. */
export interface BooksLine {
  readonly check: string;
  /** How many payments, accounts or currencies were looked at. */
  readonly checked: bigint;
  /** How many of them are wrong: 0 when the books agree. */
  readonly wrong: bigint;
  /** One that is wrong; for the last check the sums of each currency, in minor units. */
  readonly detail: string | null;
}

/**
 * Run by the operator's role, which sees both banks, at any moment: a single statement sees one state of the whole
 * database, and nothing it reads is ever half done.
 */
export const BOOKS_STATEMENT = `\
WITH client_side AS (
  SELECT payment_id, count(DISTINCT currency) AS currencies, min(currency) AS currency, sum(amount) AS total,
         min(account) FILTER (WHERE account <> 'clearing') AS account,
         count(DISTINCT account) FILTER (WHERE account <> 'clearing') AS accounts,
         coalesce(sum(amount) FILTER (WHERE kind = 'capture' AND account = 'clearing'), 0) AS captured,
         coalesce(-sum(amount) FILTER (WHERE kind = 'return' AND account = 'clearing'), 0) AS given_back,
         coalesce(-sum(amount) FILTER (WHERE kind = 'refund' AND account = 'clearing'), 0) AS refunded
  FROM client_bank.ledger_entries WHERE kind NOT IN ('top-up', 'pay-out') GROUP BY payment_id
), merchant_side AS (
  SELECT payment_id, count(DISTINCT currency) AS currencies, min(currency) AS currency, sum(amount) AS total,
         min(account) FILTER (WHERE account <> 'clearing') AS account,
         count(DISTINCT account) FILTER (WHERE account <> 'clearing') AS accounts,
         coalesce(-sum(amount) FILTER (WHERE kind = 'settlement' AND account = 'clearing'), 0) AS credited,
         coalesce(sum(amount) FILTER (WHERE kind = 'refund' AND account = 'clearing'), 0) AS refunded
  FROM merchant_bank.ledger_entries WHERE kind NOT IN ('top-up', 'pay-out') GROUP BY payment_id
), client_refunds AS (
  SELECT refund_id, min(payment_id) AS payment_id, min(currency) AS currency, sum(amount) AS total,
         coalesce(-sum(amount) FILTER (WHERE account = 'clearing'), 0) AS amount
  FROM client_bank.ledger_entries WHERE refund_id <> '' GROUP BY refund_id
), merchant_refunds AS (
  SELECT refund_id, min(payment_id) AS payment_id, min(currency) AS currency, sum(amount) AS total,
         coalesce(sum(amount) FILTER (WHERE account = 'clearing'), 0) AS amount
  FROM merchant_bank.ledger_entries WHERE refund_id <> '' GROUP BY refund_id
), client_accounts AS (
  SELECT id AS account, currency, opening_balance, balance FROM client_bank.clients
  UNION ALL SELECT 'clearing', currency, 0, balance FROM client_bank.clearing_accounts
), client_holds AS (
  -- An authorised payment is not debited: its account holds the money, which nobody else can spend.
  SELECT client_id AS account, currency, sum(amount) AS held
  FROM client_bank.payments WHERE hold_expire_time IS NOT NULL AND state = 'AUTHORIZED' GROUP BY client_id, currency
), client_entries AS (
  SELECT account, currency, sum(amount) AS total FROM client_bank.ledger_entries
  WHERE account <> 'funding' GROUP BY account, currency
), merchant_accounts AS (
  SELECT id AS account, currency, opening_balance, balance FROM merchant_bank.merchants
  UNION ALL SELECT 'clearing', currency, 0, balance FROM merchant_bank.clearing_accounts
), merchant_entries AS (
  SELECT account, currency, sum(amount) AS total FROM merchant_bank.ledger_entries
  WHERE account <> 'funding' GROUP BY account, currency
), movements_outside AS (
  SELECT 'client' AS bank, payment_id AS id, sum(amount) AS total, count(DISTINCT currency) AS currencies,
         count(*) FILTER (WHERE account = 'funding') AS fundings, count(*) AS entries
  FROM client_bank.ledger_entries WHERE kind IN ('top-up', 'pay-out') GROUP BY payment_id
  UNION ALL
  SELECT 'merchant', payment_id, sum(amount), count(DISTINCT currency), count(*) FILTER (WHERE account = 'funding'),
         count(*)
  FROM merchant_bank.ledger_entries WHERE kind IN ('top-up', 'pay-out') GROUP BY payment_id
), sums AS (
  SELECT currency, sum(captured) AS captured, sum(given_back) AS given_back, sum(credited) AS credited,
         sum(in_flight) AS in_flight
  FROM (
    SELECT currency, captured, given_back + refunded AS given_back, 0 AS credited, 0 AS in_flight FROM client_side
    UNION ALL SELECT currency, 0, 0, credited - refunded, 0 FROM merchant_side
    -- In flight: captured, not final, and not credited yet.
    UNION ALL
    SELECT p.currency, 0, 0, 0, p.captured_amount
    FROM client_bank.payments p LEFT JOIN merchant_bank.receipts r ON r.payment_id = p.id AND r.outcome = 'credited'
    WHERE p.state = 'PENDING' AND r.payment_id IS NULL
    -- On its way back: debited of the merchant, and not credited to the client yet.
    UNION ALL
    SELECT m.currency, 0, 0, 0, m.amount
    FROM merchant_bank.refunds m LEFT JOIN client_bank.refunds c ON c.id = m.id
    WHERE m.outcome = 'debited' AND c.id IS NULL
  ) movements
  GROUP BY currency
), lines AS (
  SELECT 1 AS place, 'client-bank: the entries of each payment add up to zero' AS "check", count(*) AS checked,
         count(*) FILTER (WHERE total <> 0 OR currencies <> 1 OR accounts <> 1) AS wrong,
         min(payment_id) FILTER (WHERE total <> 0 OR currencies <> 1 OR accounts <> 1) AS detail
  FROM client_side
  UNION ALL
  SELECT 2, 'client-bank: each balance is the opening balance and the entries', count(*),
         count(*) FILTER (WHERE balance IS DISTINCT FROM coalesce(opening_balance, 0) + coalesce(total, 0)),
         min(account || ' ' || currency) FILTER (WHERE balance IS DISTINCT FROM coalesce(opening_balance, 0) + coalesce(total, 0))
  FROM client_accounts FULL JOIN client_entries USING (account, currency)
  UNION ALL
  SELECT 3, 'client-bank: each payment has the entries that its row tells', count(*),
         count(*) FILTER (WHERE bad), min(id) FILTER (WHERE bad)
  FROM (
    SELECT coalesce(p.id, e.payment_id) AS id,
           p.id IS NULL
           OR p.captured_amount <> coalesce(e.captured, 0) OR p.given_back_amount <> coalesce(e.given_back, 0)
           OR p.refunded_amount <> coalesce(e.refunded, 0)
           OR e.currency <> p.currency OR e.account IS DISTINCT FROM CASE WHEN p.captured_amount > 0 THEN p.client_id END
             AS bad
    FROM client_bank.payments p FULL JOIN client_side e ON e.payment_id = p.id
  ) payments
  UNION ALL
  SELECT 4, 'merchant-bank: the entries of each payment add up to zero', count(*),
         count(*) FILTER (WHERE total <> 0 OR currencies <> 1 OR accounts <> 1),
         min(payment_id) FILTER (WHERE total <> 0 OR currencies <> 1 OR accounts <> 1)
  FROM merchant_side
  UNION ALL
  SELECT 5, 'merchant-bank: each balance is the opening balance and the entries', count(*),
         count(*) FILTER (WHERE balance IS DISTINCT FROM coalesce(opening_balance, 0) + coalesce(total, 0)),
         min(account || ' ' || currency) FILTER (WHERE balance IS DISTINCT FROM coalesce(opening_balance, 0) + coalesce(total, 0))
  FROM merchant_accounts FULL JOIN merchant_entries USING (account, currency)
  UNION ALL
  SELECT 6, 'merchant-bank: each receipt has the entries that it tells', count(*),
         count(*) FILTER (WHERE bad), min(id) FILTER (WHERE bad)
  FROM (
    SELECT coalesce(r.payment_id, e.payment_id) AS id,
           r.payment_id IS NULL
           OR coalesce(e.credited, 0) <> CASE WHEN r.outcome = 'credited' THEN r.amount ELSE 0 END
           OR r.refunded_amount <> coalesce(e.refunded, 0)
           OR e.currency <> r.currency OR e.account <> r.merchant_id
             AS bad
    FROM merchant_bank.receipts r FULL JOIN merchant_side e ON e.payment_id = r.payment_id
  ) receipts
  UNION ALL
  SELECT 7, 'both banks: each payment and its receipt tell the same', count(*),
         count(*) FILTER (WHERE bad), min(id) FILTER (WHERE bad)
  FROM (
    SELECT coalesce(p.id, r.payment_id) AS id,
           p.id IS NULL
           OR r.payment_id IS NULL AND p.state NOT IN ('PENDING', 'AUTHORIZED')
           OR (r.merchant_id, r.currency, r.amount)
                <> (p.merchant_id, p.currency, CASE WHEN p.captured_amount > 0 THEN p.captured_amount ELSE p.amount END)
           OR r.declined_by = 'client-side' AND r.decline_reason IS DISTINCT FROM p.decline_reason
           OR r.declined_by IS DISTINCT FROM 'client-side' AND r.payment_id IS NOT NULL AND p.captured_amount = 0
           OR r.outcome = 'credited' AND p.state NOT IN ('PENDING', 'SUCCEEDED', 'REFUNDED')
           OR r.outcome = 'declined' AND p.state NOT IN ('PENDING', 'DECLINED', 'CANCELED')
           OR p.state IN ('DECLINED', 'CANCELED') AND r.decline_reason IS DISTINCT FROM p.decline_reason
           -- The merchant's bank decides about refunds, and the client's bank follows.
           OR p.refunded_amount > r.refunded_amount
             AS bad
    FROM client_bank.payments p FULL JOIN merchant_bank.receipts r ON r.payment_id = p.id
  ) pairs
  UNION ALL
  SELECT 8, 'client-bank: each refund has the entries that it tells', count(*),
         count(*) FILTER (WHERE bad), min(id) FILTER (WHERE bad)
  FROM (
    SELECT coalesce(f.id, e.refund_id) AS id,
           f.id IS NULL OR e.total <> 0
           OR coalesce(e.amount, 0) <> CASE WHEN f.state = 'SUCCEEDED' THEN f.amount ELSE 0 END
           OR e.currency <> f.currency OR e.payment_id <> f.payment_id
             AS bad
    FROM client_bank.refunds f FULL JOIN client_refunds e ON e.refund_id = f.id
  ) refunds
  UNION ALL
  SELECT 9, 'merchant-bank: each refund has the entries that it tells', count(*),
         count(*) FILTER (WHERE bad), min(id) FILTER (WHERE bad)
  FROM (
    SELECT coalesce(f.id, e.refund_id) AS id,
           f.id IS NULL OR e.total <> 0
           OR coalesce(e.amount, 0) <> CASE WHEN f.outcome = 'debited' THEN f.amount ELSE 0 END
           OR e.currency <> f.currency OR e.payment_id <> f.payment_id
             AS bad
    FROM merchant_bank.refunds f FULL JOIN merchant_refunds e ON e.refund_id = f.id
  ) refunds
  UNION ALL
  SELECT 10, 'both banks: each refund is told the same', count(*),
         count(*) FILTER (WHERE bad), min(id) FILTER (WHERE bad)
  FROM (
    SELECT coalesce(m.id, c.id) AS id,
           -- One that only the merchant's bank has is on its way to the client's.
           m.id IS NULL
           OR (m.payment_id, m.merchant_id) <> (c.payment_id, c.merchant_id)
           OR c.id IS NOT NULL AND (m.currency, m.amount, m.decline_reason)
                IS DISTINCT FROM (c.currency, c.amount, c.decline_reason)
             AS bad
    FROM merchant_bank.refunds m FULL JOIN client_bank.refunds c ON c.id = m.id
  ) pairs
  UNION ALL
  SELECT 11, 'both banks: each top-up and payout is one movement with the outside', count(*), count(*) FILTER (WHERE bad),
         min(id) FILTER (WHERE bad)
  FROM (
    SELECT id, total <> 0 OR currencies <> 1 OR fundings <> 1 OR entries <> 2 AS bad FROM movements_outside
  ) movements_outside
  UNION ALL
  SELECT 12, 'client-bank: each account holds what its authorised payments hold', count(*),
         count(*) FILTER (WHERE a.held IS DISTINCT FROM coalesce(h.held, 0) OR a.held > a.balance),
         min(account) FILTER (WHERE a.held IS DISTINCT FROM coalesce(h.held, 0) OR a.held > a.balance)
  FROM (SELECT id AS account, currency, balance, held FROM client_bank.clients) a
  FULL JOIN client_holds h USING (account, currency)
  UNION ALL
  SELECT 13, 'both banks: captured - returned = credited + in flight', count(*),
         count(*) FILTER (WHERE captured - given_back <> credited + in_flight),
         string_agg(format('%s: %s - %s = %s + %s', currency, captured, given_back, credited, in_flight), ', '
                    ORDER BY currency)
  FROM sums
)
SELECT "check", checked, wrong, detail FROM lines ORDER BY place`;
