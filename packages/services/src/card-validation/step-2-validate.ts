/** Step 2: opens each sealed card, judges it, and sends its payment on without the number. */
import type { Incoming, Outcome } from "@quittance/sdk";
import type { KeyRing } from "../platform/key-ring.js";
import { type Logger, traceIdOf } from "../platform/log.js";
import { fingerprintCard, fingerprintHolder } from "../shared/card-fingerprint.js";
import { type CardDetails, ForeignSealError, OtherKeyError, openCard, type SealedInto } from "../shared/card-seal.js";
import type { Envelopes } from "../shared/envelope.js";
import { MESSAGE_VERSION, type PaymentMessage, type ValidationResultMessage } from "../shared/messages.js";
import { judgeCard } from "./judge-card.js";

/** The keys that step 2 works with. */
export interface CardKeys {
  /** Each opens what was sealed with it. */
  readonly sealing: KeyRing;
  /** The first makes fingerprints. */
  readonly fingerprint: KeyRing;
}

/** What the step works with. */
export interface ValidationTools {
  readonly keys: CardKeys;
  readonly log: Logger;
  readonly envelopes: Envelopes;
  /** Whether this process has opened a card: then the key is the gateway's, and what does not open is at fault itself. */
  keyIsProven: boolean;
}

/** Why an unopenable card is set aside. It must say nothing of the content, so it is the same for every cause. */
const UNOPENABLE = "The sealed card cannot be opened with this service's key, or does not hold a card.";
/** As long as no card was opened, the gateway and this service may have different keys: then nothing is lost by waiting. */
const OTHER_KEY = "No card could be opened so far: compare CARD_SEALING_KEYS of gateway and card-validation.";
const FOREIGN = "The card was sealed into another message than this one.";

/** Handles a batch of `payment`. */
export function step2Validate(
  tools: ValidationTools,
  batch: readonly Incoming<PaymentMessage>[],
): Promise<readonly Outcome[]> {
  return Promise.all(batch.map((incoming) => validate(incoming, tools)));
}

/** One payment: opened, judged, and passed on with what may be known of the card from here on. */
async function validate(incoming: Incoming<PaymentMessage>, tools: ValidationTools): Promise<Outcome> {
  const { keys, log, envelopes } = tools;
  const { body, message } = incoming;
  const trace = traceIdOf(message.traceparent);
  let card: CardDetails;
  try {
    card = await openCard(body.sealedCard, keys.sealing.all, message.json() as SealedInto);
    tools.keyIsProven = true;
  } catch (error) {
    if (error instanceof OtherKeyError && !tools.keyIsProven) throw new OtherKeyError(OTHER_KEY);
    // The error is not logged: what JSON.parse and jose say of a bad content may quote it.
    log.warn({ payment: body.paymentId, trace, step: "2", opened: false }, "sealed card not opened");
    return { deadLetter: error instanceof ForeignSealError ? FOREIGN : UNOPENABLE };
  }
  const verdict = judgeCard(card, Date.parse(body.acceptTime));
  // Every access to card data leaves a line (PCI DSS 4.0.1, 10.2.1); it is also the step's line for this payment.
  log.info(
    {
      payment: body.paymentId,
      trace,
      step: "2",
      opened: true,
      merchant: body.merchantId,
      brand: verdict.brand,
      decline: verdict.declineReason,
    },
    "card judged",
  );
  const { sealedCard: _sealed, ...payment } = body;
  const fingerprintKey = keys.fingerprint.first.bytes;
  const result: ValidationResultMessage = {
    ...payment,
    version: MESSAGE_VERSION,
    card: {
      brand: verdict.brand,
      lastFour: card.number.slice(-4),
      expiryMonth: card.expiryMonth,
      expiryYear: card.expiryYear,
      fingerprint: fingerprintCard(card.number, fingerprintKey),
      holder: fingerprintHolder(card.holderName, fingerprintKey),
    },
    validateTime: new Date().toISOString(),
    ...(verdict.declineReason !== undefined && { declineReason: verdict.declineReason }),
  };
  return { send: [envelopes.outcome("validation-result", result, { correlationId: body.paymentId, input: message })] };
}
