/** What a broker knows of the queues of the map, as metrics; services cannot know it, and those that died least of all. */
import { serviceMeter } from "../../platform/meter.js";
import { ALL_CHANNELS, DURABLE_CHANNELS, deadLetterAddress } from "../../shared/queue-map.js";

/** The figures of one queue, or of one subscription. */
export interface QueueFigures {
  /** The address again, or the name of the subscription's queue. */
  readonly queue: string;
  readonly messages: number;
  readonly consumers: number;
  /** Milliseconds since the oldest message that waits to be delivered came; undefined when none waits. */
  readonly oldestAgeMs: number | undefined;
}

/** What a look at the broker found. */
export interface BrokerFigures {
  readonly queues: readonly QueueFigures[];
  /** Share of its disk that is used, 0 to 1, where the broker knows. */
  readonly diskUsed?: number | undefined;
}

/** Artemis adds this to the name of a subscription that every client shares. */
export const SHARED_SUFFIX = /:global$/;

/** The addresses of the queues that are watched, by their names: temporary ones are not, since each has another name. */
const ADDRESSES: ReadonlyMap<string, string> = new Map([
  ...ALL_CHANNELS.flatMap(({ address, kind, subscriptions }): [string, string][] =>
    kind === "queue" ? [[address, address]] : subscriptions.map(({ name }) => [name, address]),
  ),
  ...DURABLE_CHANNELS.map((channel): [string, string] => [deadLetterAddress(channel), deadLetterAddress(channel)]),
]);

/** The names of all queues that are watched. */
export const WATCHED_QUEUES: readonly string[] = [...ADDRESSES.keys()];

/** Has `look` called whenever metrics are collected. A look that fails leaves the metrics out, which alerts notice. */
export function observeQueues(look: () => Promise<BrokerFigures> | BrokerFigures): void {
  const meter = serviceMeter();
  const messages = meter.createObservableGauge("quittance.broker.queue.messages", {
    description: "Messages that wait on a queue, or are delivered and not settled.",
    unit: "{message}",
  });
  const consumers = meter.createObservableGauge("quittance.broker.queue.consumers", {
    description: "Consumers of a queue.",
    unit: "{consumer}",
  });
  const oldest = meter.createObservableGauge("quittance.broker.queue.oldest.age", {
    description: "Time since the oldest message that waits came; 0 when none waits.",
    unit: "s",
  });
  const disk = meter.createObservableGauge("quittance.broker.disk.usage", {
    description: "Share of the broker's disk that is used.",
    unit: "1",
  });
  meter.addBatchObservableCallback(
    async (result) => {
      const figures = await look();
      for (const figure of figures.queues) {
        const queue = figure.queue.replace(SHARED_SUFFIX, "");
        const address = ADDRESSES.get(queue);
        if (address === undefined) continue;
        const attributes = { "quittance.queue": queue, "messaging.destination.name": address };
        result.observe(messages, figure.messages, attributes);
        result.observe(consumers, figure.consumers, attributes);
        result.observe(oldest, (figure.oldestAgeMs ?? 0) / 1_000, attributes);
      }
      if (figures.diskUsed !== undefined) result.observe(disk, figures.diskUsed);
    },
    [messages, consumers, oldest, disk],
  );
}
