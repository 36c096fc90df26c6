/** The endpoints that merchants have: their senders are woken for what was queued with the ends. */
import type { EndpointWebhooks } from "../endpoint-webhooks.js";
import type { Channel } from "./channel.js";

export function openEndpointChannel(endpoints: EndpointWebhooks): Channel {
  return {
    tell: ({ recorded }) => endpoints.wake(recorded.endpoints),
    drain: (options) => endpoints.drain(options),
  };
}
