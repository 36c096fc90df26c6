/** What is wrong with the broker, for readiness: away, or there and taking nothing. */
import type { Connection } from "@quittance/sdk";
import { failureReason } from "./failure-reason.js";

/** A broker under load confirms late and gives credit late; for less than this it is not worth telling. */
const STALLED_AFTER_MS = 5_000;

/** Why messages cannot be sent just now; undefined while they can. */
export function brokerProblem({ state, stall }: Pick<Connection, "state" | "stall">): string | undefined {
  if (state.name === "reconnecting") return `reconnecting: ${failureReason(state.cause)}`;
  if (state.name !== "open") return state.name;
  if (stall === undefined || stall.ageMs < STALLED_AFTER_MS) return undefined;
  const { reason, address, ageMs } = stall;
  const where = address === undefined ? "" : ` for ${address}`;
  const seconds = Math.floor(ageMs / 1_000);
  return reason === "no-credit"
    ? `blocks: it takes no messages${where} for ${seconds} s, as with a full disk or a full address`
    : `slow: it has confirmed no message${where} for ${seconds} s`;
}
