/** Whether messages wait in the house's durable queues. */
import { queue } from "@quittance/sdk";
import { DURABLE_CHANNELS } from "../../dist/shared/queue-map.js";
import type { House } from "./house.js";
import { queueAddressesOf } from "./queue-addresses.js";

/** A sentence that names the queues in which messages wait, or undefined. The embedded broker's topics cannot be browsed. */
export async function waitingMessages(house: House): Promise<string | undefined> {
  if (house.broker === "embedded") return undefined;
  const waiting: string[] = [];
  for (const address of DURABLE_CHANNELS.flatMap((channel) => queueAddressesOf(channel))) {
    await using browser = await house.auditor.createBrowser(queue(address));
    let count = 0;
    for await (const _ of browser) count += 1;
    if (count > 0) waiting.push(`${count} in ${address}`);
  }
  return waiting.length === 0 ? undefined : `messages wait: ${waiting.join(", ")}`;
}
