/** A look at the broker's queues: by the metrics of whoever knows them, or by management messages to Artemis. */
import type { Connection } from "@quittance/sdk";
import { type Channel, DURABLE_CHANNELS, deadLetterAddress } from "../../shared/queue-map.js";
import { askHealth } from "../cli/service-health.js";
import { ArtemisManagement } from "../monitor/artemis-figures.js";
import { type QueueFigures, SHARED_SUFFIX, WATCHED_QUEUES } from "../monitor/observe-queues.js";
import type { BrokerLink } from "./broker-link.js";
import { readSamples } from "./metric-samples.js";
import type { QueueOverview, SubscriptionOverview } from "./overview.js";

/** Figures by the name of the queue, or of the subscription. */
export type QueueLook = ReadonlyMap<string, QueueFigures>;

/** Looks once. @throws when the queues cannot be looked at; the message says why. */
export type LookAtQueues = () => Promise<QueueLook>;

const LOOK_TIMEOUT_MS = 4_000;

const METRICS = {
  messages: "quittance_broker_queue_messages",
  consumers: "quittance_broker_queue_consumers",
  age: "quittance_broker_queue_oldest_age_seconds",
} as const;
const NAMES: ReadonlySet<string> = new Set(Object.values(METRICS));

/** By the metrics that the embedded broker and the monitor tell. @param url that of the health port. */
export function lookByMetrics(url: string, ca: () => Promise<string | undefined>): LookAtQueues {
  return async () => {
    const { status, text } = await askHealth(`${url}/metrics`, await ca());
    const samples = readSamples(text, NAMES);
    if (status !== 200 || !samples.has(METRICS.messages)) throw new Error("The broker's metrics report no queues.");
    const sampleOf = (name: string, queue: string) =>
      samples.get(name)?.find(({ labels }) => labels.quittance_queue === queue)?.value;
    return new Map(
      (samples.get(METRICS.messages) ?? []).map(({ labels, value }): [string, QueueFigures] => {
        const queue = labels.quittance_queue ?? "";
        const ageSeconds = sampleOf(METRICS.age, queue) ?? 0;
        const consumers = sampleOf(METRICS.consumers, queue) ?? 0;
        return [queue, { queue, messages: value, consumers, oldestAgeMs: ageOf(value, ageSeconds * 1_000) }];
      }),
    );
  };
}

/** By management messages, as the auditor: what Artemis alone understands. */
export function lookByManagement(link: BrokerLink): LookAtQueues {
  /** Of each connection one, for as long as the connection lasts. */
  const opened = new WeakMap<Connection, Promise<ArtemisManagement>>();
  return () =>
    link.use(async (connection) => {
      const management = opened.get(connection) ?? ArtemisManagement.open(connection);
      opened.set(connection, management);
      const { queues } = await (await management).figures(WATCHED_QUEUES);
      return new Map(
        queues.map((figures): [string, QueueFigures] => [figures.queue.replace(SHARED_SUFFIX, ""), figures]),
      );
    }, LOOK_TIMEOUT_MS);
}

/** An age of 0 is reported for a queue on which nothing waits. */
function ageOf(messages: number, ageMs: number): number | undefined {
  return messages > 0 && ageMs > 0 ? ageMs : undefined;
}

/** How the queues of the cycle are shown. Without a look their figures are null. */
export function queuesOf(
  look: QueueLook | undefined,
  rateOf: (address: string) => number | undefined,
): readonly QueueOverview[] {
  return DURABLE_CHANNELS.map((channel) => queueOf(channel, look, rateOf(channel.address)));
}

function queueOf(channel: Channel, look: QueueLook | undefined, rate: number | undefined): QueueOverview {
  const subscriptions = channel.subscriptions.map(({ name, reader }): SubscriptionOverview => {
    const figures = look?.get(name);
    return { name, reader, ...shown(figures === undefined ? [] : [figures]) };
  });
  const names = channel.kind === "queue" ? [channel.address] : channel.subscriptions.map(({ name }) => name);
  return {
    name: channel.address,
    kind: channel.kind,
    priority: channel.priority,
    writers: channel.writers,
    readers: [...channel.readers, ...channel.subscriptions.map(({ reader }) => reader)],
    ...shown(names.flatMap((name) => look?.get(name) ?? [])),
    deadLetters: look?.get(deadLetterAddress(channel))?.messages ?? null,
    enqueuedPerSecond: rate ?? null,
    subscriptions,
  };
}

/** The figures of one queue, or of a topic's subscriptions together. */
function shown(figures: readonly QueueFigures[]) {
  if (figures.length === 0) return { depth: null, oldestAgeSeconds: null, consumers: null };
  const sum = (of: (one: QueueFigures) => number) => figures.reduce((total, one) => total + of(one), 0);
  const ages = figures.flatMap(({ oldestAgeMs }) => oldestAgeMs ?? []);
  return {
    depth: sum(({ messages }) => messages),
    oldestAgeSeconds: ages.length === 0 ? null : Math.max(...ages) / 1_000,
    consumers: sum(({ consumers }) => consumers),
  };
}
