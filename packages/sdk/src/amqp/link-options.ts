/** rhea's options of links: sources, targets, filters and outcomes as the JMS mapping wants them. */
import { randomUUID } from "node:crypto";
import type { ConsumerOptions } from "../consumer.js";
import type { Destination } from "../destination.js";
import { type AddressPrefixes, wireAddress } from "./address-prefixes.js";
import type { ConsumerIdentity } from "./consumer-identity.js";
import { jmsFilters, MODIFIED_FAILED, priorityProperty } from "./rhea-engine.js";

const OUTCOMES = ["amqp:accepted:list", "amqp:rejected:list", "amqp:released:list", "amqp:modified:list"];

/** rhea's options of the receiving link. Read again at each attach: a temporary queue changes its address. */
export function receiverOptions(
  destination: Destination,
  { linkName, durable, shared, browses }: ConsumerIdentity,
  { selector, noLocal = false, priority }: ConsumerOptions,
  { hasClientId, prefixes }: { readonly hasClientId: boolean; readonly prefixes: AddressPrefixes },
): object {
  const { kind } = destination;
  const capabilities: string[] = [kind];
  if (shared) capabilities.push("shared");
  if (shared && !hasClientId) capabilities.push("global");
  const filter = jmsFilters(selector, noLocal);
  const copies = browses || kind === "topic" || kind === "temporary-topic";
  return {
    name: linkName,
    credit_window: 0,
    autoaccept: false,
    autosettle: false,
    rcv_settle_mode: 0,
    snd_settle_mode: 0,
    ...(priority !== undefined && { properties: priorityProperty(priority) }),
    source: {
      address: wireAddress(destination, prefixes),
      durable: durable ? 2 : 0,
      expiry_policy: durable ? "never" : "link-detach",
      ...(copies ? { distribution_mode: "copy" } : {}),
      default_outcome: MODIFIED_FAILED,
      outcomes: OUTCOMES,
      capabilities,
      ...(filter !== undefined && { filter }),
    },
    target: {},
  };
}

/**
 * rhea's options of the link that takes a durable subscription up as it is: by name, without a source. A shared one of
 * no client is recognised by the capabilities too.
 */
export function recoveringOptions(linkName: string, hasClientId: boolean): object {
  return {
    name: linkName,
    credit_window: 0,
    autoaccept: false,
    target: {},
    ...(!hasClientId && { desired_capabilities: ["shared", "global"] }),
  };
}

/** rhea's options of a sending link to a destination; without one, that of the anonymous relay. */
export function senderOptions(to?: { readonly destination: Destination; readonly prefixes: AddressPrefixes }): object {
  return {
    name: `quittance-${randomUUID()}`,
    snd_settle_mode: 2,
    rcv_settle_mode: 0,
    // Fault 6: rhea reports modified as released, too.
    treat_modified_as_released: false,
    source: { outcomes: OUTCOMES },
    target:
      to === undefined
        ? {}
        : { address: wireAddress(to.destination, to.prefixes), capabilities: [to.destination.kind] },
  };
}
