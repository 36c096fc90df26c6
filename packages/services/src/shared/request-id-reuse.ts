/** A request_id that was used with other parameters: which request stands, and in what the other differs from it. */
import { z } from "zod";

/** What is told, beside the reason `REQUEST_ID_REUSED`, of a payment or a refund that was declined for it. */
export const requestIdReuse = z.object({
  /** The id of the payment, or the refund, that stands: the first to be recorded under the request_id. */
  standingId: z.string().min(1).max(64),
  /** The fields of the request that differ, by their paths in the proto, for example `amount.minor_units`. */
  differingFields: z.array(z.string().min(1).max(64)).min(1).max(16),
});
export type RequestIdReuse = z.infer<typeof requestIdReuse>;

/** The two columns of a row in which it is kept: null in rows that stand. */
export interface ReuseColumns {
  readonly standingId: string | null;
  readonly differingFields: readonly string[] | null;
}

export const STANDS: ReuseColumns = { standingId: null, differingFields: null };

/** What a row says of its reuse; undefined when it stands. */
export function reuseOf({ standingId, differingFields }: ReuseColumns): RequestIdReuse | undefined {
  return standingId === null || differingFields === null
    ? undefined
    : { standingId, differingFields: [...differingFields] };
}

/** A field of a request, as the first request had it and as another has it; undefined where it is not known. */
export type FieldPair = readonly [path: string, first: unknown, other: unknown];

/** The paths of the fields that differ, in the order given. What is not known of one of them is not compared. */
export function differingFields(pairs: readonly FieldPair[]): string[] {
  return pairs.flatMap(([path, first, other]) =>
    first !== undefined && other !== undefined && first !== other ? [path] : [],
  );
}
