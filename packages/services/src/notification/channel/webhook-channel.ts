/** The installation's webhook: it is woken for what was recorded; its sender finds the rest in the table. */
import type { WebhookSender } from "../webhook/webhook-sender.js";
import type { Channel } from "./channel.js";

export function openWebhookChannel(sender: WebhookSender, close: () => void): Channel {
  return {
    tell({ recorded: { recorded } }) {
      if (recorded.some(({ channel }) => channel === "webhook")) sender.wake();
    },
    breaker: () => sender.breaker,
    async drain(options) {
      await sender.drain(options);
      close();
    },
  };
}
