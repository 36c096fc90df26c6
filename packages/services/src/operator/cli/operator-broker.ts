/** The operator's connection to the broker: one, for one command. */
import { type Connection, connect } from "@quittance/sdk";

/** Runs `work` on a connection of its own, which is not made again when it breaks. @throws MessagingError */
export async function withOperatorBroker<T>(url: string, work: (connection: Connection) => Promise<T>): Promise<T> {
  await using connection = await connect(url, { reconnect: false });
  return await work(connection);
}
