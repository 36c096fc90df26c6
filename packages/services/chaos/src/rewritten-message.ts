/** A message of the system with another body, sealed or signed as its writer would: another release of it wrote it. */

import type { Message, OutgoingMessage } from "@quittance/sdk";
import { keyRing } from "../../dist/platform/key-ring.js";
import { openCard, sealCard } from "../../dist/shared/card-seal.js";
import { type EnvelopeHeaders, Envelopes } from "../../dist/shared/envelope.js";
import { messageKeys } from "../../dist/shared/message-keys.js";
import { MESSAGE_KINDS } from "../../dist/shared/message-kinds.js";
import type { ServiceName } from "../../dist/shared/queue-map.js";
import { messageKeysOf, type StackKeys } from "../../dist/stack/service-table.js";
import type { MessageKind } from "../../dist/topology/channel-table.js";

type Json = Readonly<Record<string, unknown>>;

/** `headers` are those that the message is to have; its kind stays. */
export async function rewrittenMessage(
  keys: StackKeys,
  message: Message,
  body: Json,
  headers: EnvelopeHeaders,
): Promise<OutgoingMessage> {
  const kind = message.type as MessageKind;
  const facts = MESSAGE_KINDS[kind];
  if (facts === undefined) throw new Error(`${message.type} is no kind of message of this system.`);
  const content = facts.proof === "seal" ? await resealed(keys, message.json() as Json, body) : body;
  return envelopesOf(facts.writer, keys).message(kind, content, headers);
}

async function resealed(keys: StackKeys, old: Json, body: Json): Promise<Json> {
  const ring = keyRing().parse(keys.CARD_SEALING_KEYS);
  const card = await openCard(String(old.sealedCard), ring.all, old);
  return { ...body, sealedCard: await sealCard(card, ring.first.bytes, body) };
}

function envelopesOf(service: ServiceName, { MESSAGE_SECRET }: StackKeys): Envelopes {
  return new Envelopes(service, messageKeys(service).parse(messageKeysOf(service, MESSAGE_SECRET)));
}
