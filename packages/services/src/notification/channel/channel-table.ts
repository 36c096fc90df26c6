/** The channels. A further one is a folder beside this file and a row here. */
import type { BreakerState } from "@quittance/sdk";
import type { Database } from "../../platform/database.js";
import type { Logger } from "../../platform/log.js";
import type { ActiveTemplates } from "../active-templates.js";
import type { EndpointWebhooks } from "../endpoint-webhooks.js";
import type { TemplateRenderer } from "../render-template.js";
import { openWebhookPoster, type WebhookTarget } from "../webhook/post-webhook.js";
import { WebhookSender, type WebhookSenderOptions } from "../webhook/webhook-sender.js";
import type { Channel } from "./channel.js";
import { type EmailSettings, openEmailChannel } from "./email/open-email-channel.js";
import { openEndpointChannel } from "./endpoint-channel.js";
import { openLogChannel } from "./log/open-log-channel.js";
import { openWebhookChannel } from "./webhook-channel.js";

/** What channels are opened with. What a channel needs and is not there, it does without: it is not opened. */
export interface ChannelParts {
  readonly database: Database;
  readonly log: Logger;
  readonly templates: ActiveTemplates;
  readonly renderer: TemplateRenderer;
  readonly webhook?: WebhookTarget | undefined;
  readonly sender?:
    | Pick<WebhookSenderOptions, "concurrency" | "leaseMs" | "pollIntervalMs" | "retry" | "breaker">
    | undefined;
  /** Where merchants have endpoints. */
  readonly endpoints?: EndpointWebhooks | undefined;
  readonly email?: EmailSettings | undefined;
}

/** In the order in which a batch is given to them: first those that only log or wake somebody. */
const CHANNEL_TABLE = {
  log: { breaker: undefined, open: ({ log }: ChannelParts) => openLogChannel(log) },
  webhook: {
    breaker: "webhooks",
    open: ({ database, log, webhook, sender }: ChannelParts) => {
      if (webhook === undefined) return undefined;
      const poster = openWebhookPoster(webhook);
      return openWebhookChannel(new WebhookSender({ database, poster, log, ...sender }), () => poster.close());
    },
  },
  // A breaker for each endpoint, which are many and change nothing of how ready the service is.
  endpoints: { breaker: undefined, open: ({ endpoints }: ChannelParts) => endpoints && openEndpointChannel(endpoints) },
  email: {
    breaker: "emails",
    open: ({ email, ...parts }: ChannelParts) => email && openEmailChannel({ ...parts, ...email }),
  },
} as const satisfies Readonly<
  Record<string, { readonly breaker: string | undefined; open(parts: ChannelParts): Channel | undefined }>
>;

export type ChannelName = keyof typeof CHANNEL_TABLE;

/** Those that have what they need, by name. */
export function openChannels(parts: ChannelParts): ReadonlyMap<ChannelName, Channel> {
  const names = Object.keys(CHANNEL_TABLE) as ChannelName[];
  const opened = names.map((name) => [name, CHANNEL_TABLE[name].open(parts)] as const);
  return new Map(opened.filter((entry): entry is readonly [ChannelName, Channel] => entry[1] !== undefined));
}

/** The channels whose receivers may be away, by the names of their breakers. */
export function breakersOf(channels: ReadonlyMap<ChannelName, Channel>): Record<string, () => BreakerState> {
  const breakers = [...channels].flatMap(([name, channel]) => {
    const called = CHANNEL_TABLE[name].breaker;
    return called === undefined || channel.breaker === undefined ? [] : [[called, channel.breaker] as const];
  });
  return Object.fromEntries(breakers);
}
