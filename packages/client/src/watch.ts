/** Watches a payment or refund: by the service's stream of events, which is connected again when it is lost. */
import { isFinal } from "./final-states.js";
import type { Payment, Refund } from "./gen/resources.js";
import type { CallOptions, HttpCalls } from "./http-calls.js";
import { readForm } from "./json-form.js";
import { errorOfProblem } from "./problem.js";
import { outOfTime, QuittanceError } from "./quittance-error.js";
import { pause, retryPauseMs } from "./retry-pause.js";
import { serverSentEvents } from "./server-sent-events.js";
import { watchByReading } from "./watch-by-reading.js";

const DEFAULT_TIMEOUT_MS = 600_000;
/** The service sends a comment every 15 s: a stream that is silent for three of them is lost. */
const SILENT_MS = 45_000;

/** What is watched. */
export interface Watched<Resource extends Payment | Refund> {
  /** Where its events are. */
  readonly path: string;
  /** The name of its events, and of the member of their data that it is. */
  readonly name: "payment" | "refund";
  /** The form of their data. */
  readonly form: string;
  /** Reads it, where the service has no events: a release before they were there. */
  read(options: CallOptions): Promise<Resource>;
}

/** Gives the payment or refund as it is, then each change, until it is final. @throws QuittanceError */
export async function* watch<Resource extends Payment | Refund>(
  calls: HttpCalls,
  watched: Watched<Resource>,
  { signal, timeoutMs = DEFAULT_TIMEOUT_MS }: CallOptions,
): AsyncGenerator<Resource, void> {
  const untilMs = performance.now() + timeoutMs;
  let lastEventId = "";
  let failures = 0;
  for (;;) {
    signal?.throwIfAborted();
    try {
      for await (const { resource, id } of eventsOf(calls, watched, { lastEventId, signal, untilMs })) {
        lastEventId = id;
        failures = 0;
        yield resource;
        if (isFinal(resource)) return;
      }
      return;
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof QuittanceError)) throw error;
      if (lastEventId === "" && (error.code === "NOT_FOUND" || error.code === "INVALID_ARGUMENT")) {
        return yield* watchByReading((options) => watched.read(options), {
          signal,
          timeoutMs: untilMs - performance.now(),
        });
      }
      if (!error.retryable) throw error;
      const pauseMs = retryPauseMs(failures++, error.retryAfterMs);
      if (performance.now() + pauseMs >= untilMs) throw outOfTime(error);
      await pause(pauseMs, signal);
    }
  }
}

/** Where a watch goes on, and how long it may. */
interface Connection {
  readonly lastEventId: string;
  readonly signal: AbortSignal | undefined;
  readonly untilMs: number;
}

/** Gives the states of one connection. Ends when the last one was told before. @throws QuittanceError when it is lost. */
async function* eventsOf<Resource extends Payment | Refund>(
  calls: HttpCalls,
  watched: Watched<Resource>,
  { lastEventId, signal, untilMs }: Connection,
): AsyncGenerator<{ readonly resource: Resource; readonly id: string }, void> {
  const over = AbortSignal.timeout(Math.ceil(Math.max(1, untilMs - performance.now())));
  const silent = new AbortController();
  let timer = setTimeout(() => silent.abort(), SILENT_MS);
  const onSign = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silent.abort(), SILENT_MS);
  };
  try {
    const headers = { accept: "text/event-stream", ...(lastEventId !== "" && { "last-event-id": lastEventId }) };
    const ending = AbortSignal.any([over, silent.signal, ...(signal === undefined ? [] : [signal])]);
    const { status, body } = await calls.stream(watched.path, headers, ending);
    if (status === 204 || body === null) return;
    for await (const { name, data, id } of serverSentEvents(body, onSign)) {
      const json: unknown = JSON.parse(data);
      if (name === watched.name) {
        const resource = readForm<Readonly<Record<string, Resource>>>(watched.form, json)[name];
        if (resource !== undefined) yield { id, resource };
      }
      if (name === "problem") throw errorOfEvent(json as Readonly<Record<string, unknown>>);
    }
    throw new QuittanceError("UNAVAILABLE", "CONNECTION_FAILED", "The stream ended before its end was told.");
  } catch (cause) {
    if (cause instanceof QuittanceError) throw cause;
    throw new QuittanceError("UNAVAILABLE", "CONNECTION_FAILED", "The stream was lost.", { cause });
  } finally {
    clearTimeout(timer);
  }
}

/** What ended a stream early: the problem has the status, because that of the answer was sent before. */
function errorOfEvent(problem: Readonly<Record<string, unknown>>): QuittanceError {
  return errorOfProblem(problem, { status: Number(problem.status) });
}
