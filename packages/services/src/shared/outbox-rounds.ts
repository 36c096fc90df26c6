/** Steps that no message asks for: their rows are the outbox, and say what the broker does not have yet. */
import type { Connection, Producer } from "@quittance/sdk";
import { type Rounds, type RoundsOptions, startRounds } from "../platform/rounds.js";
import type { MessageKind } from "../topology/channel-table.js";
import { channelOf } from "./message-kinds.js";
import { destinationOf } from "./queue-map.js";

/** After this time a send that the broker has not confirmed is given up: the row says that it must be sent again. */
const SEND_TIMEOUT_MS = 10_000;

export interface OutboxRoundsOptions extends Pick<RoundsOptions, "everyMs" | "failed"> {
  readonly connection: Connection;
  /** What is sent; its channel is where. */
  readonly kind: MessageKind;
  /** Sends what is due, until nothing is or the step stops. */
  readonly sendDue: (producer: Producer, isStopping: () => boolean) => Promise<void>;
}

/** Starts to look for rows that are due. `stop` waits for a look that is under way. */
export async function startOutboxRounds(options: OutboxRoundsOptions): Promise<Rounds> {
  const { connection, kind, everyMs, failed, sendDue } = options;
  const channel = channelOf(kind);
  const { priority, deliveryMode } = channel;
  const producer = await connection.createProducer(destinationOf(channel), {
    ...{ priority, deliveryMode },
    sendTimeoutMs: SEND_TIMEOUT_MS,
  });
  const looks = startRounds({ everyMs, failed, work: (isStopping) => sendDue(producer, isStopping) });
  return {
    run: looks.run,
    async stop() {
      await looks.stop();
      await producer.close();
    },
  };
}
