/** Looks at services, queues and books, and makes the overview of what it finds: shared by everybody who looks at once. */
import type pg from "pg";
import { failureReason } from "../../platform/failure-reason.js";
import { IN_FLIGHT } from "../../shared/books-rules.js";
import { SERVICES, SYSTEM } from "../../topology/system-table.js";
import { booksOf, type Flight } from "./books-overview.js";
import type { HealthAddress } from "./console-configuration.js";
import type { Overview, OverviewProblem, ServiceOverview } from "./overview.js";
import { type LookAtQueues, queuesOf } from "./queue-looks.js";
import { SendRates } from "./send-rates.js";
import { instanceOf, lookAtServices, type ServiceLook, StartTimes } from "./service-looks.js";

/** A look that is younger serves everybody who asks. */
const FRESH_FOR_MS = 900;
/** Payments whose transactions were not committed when an earlier look was taken. */
const OVERLAP_MS = 60_000;
/** How far back the first look goes where no bank says how old its oldest payment in flight is. */
const FIRST_LOOK_MS = 24 * 3_600_000;

export interface LookSources {
  readonly services: readonly HealthAddress[];
  /** PEM: the authorities that services must be certified by [those that Node trusts]. */
  readonly ca: () => Promise<string | undefined>;
  readonly lookAtQueues: LookAtQueues;
  onDatabase<T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T>;
}

export class OverviewLooks {
  readonly #sources: LookSources;
  readonly #rates = new SendRates();
  readonly #startTimes = new StartTimes();
  #latest: { readonly atMs: number; readonly overview: Promise<Overview> } | undefined;
  /** Payments captured earlier are final. */
  #since: Date | undefined;

  constructor(sources: LookSources) {
    this.#sources = sources;
  }

  /** The overview as of less than a second ago. It never rejects: what could not be found out is null, with a problem. */
  latest(): Promise<Overview> {
    const now = performance.now();
    if (this.#latest === undefined || now - this.#latest.atMs > FRESH_FOR_MS) {
      this.#latest = { atMs: now, overview: this.#look() };
    }
    return this.#latest.overview;
  }

  async #look(): Promise<Overview> {
    const { services, ca, lookAtQueues, onDatabase } = this.#sources;
    const problems: OverviewProblem[] = [];
    const orProblem = <T>(part: OverviewProblem["part"], looking: Promise<T>) =>
      looking.catch((error: unknown) => {
        problems.push({ part, detail: failureReason(error) });
        return undefined;
      });
    const time = new Date();
    const [looks = [], queues, flight] = await Promise.all([
      orProblem(
        "services",
        ca().then((authorities) => lookAtServices(services, authorities)),
      ),
      orProblem("queues", lookAtQueues()),
      orProblem(
        "books",
        onDatabase((client) => this.#lookAtFlight(client, time)),
      ),
    ]);
    const rates = this.#rates.of(looks, performance.now());
    return {
      time: time.toISOString(),
      services: SERVICES.map((name) => this.#serviceOf(name, looks)),
      queues: queuesOf(queues, rates),
      books: booksOf(looks, flight, time),
      problems,
    };
  }

  #serviceOf(name: (typeof SERVICES)[number], looks: readonly ServiceLook[]): ServiceOverview {
    const own = looks.filter((look) => look.name === name);
    return { name, summary: SYSTEM[name].summary, instances: own.map((look) => instanceOf(look, this.#startTimes)) };
  }

  /** Looks no further back than the oldest payment that was in flight at the look before: the index is by time. */
  async #lookAtFlight(client: pg.ClientBase, now: Date): Promise<Flight> {
    const since = this.#since ?? new Date(now.getTime() - FIRST_LOOK_MS);
    const { rows } = await client.query<Flight>(IN_FLIGHT, [since]);
    const flight = rows[0] ?? { count: 0n, oldest: null };
    this.#since = new Date(Math.min(now.getTime(), flight.oldest?.getTime() ?? now.getTime()) - OVERLAP_MS);
    return flight;
  }
}
