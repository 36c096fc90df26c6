/** A watch over HTTP: server-sent events, as the HTML standard has them (section 9.2). */
import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { withinTime } from "../platform/within-time.js";
import type { States, WatchedState, Watching } from "./watches.js";

/** A comment, while there is no news: proxies end connections on which nothing moves. */
const HEARTBEAT = ":\n\n";
/** How soon a client that lost its connection should connect again. */
const RETRY_MS = 1_000;
/** What is watched, and how it is told. */
export interface EventSource<Resource> {
  watch(watching: Pick<Watching, "after" | "signal">): States<Resource>;
  /** The events' name. */
  readonly name: string;
  /** JSON, which has no line ends. */
  write(resource: Resource): string;
  /** The problem details of what ended the watch early, as JSON too. */
  problemOf(error: unknown): string;
  /** Between two heartbeats [15,000]. */
  readonly heartbeatMs?: number;
  /** After which a connection whose client takes nothing is closed, so that its watch makes room [60,000]. */
  readonly stalledAfterMs?: number;
}

/**
 * Answers with the states of a watch. Each event's id is how far the state is, so that a client which connects again with
 * `Last-Event-ID` is told what came since. When the last one was told the stream ends; a client that connects again all
 * the same is answered 204, which tells it not to.
 * @throws ApiError what refuses the watch before it begins.
 */
export async function sendEvents<Resource>(
  request: FastifyRequest,
  reply: FastifyReply,
  source: EventSource<Resource>,
): Promise<FastifyReply> {
  const gone = new AbortController();
  const states = source.watch({ after: lastEventIdOf(request), signal: gone.signal });
  const leave = () => {
    gone.abort();
    // A watch that stands at a state which nobody takes any more does not see the signal.
    states.return().catch(() => undefined);
  };
  if (reply.raw.destroyed) leave();
  else reply.raw.once("close", leave);
  const first = await states.next();
  if (first.done) return reply.code(204).send();
  reply.raw.setTimeout(source.stalledAfterMs ?? 60_000, () => reply.raw.destroy());
  reply.headers({
    "content-type": "text/event-stream",
    // Proxies that gather answers before they pass them on let this one through as it comes.
    "x-accel-buffering": "no",
    // A stream that ends as the gateway stops would leave a connection behind, for which the drain would wait.
    connection: "close",
  });
  return reply.send(Readable.from(eventsOf(first.value, states, source)));
}

/** Taken from as fast as the client reads, and no faster. */
async function* eventsOf<Resource>(
  first: WatchedState<Resource> | undefined,
  states: States<Resource>,
  source: EventSource<Resource>,
): AsyncGenerator<string, void> {
  const { heartbeatMs = 15_000 } = source;
  yield `retry: ${RETRY_MS}\n\n${first === undefined ? "" : eventOf(first, source)}`;
  try {
    let next = nextOf(states);
    for (;;) {
      const state = await withinTime(heartbeatMs, next);
      if (state === undefined) yield HEARTBEAT;
      else if (state.done) return;
      else {
        if (state.value !== undefined) yield eventOf(state.value, source);
        next = nextOf(states);
      }
    }
  } catch (error) {
    // The status has been sent. A client that knows no such event connects again, which is what it should do.
    yield `event: problem\ndata: ${source.problemOf(error)}\n\n`;
  }
}

function eventOf<Resource>({ resource, progress }: WatchedState<Resource>, source: EventSource<Resource>): string {
  return `id: ${progress}\nevent: ${source.name}\ndata: ${source.write(resource)}\n\n`;
}

/** The next state. It may fail while nobody waits for it, because the client takes nothing; it is looked at later. */
function nextOf<State>(states: AsyncGenerator<State, void>): Promise<IteratorResult<State, void>> {
  const next = states.next();
  next.catch(() => undefined);
  return next;
}

/** Where an earlier stream ended; undefined for one that is none of ours, so that everything is told. */
function lastEventIdOf({ headers }: FastifyRequest): number | undefined {
  const id = headers["last-event-id"];
  return typeof id === "string" && /^[0-9]{1,3}$/.test(id) ? Number(id) : undefined;
}
