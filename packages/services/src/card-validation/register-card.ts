/** Opens a card that an operator gives to a client, judges it, and says what its bank keeps of it: never the number. */
import type { Message, OutgoingMessage } from "@quittance/sdk";
import type { KeyRing } from "../platform/key-ring.js";
import { type Logger, traceIdOf } from "../platform/log.js";
import {
  type CardRefusal,
  type CardRegistration,
  type CardRegistrationReply,
  cardRegistration,
} from "../shared/card-registration-messages.js";
import { type CardDetails, openCard } from "../shared/card-seal.js";
import type { Envelopes } from "../shared/envelope.js";
import { MESSAGE_VERSION } from "../shared/messages.js";
import { storeCard } from "../shared/store-card.js";
import { judgeCard } from "./judge-card.js";
import type { CardKeys } from "./step-2-validate.js";

export interface RegistrationTools {
  readonly keys: CardKeys;
  /** The first seals what the bank stores; without it no card is registered. */
  readonly storageKeys: KeyRing | undefined;
  readonly envelopes: Envelopes;
  readonly log: Logger;
}

/** The answer to one request on `card-registration`. @throws MessagingError `invalid-body` for one of another shape. */
export async function registerCard(tools: RegistrationTools, request: Message): Promise<OutgoingMessage> {
  const asked = request.json(cardRegistration);
  const answer = await answerOf(tools, asked);
  // Every access to card data leaves a line (PCI DSS 4.0.1, 10.2.1).
  tools.log.info(
    {
      client: asked.clientId,
      trace: traceIdOf(request.traceparent),
      opened: !("refused" in answer) || (answer.refused !== "NOT_OPENED" && answer.refused !== "NO_STORAGE_KEY"),
      refused: "refused" in answer ? answer.refused : undefined,
    },
    "card of a client judged",
  );
  return tools.envelopes.answer("card-registration-reply", answer, request);
}

async function answerOf(
  { keys, storageKeys }: RegistrationTools,
  { clientId, sealedCard, sealedInto }: CardRegistration,
): Promise<CardRegistrationReply> {
  if (storageKeys === undefined) return refused("NO_STORAGE_KEY");
  let card: CardDetails;
  try {
    card = await openCard(sealedCard, keys.sealing.all, sealedInto);
  } catch {
    // Not told: what the error says may quote the content.
    return refused("NOT_OPENED");
  }
  const { declineReason } = judgeCard(card, Date.now());
  if (declineReason !== undefined) return refused(declineReason);
  return {
    version: MESSAGE_VERSION,
    card: await storeCard(card, clientId, { fingerprint: keys.fingerprint, storage: storageKeys }),
  };
}

function refused(why: CardRefusal): CardRegistrationReply {
  return { version: MESSAGE_VERSION, refused: why };
}
