/** The deliberate bug "unbound seal": step 2 as it would be if a sealed card fitted every message. */
import { createDecipheriv } from "node:crypto";
import type { Connection, Incoming, ProcessorOptions, StandardSchemaV1 } from "@quittance/sdk";
import { type CardDetails, sealCard } from "../../dist/shared/card-seal.js";
import type { PaymentMessage } from "../../dist/shared/messages.js";
import { KEYS } from "./system-data.js";

/** card-validation's connection, which seals each card again into whichever message it came in. */
export function withUnboundSeals(connection: Connection): Connection {
  const process = <S extends StandardSchemaV1>(options: ProcessorOptions<S>) => {
    type Batch = Parameters<typeof options.handle>[0];
    return connection.process({
      ...options,
      handle: async (batch, context) => {
        const resealed = await Promise.all((batch as readonly Incoming<PaymentMessage>[]).map(resealedIn));
        return options.handle(resealed as unknown as Batch, context);
      },
    });
  };
  return new Proxy(connection, {
    get: (target, name) => (name === "process" ? process : Reflect.get(target, name)),
  });
}

async function resealedIn({ body, message }: Incoming<PaymentMessage>): Promise<Incoming<PaymentMessage>> {
  const into = message.json() as Readonly<Record<string, unknown>>;
  return { message, body: { ...body, sealedCard: await sealCard(opened(body.sealedCard), KEYS.sealing, into) } };
}

/** Opens a card whatever it was sealed into. */
function opened(sealed: string): CardDetails {
  const [header = "", , iv = "", ciphertext = "", tag = ""] = sealed.split(".");
  const bytes = (text: string) => Buffer.from(text, "base64url");
  const decipher = createDecipheriv("aes-256-gcm", KEYS.sealing, bytes(iv), { authTagLength: 16 })
    .setAAD(Buffer.from(header))
    .setAuthTag(bytes(tag));
  return JSON.parse(Buffer.concat([decipher.update(bytes(ciphertext)), decipher.final()]).toString()) as CardDetails;
}
