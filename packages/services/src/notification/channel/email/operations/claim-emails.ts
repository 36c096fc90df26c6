import type { Session } from "../../../../platform/database.js";

/** An e-mail that this process is to hand over now. */
export interface ClaimedEmail {
  readonly id: bigint;
  /** What is told: with the address it names the e-mail. */
  readonly about: string;
  readonly merchantId: string;
  readonly templateName: string;
  readonly language: string;
  readonly address: string;
  readonly subject: string;
  readonly body: string;
  /** Null: it is made from the body. */
  readonly htmlBody: string | null;
  readonly traceId: string | null;
  readonly createTime: Date;
  /** This attempt's number, from 1. With the id it names the lease: a later lease has another number. */
  readonly attempt: number;
  /** How long ago it was recorded. */
  readonly ageMs: number;
}

/**
 * Takes up to `limit` e-mails that are due, longest due first, and leases them: for `leaseMs` nobody else takes them, and
 * after it they are due again, whatever became of who took them. Times are the database's alone.
 */
export async function claimEmails(
  session: Session,
  options: { readonly limit: number; readonly leaseMs: number },
): Promise<ClaimedEmail[]> {
  const { rows } = await session.query<ClaimedEmail>({
    name: "claim-emails",
    text: `WITH due AS (
             SELECT id FROM notification.emails
             WHERE state IN ('pending', 'failed') AND next_attempt_time <= now()
             ORDER BY next_attempt_time
             LIMIT $1
             FOR UPDATE SKIP LOCKED
           )
           UPDATE notification.emails AS claimed
           SET attempts = attempts + 1, next_attempt_time = now() + $2::float8 * interval '1 millisecond'
           FROM due WHERE claimed.id = due.id
           RETURNING claimed.id, about, merchant_id AS "merchantId", template_name AS "templateName", language, address,
                     subject, body, html_body AS "htmlBody", trace_id AS "traceId", create_time AS "createTime",
                     attempts AS attempt, (extract(epoch FROM now() - create_time) * 1000)::float8 AS "ageMs"`,
    values: [options.limit, options.leaseMs],
  });
  return rows;
}
