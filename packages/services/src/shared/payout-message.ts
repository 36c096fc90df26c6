/** The message of a payout (step P1 to P2): JSON in a JMS text message, under the same rules as those in messages.ts. */
import { z } from "zod";
import { MESSAGE_VERSION, wireTime } from "./messages.js";
import { wireMoney } from "./money.js";

/** Money of a merchant that an operator paid out. */
export const payoutMessage = z.object({
  version: z.literal(MESSAGE_VERSION),
  /** Of its ledger entries. */
  entryId: z.string().min(1).max(80),
  /** The operator's, by which the API names the payout. */
  requestId: z.string().min(1).max(80),
  merchantId: z.string().min(1).max(64),
  amount: wireMoney,
  payTime: wireTime,
});
export type PayoutMessage = z.infer<typeof payoutMessage>;
