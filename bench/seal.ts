/**
 * What it costs to seal and to open a card (direct symmetric encryption against a public key, jose and node:crypto), and
 * to sign a message and to check its signature.
 */
import { randomBytes } from "node:crypto";
import { openCard, sealCard } from "@quittance/services/dist/shared/card-seal.js";
import { Envelopes } from "@quittance/services/dist/shared/envelope.js";
import { messageKeys } from "@quittance/services/dist/shared/message-keys.js";
import type { ServiceName } from "@quittance/services/dist/shared/queue-map.js";
import { messageKeysOf } from "@quittance/services/dist/stack/service-table.js";
import { CompactEncrypt, compactDecrypt, generateKeyPair } from "jose";

const CARD = { number: "4242424242424242", expiryMonth: 12, expiryYear: 2030, holderName: "Ada Lovelace" };
/** As large as a payment's. */
const MESSAGE = {
  version: 1,
  paymentId: "pay_abcdefghijklmnopqrstuvwxyz234567",
  requestId: "order-4711",
  merchantId: "m-0001",
  parametersHash: "h".repeat(43),
  amount: { currencyCode: "EUR", minorUnits: "1250" },
  description: "Two books and a bag",
  acceptTime: "2026-05-15T10:00:00.000Z",
  deadline: "2026-05-15T10:01:00.000Z",
};
/** The largest of the signed messages that every payment walks through. */
const BANK_RESULT = {
  ...MESSAGE,
  card: { brand: "visa", lastFour: "4242", expiryMonth: 12, expiryYear: 2030, fingerprint: "f".repeat(43) },
  validateTime: "2026-05-15T10:00:00.100Z",
  captureTime: "2026-05-15T10:00:00.200Z",
};
const MESSAGE_SECRET = randomBytes(32).toString("base64");
const PLAINTEXT = new TextEncoder().encode(JSON.stringify(CARD));
const ENCRYPTION = "A256GCM";

interface Cost {
  readonly wallMicroseconds: number;
  readonly cpuMicroseconds: number;
}

/** Measures each way one after the other, a card at a time, after a warm-up. */
export async function benchSeal(): Promise<Readonly<Record<string, Cost>>> {
  const key = new Uint8Array(randomBytes(32));
  const rsa = await generateKeyPair("RSA-OAEP-256");
  const p256 = await generateKeyPair("ECDH-ES", { crv: "P-256" });
  const x25519 = await generateKeyPair("ECDH-ES", { crv: "X25519" });
  const seal = (alg: string, to: Parameters<CompactEncrypt["encrypt"]>[0]) => () =>
    new CompactEncrypt(PLAINTEXT).setProtectedHeader({ alg, enc: ENCRYPTION }).encrypt(to);
  const imported = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]);
  const keys = [{ bytes: key }];
  const sealed = await sealCard(CARD, key, MESSAGE);
  const text = JSON.stringify(BANK_RESULT);
  const signature = envelopesOf("client-bank").sign("bank-result", text, undefined);
  const received = { text, properties: signature, correlationId: undefined };
  const [writer, reader] = [envelopesOf("client-bank"), envelopesOf("merchant-bank")];
  const sealedToRsa = await seal("RSA-OAEP-256", rsa.publicKey)();
  return {
    "seal dir, node:crypto (ours)": await cost(10_000, () => sealCard(CARD, key, MESSAGE)),
    "seal dir, jose": await cost(2_000, seal("dir", imported)),
    "seal RSA-OAEP-256 2048, jose": await cost(500, seal("RSA-OAEP-256", rsa.publicKey)),
    "seal ECDH-ES P-256, jose": await cost(500, seal("ECDH-ES", p256.publicKey)),
    "seal ECDH-ES X25519, jose": await cost(500, seal("ECDH-ES", x25519.publicKey)),
    "open dir, node:crypto (ours)": await cost(10_000, () => openCard(sealed, keys, MESSAGE)),
    "open dir, jose": await cost(2_000, () => compactDecrypt(sealed, imported)),
    "open RSA-OAEP-256 2048, jose": await cost(200, () => compactDecrypt(sealedToRsa, rsa.privateKey)),
    "sign bank-result": await cost(20_000, async () => writer.sign("bank-result", text, undefined)),
    "check bank-result": await cost(20_000, async () => reader.problemOf("bank-result", received)),
  };
}

function envelopesOf(service: ServiceName): Envelopes {
  return new Envelopes(service, messageKeys(service).parse(messageKeysOf(service, MESSAGE_SECRET)));
}

async function cost(times: number, work: () => Promise<unknown>): Promise<Cost> {
  for (let warm = 0; warm < times / 2; warm++) await work();
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  for (let done = 0; done < times; done++) await work();
  const wallMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(cpu);
  const rounded = (microseconds: number) => Math.round((microseconds / times) * 10) / 10;
  return { wallMicroseconds: rounded(wallMs * 1_000), cpuMicroseconds: rounded(user + system) };
}
