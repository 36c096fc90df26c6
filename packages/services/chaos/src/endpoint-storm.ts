/** A storm: one merchant's endpoint takes nothing until everything else has ended, so that whatever waited for it would show. */
import { type MerchantEndpoint, STORMS, type StormKind } from "./merchant-endpoint.js";
import type { Random } from "./random.js";

/** One round in so many has a storm. */
const STORM_EVERY = 3;

export interface Storm {
  readonly endpoint: MerchantEndpoint;
  readonly kind: StormKind;
  /** Webhooks that were not taken since it began. */
  refused(): number;
  /** Safe to call twice. */
  end(): void;
}

/** Begins one, or in most rounds none. */
export function beginStorm(endpoints: readonly MerchantEndpoint[], random: Random): Storm | undefined {
  if (!random.chance(1 / STORM_EVERY)) return undefined;
  const endpoint = random.pick(endpoints);
  const kind = random.pick(STORMS);
  const before = endpoint.refused;
  endpoint.beginStorm(kind);
  return { endpoint, kind, refused: () => endpoint.refused - before, end: () => endpoint.endStorm() };
}
