/** Checks the filters and the order that lists of payments and of refunds share. */
import type { ListPaymentsRequest, ListRefundsRequest } from "../gen/quittance/payments/v1/payments.js";
import { checkRequestId, type FieldCheck } from "../shared/field-checks.js";
import { checkReference } from "./merchant-data-checks.js";

/** The names of an enum's values, without their prefixes, and their numbers. */
type EnumValues = Readonly<Record<string, number>>;

type SharedFields = Pick<
  ListPaymentsRequest & ListRefundsRequest,
  "requestId" | "startTime" | "endTime" | "clientReference" | "orderBy"
>;

/** As client-bank reads them; absent where the request has none. */
export interface ListFilters {
  readonly requestId?: string;
  readonly clientReference?: string;
  readonly from?: string;
  readonly before?: string;
  readonly oldestFirst?: true;
}

/** The first and the last moment that google.protobuf.Timestamp can name. */
const FIRST_TIME_MS = Date.parse("0001-01-01T00:00:00Z");
const LAST_TIME_MS = Date.parse("9999-12-31T23:59:59.999Z");
/** With an offset, RFC 3339 also names moments of the days next to these. */
const DAY_MS = 86_400_000;

/** The filters that both lists have. */
export function checkListFilters(request: SharedFields, check: FieldCheck): ListFilters {
  const { requestId, startTime, endTime } = request;
  if (requestId !== "") checkRequestId(requestId, check);
  const clientReference = checkReference(request.clientReference, check);
  const from = startTime && checkTime(startTime, "start_time", check);
  const before = endTime && checkTime(endTime, "end_time", check);
  return {
    ...(requestId !== "" && { requestId }),
    ...(clientReference !== "" && { clientReference }),
    ...(from !== undefined && { from }),
    ...(before !== undefined && { before }),
    ...(checkOrder(request.orderBy, check) === "oldest first" && { oldestFirst: true as const }),
  };
}

/** The name of the state that a list is limited to; undefined for all. Only `recorded` states occur in a list. */
export function checkState<State extends string>(
  state: number,
  states: { readonly prefix: string; readonly values: EnumValues; readonly recorded: readonly State[] },
  check: FieldCheck,
): State | undefined {
  if (state === 0) return undefined;
  const { prefix, values, recorded } = states;
  const name = recorded.find((one) => values[one] === state);
  check(name !== undefined, "state", `must be one of ${recorded.map((one) => prefix + one).join(", ")}`);
  return name;
}

function checkTime(time: Date, field: string, check: FieldCheck): string | undefined {
  const ms = time.getTime();
  const isTime = ms >= FIRST_TIME_MS - DAY_MS && ms <= LAST_TIME_MS + DAY_MS;
  check(isTime, field, "must be a time between the years 1 and 9999");
  return isTime ? new Date(Math.min(Math.max(ms, FIRST_TIME_MS), LAST_TIME_MS)).toISOString() : undefined;
}

/** AIP-132: the direction follows the field, spaces do not matter, and where there is no direction it is ascending. */
function checkOrder(orderBy: string, check: FieldCheck): "newest first" | "oldest first" {
  const [field = "", direction, ...further] = orderBy.split(" ").filter((word) => word !== "");
  if (field === "") return "newest first";
  const isOrder = field === "create_time" && ["asc", "desc", undefined].includes(direction) && further.length === 0;
  check(isOrder, "order_by", 'must be "create_time desc", which is the default, or "create_time"');
  return direction === "desc" ? "newest first" : "oldest first";
}
