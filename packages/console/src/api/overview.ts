/** What runs now, told every two seconds. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
// Not among the client's public names: it reads the streams of its own watches by it.
import { serverSentEvents } from "../../../client/dist/server-sent-events.js";
import type { Overview, QueueOverview } from "../../../services/dist/operator/console/overview.js";
import { send } from "./call.js";
import { isAbort, Problem } from "./problem.js";

export type { Overview, QueueOverview, ServiceOverview } from "../../../services/dist/operator/console/overview.js";

/** Two minutes. */
const KEPT_SAMPLES = 60;
const PAUSE_MS = 2_000;

export type Liveness = "connecting" | "live" | "interrupted";

export const overview = signal<Overview | undefined>(undefined);
export const liveness = signal<Liveness>("connecting");
export const overviewProblem = signal<Problem | undefined>(undefined);
/** The last rates of each queue, the oldest first, as far as they are known. */
export const rates = signal<Readonly<Record<string, readonly number[]>>>({});

/** Watches while the page is open. */
export function useOverview(): void {
  useEffect(() => {
    const controller = new AbortController();
    void watchOverview(controller.signal);
    return () => controller.abort();
  }, []);
}

async function watchOverview(ending: AbortSignal): Promise<void> {
  liveness.value = "connecting";
  while (!ending.aborted) {
    try {
      await oneConnection(ending);
    } catch (error) {
      if (isAbort(error) || ending.aborted) return;
      overviewProblem.value = error instanceof Problem ? error : new Problem(0, "", "");
      liveness.value = "interrupted";
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

async function oneConnection(ending: AbortSignal): Promise<void> {
  const { body } = await send("GET", "/console/v1/overview:watch", { signal: ending, accept: "text/event-stream" });
  if (body === null) return;
  for await (const { name, data } of serverSentEvents(body, () => undefined)) {
    if (name !== "overview") continue;
    const told = JSON.parse(data) as Overview;
    overview.value = told;
    overviewProblem.value = undefined;
    liveness.value = "live";
    rates.value = Object.fromEntries(told.queues.map((queue) => [queue.name, withRate(queue)]));
  }
}

function withRate({ name, enqueuedPerSecond }: QueueOverview): readonly number[] {
  const before = rates.value[name] ?? [];
  return enqueuedPerSecond === null ? before : [...before, enqueuedPerSecond].slice(-KEPT_SAMPLES);
}
