/**
 * Every kind of message that the services exchange, by its JMSType: who writes it, who reads it, where it travels, and
 * what proves to its readers who wrote it. It follows from the tables of channels and of services.
 */
import { ANSWER_KINDS, type CarriedKind, CHANNEL_TABLE, type MessageKind } from "../topology/channel-table.js";
import { SERVICES, type ServiceName, SYSTEM } from "../topology/system-table.js";
import { CHANNELS, type Channel } from "./queue-map.js";

/** One kind of message. A topic carries several kinds where its readers read different ones. */
export interface MessageKindFacts {
  /** Undefined for answers, which go to the temporary queue that the asker named. */
  readonly channel: Channel | undefined;
  readonly writer: ServiceName;
  /** At least one, in the order of the table; several only of a topic's. */
  readonly readers: readonly ServiceName[];
  /** A signature for each reader, under a key of writer and reader; or the seal of the card, bound to the whole message. */
  readonly proof: "signature" | "seal";
}

function factsOf(kind: MessageKind, channel: Channel | undefined, { proof }: CarriedKind): MessageKindFacts {
  const doing = (what: "reads" | "writes") =>
    SERVICES.filter((service) => SYSTEM[service].steps.some((step) => step[what].includes(kind)));
  const [writers, readers] = [doing("writes"), doing("reads")];
  const [writer] = writers;
  if (writer === undefined || writers.length > 1)
    throw new Error(`${kind} has ${writers.length} writers, and needs one.`);
  if (readers.length === 0) throw new Error(`Nobody reads ${kind}.`);
  if (readers.length > 1 && channel?.kind !== "topic") throw new Error(`${kind} has several readers, and no topic.`);
  return { channel, writer, readers, proof };
}

/** Every kind. */
export const MESSAGE_KINDS = Object.fromEntries([
  ...Object.entries(CHANNEL_TABLE).flatMap(([name, { carries }]) =>
    Object.entries<CarriedKind>(carries).map(([kind, carried]) => [
      kind,
      factsOf(kind as MessageKind, CHANNELS[name as keyof typeof CHANNELS], carried),
    ]),
  ),
  ...ANSWER_KINDS.map((kind) => [kind, factsOf(kind, undefined, { proof: "signature" })]),
]) as Readonly<Record<MessageKind, MessageKindFacts>>;

/** Every kind. */
export const ALL_MESSAGE_KINDS = Object.keys(MESSAGE_KINDS) as readonly MessageKind[];

/** The channel that a kind travels on. @throws Error for an answer: it goes to where its asker named. */
export function channelOf(kind: MessageKind): Channel {
  const { channel } = MESSAGE_KINDS[kind];
  if (channel === undefined) throw new Error(`${kind} has no channel of its own: it answers a message.`);
  return channel;
}

/** The services with which a service exchanges signed messages, and so shares a key. */
export function neighboursOf(service: ServiceName): readonly ServiceName[] {
  const neighbours = Object.values(MESSAGE_KINDS).flatMap(({ proof, writer, readers }) => {
    if (proof !== "signature") return [];
    return writer === service ? readers : readers.includes(service) ? [writer] : [];
  });
  return [...new Set(neighbours)];
}
