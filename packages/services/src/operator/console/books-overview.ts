/** What is shown of the books: what the banks found when they last audited their own, and what is in flight now. */
import { DATABASE_SERVICES } from "../../topology/system-table.js";
import type { BooksOverview } from "./overview.js";
import { METRICS, type ServiceLook } from "./service-looks.js";

/** The payments that are not final, and when the oldest was captured. */
export interface Flight {
  readonly count: bigint;
  readonly oldest: Date | null;
}

/** What the last audit of one bank found. */
interface Audit {
  readonly ageSeconds: number;
  /** By currency. */
  readonly drifts: ReadonlyMap<string, number>;
}

/** @param flight undefined when the database could not be asked. */
export function booksOf(looks: readonly ServiceLook[], flight: Flight | undefined, now: Date): BooksOverview {
  const audits = BANKS.map((bank) => latestAudit(looks.filter(({ name }) => name === bank)));
  const known = audits.filter((audit) => audit !== undefined);
  const complete = known.length === BANKS.length;
  const oldest = flight?.oldest ?? null;
  return {
    driftMinorUnits: complete ? driftsOf(known) : null,
    inFlight: flight === undefined ? null : Number(flight.count),
    oldestInFlightSeconds: oldest === null ? null : Math.max(0, now.getTime() - oldest.getTime()) / 1_000,
    auditAgeSeconds: complete ? Math.max(...known.map(({ ageSeconds }) => ageSeconds)) : null,
  };
}

const BANKS = DATABASE_SERVICES.filter((name) => name.endsWith("-bank"));

/** Each instance of a bank audits the same books: the youngest audit tells. */
function latestAudit(looks: readonly ServiceLook[]): Audit | undefined {
  const audits = looks.flatMap(({ metrics }): Audit[] => {
    const ageSeconds = metrics.get(METRICS.auditAge)?.[0]?.value;
    if (ageSeconds === undefined) return [];
    const drifts = (metrics.get(METRICS.drift) ?? []).map(
      ({ labels, value }) => [labels.quittance_currency ?? "", value] as const,
    );
    return [{ ageSeconds, drifts: new Map(drifts) }];
  });
  return audits.sort((one, other) => one.ageSeconds - other.ageSeconds)[0];
}

/** Drifts of different signs in the two banks cancel nothing out: each counts as what its books are off by. */
function driftsOf(audits: readonly Audit[]): Readonly<Record<string, string>> {
  const currencies = [...new Set(audits.flatMap(({ drifts }) => [...drifts.keys()]))].sort();
  return Object.fromEntries(
    currencies.map((currency) => {
      const sum = audits.reduce((total, { drifts }) => total + Math.abs(drifts.get(currency) ?? 0), 0);
      return [currency, BigInt(sum).toString()];
    }),
  );
}
