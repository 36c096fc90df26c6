import type { Session } from "../../platform/database.js";

/** A client, without what is known of the card. */
export interface ClientRow {
  readonly id: string;
  readonly name: string;
  readonly currency: string;
  readonly balance: bigint;
  readonly state: "open" | "closed";
}

/** A client by its id; undefined when there is none. */
export async function findClient(session: Session, id: string): Promise<ClientRow | undefined> {
  const { rows } = await session.query<ClientRow>({
    name: "find-client",
    text: "SELECT id, name, currency, balance, state FROM client_bank.clients WHERE id = $1",
    values: [id],
  });
  return rows[0];
}
