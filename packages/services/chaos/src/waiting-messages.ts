/** Whether messages wait in the system's durable queues. */
import { queue } from "@quittance/sdk";
import { DURABLE_CHANNELS } from "../../dist/shared/queue-map.js";
import { queueAddressesOf } from "./queue-addresses.js";
import type { System } from "./system.js";

/** A sentence that names the queues in which messages wait, or undefined. The embedded broker's topics cannot be browsed. */
export async function waitingMessages(system: System): Promise<string | undefined> {
  if (system.broker === "embedded") return undefined;
  const waiting: string[] = [];
  for (const address of DURABLE_CHANNELS.flatMap((channel) => queueAddressesOf(channel))) {
    await using browser = await system.auditor.createBrowser(queue(address));
    let count = 0;
    for await (const _ of browser) count += 1;
    if (count > 0) waiting.push(`${count} in ${address}`);
  }
  return waiting.length === 0 ? undefined : `messages wait: ${waiting.join(", ")}`;
}
