import type { Session } from "../../platform/database.js";

/** Holds that are released together. */
const MAXIMUM_EXPIRED = 200;

/** Payments whose hold is to be released at `now`, or its end told again. The longest due come first. */
export async function findExpiredHolds(session: Session, now: Date): Promise<string[]> {
  const { rows } = await session.query<{ readonly id: string }>({
    name: "find-expired-holds",
    text: `SELECT id FROM client_bank.payments WHERE hold_expire_time <= $1
           ORDER BY hold_expire_time, id LIMIT ${MAXIMUM_EXPIRED}`,
    values: [now],
  });
  return rows.map(({ id }) => id);
}
