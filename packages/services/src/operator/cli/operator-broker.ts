/** The operator's connection to the broker: one, for one command. */
import type { Connection } from "@quittance/sdk";
import { connectBroker } from "../../platform/connect-broker.js";
import type { ClientTls } from "../../platform/tls.js";

/** Runs `work` on a connection of its own, which is not made again when it breaks. @throws MessagingError */
export async function withOperatorBroker<T>(
  url: string,
  tls: ClientTls,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  await using connection = await connectBroker(url, tls, { reconnect: false });
  return await work(connection);
}
