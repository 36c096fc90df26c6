import { MessagingError } from "../errors.js";
import { durableLinkName } from "./consumer-identity.js";
import { attachReceiver } from "./link-handle.js";
import type { LinkHost } from "./link-host.js";
import type { LinkNames } from "./link-names.js";
import { recoveringOptions } from "./link-options.js";
import type { Transport } from "./transport.js";

/** Deletes a durable subscription: its link is taken up as it is, and closed instead of detached. */
export async function unsubscribe(host: LinkHost, transport: Transport, name: string, names: LinkNames): Promise<void> {
  if (name === "" || name.includes("|")) {
    throw new MessagingError("invalid-argument", "A subscription needs a name, and `|` may not be in it.");
  }
  const linkName = durableLinkName(name, host.hasClientId);
  if (names.has(linkName)) {
    const sentence = `The subscription ${name} has a consumer on this connection; close that first.`;
    throw new MessagingError("invalid-argument", sentence);
  }
  const handle = await attachReceiver(transport, {
    doing: `Unsubscribing ${name}`,
    address: undefined,
    timeoutMs: host.attachTimeoutMs,
    capacity: 1,
    link: recoveringOptions(linkName, host.hasClientId),
    onDetached: () => {},
  });
  await handle.close();
}
