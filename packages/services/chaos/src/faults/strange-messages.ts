/** Messages that come twice, in another order, long after their time, or from another release. */
import { type Message, type OutgoingMessage, queue } from "@quittance/sdk";
import type { EnvelopeHeaders } from "../../../dist/shared/envelope.js";
import { type Channel, consumersOf, DURABLE_CHANNELS, destinationOf } from "../../../dist/shared/queue-map.js";
import { SERVICES, type ServiceName } from "../../../dist/topology/system-table.js";
import { queueAddressesOf } from "../queue-addresses.js";
import { rewrittenMessage } from "../rewritten-message.js";
import type { System } from "../system.js";
import { type Fault, pause, within } from "./fault.js";

/** What each service reads that can pile up while it is away. */
const READS = SERVICES.flatMap((service) =>
  DURABLE_CHANNELS.filter((channel) => consumersOf(channel).includes(service)).map((channel) => ({ service, channel })),
);
/** Before everything that waits already. */
const FIRST = 9;
/** Copies that are kept for later rounds; beyond it the oldest go. */
const MAXIMUM_KEPT = 400;
const MINIMUM_PILE = 6;
const PILED_UP_WITHIN_MS = 8_000;

interface Copy {
  readonly channel: Channel;
  readonly message: Message;
}

/** Copies from all rounds of this run: what a restored backup of the broker would bring back. */
const kept: Copy[] = [];

/** What is made of a copy, and what it is called. */
interface Disguise {
  readonly point: string;
  readonly wear: (message: Message, system: System) => Promise<OutgoingMessage>;
}

/** Properties that belong to the sending of a message, and not to it. */
const OF_THE_SENDING = /^(?:_AMQ_\w+|traceparent|tracestate|redelivery_attempts)$/;

const AS_IT_WAS: Disguise = { point: "sent again, in another order", wear: async (message) => asItWas(message) };
const NEWER: Disguise = {
  point: "from a newer release",
  wear: (message, { stack }) => {
    const body = { ...(message.json() as object), loyalty: { points: "12", tier: "gold" }, hints: ["a", 1, null] };
    return rewrittenMessage(stack.keys, message, body, headersOf(message));
  },
};
/** The headers came to be over time; each of them may be missing. Only a proof of the writer must be there. */
const OLDER: Disguise = {
  point: "from an older release",
  wear: async (message) => ({ text: message.text ?? "", properties: propertiesOf(message) }),
};

function asItWas(message: Message): OutgoingMessage {
  const { messageId, type, text = "" } = message;
  return {
    text,
    ...headersOf(message),
    ...(messageId !== undefined && { messageId }),
    ...(type !== undefined && { type }),
  };
}

function headersOf(message: Message): EnvelopeHeaders {
  const { correlationId, replyTo, traceparent } = message;
  return {
    properties: propertiesOf(message),
    ...(correlationId !== undefined && { correlationId }),
    ...(replyTo !== undefined && { replyTo }),
    ...(traceparent !== undefined && { traceparent }),
  };
}

function propertiesOf({ typedProperties }: Message): NonNullable<EnvelopeHeaders["properties"]> {
  return Object.fromEntries(Object.entries(typedProperties).filter(([name]) => !OF_THE_SENDING.test(name)));
}

/** While a service is away its messages pile up; copies of them are put before and behind them, and it comes back. */
export const strangeMessages: Fault = {
  name: "messages come twice, in another order, and from other releases",
  run: async ({ system, random, did }) => {
    const { service, channel } = random.pick(READS);
    const resume = await system.stack.hold(service);
    try {
      const copies = await pileUp(system, channel, service);
      for (const copy of random.sample(copies, copies.length)) {
        const disguise = random.pick([AS_IT_WAS, NEWER, OLDER]);
        const producer = await system.operator.createProducer(destinationOf(channel), {
          priority: random.pick([FIRST, channel.priority]),
        });
        const message = await disguise.wear(copy.message, system);
        for (let times = random.between(1, 2); times > 0; times -= 1) await producer.send(message);
        await producer.close();
        did({ target: channel.address, point: disguise.point });
      }
      keep(copies);
    } finally {
      await resume();
    }
  },
};

export const staleMessages: Fault = {
  name: "messages of long ago come again",
  run: async ({ system, book, random, did }) => {
    // Of the first rounds of a run there is nothing old yet.
    if (kept.length === 0) return strangeMessages.run({ system, book, random, did });
    for (const { channel, message } of random.sample(kept, 60)) {
      await using producer = await system.operator.createProducer(destinationOf(channel), {
        priority: channel.priority,
      });
      await producer.send(asItWas(message));
      did({ target: channel.address, point: "of long ago" });
      await pause(random.between(0, 20));
    }
  },
};

async function pileUp(system: System, channel: Channel, reader: ServiceName): Promise<Copy[]> {
  let copies: Copy[] = [];
  const look = async () => {
    while (copies.length < MINIMUM_PILE) {
      copies = [];
      for (const address of queueAddressesOf(channel, reader)) {
        await using browser = await system.auditor.createBrowser(queue(address));
        for await (const message of browser) copies.push({ channel, message });
      }
      // Poison is in the queues too, and has rounds of its own.
      copies = copies.filter(({ message }) => message.properties.chaos_poison === undefined);
      await pause(100);
    }
  };
  await within(PILED_UP_WITHIN_MS, look());
  return copies;
}

function keep(copies: readonly Copy[]): void {
  kept.push(...copies);
  kept.splice(0, Math.max(0, kept.length - MAXIMUM_KEPT));
}
