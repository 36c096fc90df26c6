/** The endpoints that a sender works for: which have something due, and how much each may take. */
import { type BreakerOptions, type CircuitBreaker, createBreaker } from "@quittance/sdk";
import type { ClaimedDelivery, Room } from "../operations/claim-deliveries.js";
import { runCounted } from "../run-counted.js";
import type { PostResult } from "./posted-webhook.js";

/** Endpoints that may be known to have something due; the next look through the queues finds further ones. */
const MAXIMUM_READY = 10_000;
/** Endpoints whose failures are remembered. */
const MAXIMUM_LANES = 10_000;
/** Endpoints that one statement takes from. */
const QUEUES_TAKEN_FROM = 256;

interface Lane {
  readonly breaker: CircuitBreaker;
  posting: number;
  /** Whether its queue may hold more than there was room for. */
  hasMore: boolean;
}

export interface EndpointLanesOptions {
  /** Webhooks being posted to one endpoint at once. */
  readonly places: number;
  readonly breaker: BreakerOptions;
  /** Called when an endpoint may take more, or less. */
  readonly changed: () => void;
}

export class EndpointLanes {
  readonly #options: EndpointLanesOptions;
  readonly #lanes = new Map<string, Lane>();
  /** In the order in which they became known: who was served goes to the end. */
  readonly #ready = new Set<string>();

  constructor(options: EndpointLanesOptions) {
    this.#options = options;
  }

  /** How many endpoints are away: they are tried with one webhook at a time. */
  get away(): number {
    return [...this.#lanes.values()].filter(({ breaker }) => breaker.state.name !== "closed").length;
  }

  get hasReady(): boolean {
    return this.#ready.size > 0;
  }

  /** Notes that the queues of these endpoints have something due. */
  ready(endpoints: readonly string[]): void {
    for (const id of endpoints) if (this.#ready.size < MAXIMUM_READY) this.#ready.add(id);
  }

  /** Those that come next and have room, and how much; they are ready no more. */
  takeReady(limit: number): Room[] {
    const rooms: Room[] = [];
    for (const endpointId of this.#ready) {
      if (rooms.length === Math.min(limit, QUEUES_TAKEN_FROM)) break;
      this.#ready.delete(endpointId);
      const lane = this.#lanes.get(endpointId);
      const places = lane === undefined ? this.#options.places : roomOf(lane, this.#options.places);
      // It is ready again when a webhook to it ends, or its breaker lets one through.
      if (places <= 0 && lane !== undefined) lane.hasMore = true;
      else rooms.push({ endpointId, places });
    }
    return rooms;
  }

  /** What came of {@link takeReady}: with `cut` there were fewer places in all than in these rooms. */
  claimed(rooms: readonly Room[], deliveries: readonly Pick<ClaimedDelivery, "endpointId">[], cut: boolean): void {
    const counts = new Map<string, number>();
    for (const { endpointId } of deliveries) counts.set(endpointId, (counts.get(endpointId) ?? 0) + 1);
    for (const { endpointId, places } of rooms) {
      const count = counts.get(endpointId) ?? 0;
      if (count > 0) {
        const lane = this.#laneOf(endpointId);
        lane.posting += count;
        lane.hasMore = count === places || cut;
      } else if (cut) this.ready([endpointId]);
    }
  }

  /** Posts, and has the endpoint's breaker count the result. */
  run(endpointId: string, post: () => Promise<PostResult>): Promise<PostResult> {
    return runCounted(this.#laneOf(endpointId).breaker, post);
  }

  /** A webhook to this endpoint ended. */
  ended(endpointId: string): void {
    const lane = this.#laneOf(endpointId);
    lane.posting -= 1;
    if (lane.hasMore) this.ready([endpointId]);
    // Nothing is remembered of an endpoint that is well.
    if (lane.posting === 0 && lane.breaker.state.name === "closed") this.#forget(endpointId, lane);
  }

  end(): void {
    for (const { breaker } of this.#lanes.values()) breaker.end();
  }

  #laneOf(endpointId: string): Lane {
    let lane = this.#lanes.get(endpointId);
    if (lane === undefined) {
      this.#makeRoom();
      lane = {
        breaker: createBreaker(this.#options.breaker, () => this.#changed(endpointId)),
        posting: 0,
        hasMore: false,
      };
      this.#lanes.set(endpointId, lane);
    }
    return lane;
  }

  /** The endpoint lets something through again: what waits for it is due. */
  #changed(endpointId: string): void {
    if (this.#lanes.get(endpointId)?.breaker.state.name !== "open") this.ready([endpointId]);
    this.#options.changed();
  }

  /** Forgets one that waits for nothing, the oldest first. */
  #makeRoom(): void {
    if (this.#lanes.size < MAXIMUM_LANES) return;
    for (const [id, lane] of this.#lanes) {
      if (lane.posting > 0) continue;
      this.#forget(id, lane);
      return;
    }
  }

  #forget(endpointId: string, lane: Lane): void {
    lane.breaker.end();
    this.#lanes.delete(endpointId);
  }
}

function roomOf({ breaker, posting }: Lane, places: number): number {
  return breaker.room(places) - posting;
}
