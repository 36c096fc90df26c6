import type { Session, Transaction } from "../../platform/database.js";
import type { SealedSecret } from "../webhook/secret-seal.js";
import { MAXIMUM_SIGNING_SECRETS } from "./claim-deliveries.js";

/**
 * Gives an endpoint a secret, the newest from now on; the former ones end after `keepFormerMs` at most.
 * @returns false when as many as may sign would still do so beside it: nothing was changed.
 */
export async function insertSecret(
  transaction: Transaction,
  { endpointId, secret, keepFormerMs }: { endpointId: string; secret: SealedSecret; keepFormerMs: number },
): Promise<boolean> {
  await transaction.query({
    name: "end-secrets",
    text: `UPDATE notification.webhook_secrets
           SET expire_time = least(expire_time, now() + $2::float8 * interval '1 millisecond') WHERE endpoint_id = $1`,
    values: [endpointId, keepFormerMs],
  });
  const { rowCount } = await transaction.query({
    name: "insert-secret",
    // In the place of one that signs no more, where there is one: so there are never more rows than secrets may sign.
    text: `INSERT INTO notification.webhook_secrets (endpoint_id, number, sealed, key_id)
           SELECT $1, coalesce(min(number) FILTER (WHERE expire_time <= now()), max(number) + 1, 1), $2, $3
           FROM notification.webhook_secrets WHERE endpoint_id = $1
           HAVING count(*) FILTER (WHERE expire_time > now()) < ${MAXIMUM_SIGNING_SECRETS}
           ON CONFLICT (endpoint_id, number) DO UPDATE
           SET sealed = excluded.sealed, key_id = excluded.key_id, expire_time = NULL`,
    values: [endpointId, secret.sealed, secret.keyId],
  });
  return rowCount === 1;
}

/** Locks a merchant's endpoint until the transaction ends; false when there is none of that id. */
export async function lockEndpoint(
  transaction: Transaction,
  { merchantId, id }: { readonly merchantId: string; readonly id: string },
): Promise<boolean> {
  const { rowCount } = await transaction.query({
    name: "lock-endpoint",
    text: "SELECT FROM notification.webhook_endpoints WHERE id = $1 AND merchant_id = $2 FOR UPDATE",
    values: [id, merchantId],
  });
  return rowCount === 1;
}

/** A stored secret that is sealed under another key than the first. */
export interface FormerlySealed {
  readonly endpointId: string;
  readonly number: number;
  readonly sealed: string;
}

/** Some secrets that are sealed under another key than `keyId`. */
export async function findSealedOtherwise(session: Session, keyId: string, limit: number): Promise<FormerlySealed[]> {
  const { rows } = await session.query<FormerlySealed>({
    name: "find-sealed-otherwise",
    text: `SELECT endpoint_id AS "endpointId", number, sealed FROM notification.webhook_secrets
           WHERE key_id <> $1 ORDER BY endpoint_id, number LIMIT $2`,
    values: [keyId, limit],
  });
  return rows;
}

/** Puts a seal in the place of another one of the same secret, unless somebody else did so first. */
export async function replaceSeal(session: Session, former: FormerlySealed, secret: SealedSecret): Promise<void> {
  await session.query({
    name: "replace-seal",
    text: `UPDATE notification.webhook_secrets SET sealed = $4, key_id = $5
           WHERE endpoint_id = $1 AND number = $2 AND sealed = $3`,
    values: [former.endpointId, former.number, former.sealed, secret.sealed, secret.keyId],
  });
}
