/** Step 5c: the gateway's own reply queue, whose messages wake the callers that wait. */
import type { Connection, Message, TemporaryQueue } from "@quittance/sdk";
import type { Logger } from "../platform/log.js";
import { gatewayReply } from "../shared/messages.js";
import type { Waiters } from "./waiters.js";

/** Replies on their way at once. They are small, and handled as they come. */
const CREDIT_WINDOW = 1_000;

/**
 * Reads replies into `waiters` for as long as the connection lives.
 * @returns the queue to name as JMSReplyTo.
 */
export async function receiveReplies(options: {
  readonly connection: Connection;
  readonly waiters: Waiters;
  readonly log: Logger;
}): Promise<TemporaryQueue> {
  const { connection, waiters, log } = options;
  const replyQueue = await connection.createTemporaryQueue();
  // An answer can be read again, so that nothing is lost when the gateway stops with replies in hand.
  await connection.createConsumer(replyQueue, { acknowledge: "auto", creditWindow: CREDIT_WINDOW, onMessage: wake });
  return replyQueue;

  function wake(message: Message): void {
    try {
      const reply = message.json(gatewayReply);
      if (reply.outcome === "final") waiters.wakeFinal(reply.payment, reply.parametersHash);
      else waiters.wakeReused(reply.paymentId, reply.parametersHash);
    } catch (error) {
      log.warn({ err: error, payment: message.correlationId }, "a reply could not be read: its caller waits in vain");
    }
  }
}
