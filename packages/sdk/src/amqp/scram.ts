/** SCRAM (RFC 5802, RFC 7677): both sides prove that they know the password, and neither sends it. */
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

const deriveKey = promisify(pbkdf2);

/** The hash of each mechanism. */
export const SCRAM_HASHES = { "SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512" } as const;

export type ScramHash = (typeof SCRAM_HASHES)[keyof typeof SCRAM_HASHES];

/** Fewer make the password easy to guess for an eavesdropper (RFC 7677, 4). */
const MINIMUM_ITERATIONS = 4_096;
/** A server may not keep its client busy for longer than these take. */
const MAXIMUM_ITERATIONS = 1_000_000;
const NONCE_BYTES = 18;
/** "n,,": no channel binding, and no other identity. */
const GS2_HEADER = "n,,";
const GS2_HEADER_BASE64 = Buffer.from(GS2_HEADER).toString("base64");

/** What the server has to say is not what the mechanism allows, or proves nothing. */
export class ScramError extends Error {}

/** One log-in from the client's side. */
export class ScramClient {
  readonly #hash: ScramHash;
  readonly #password: string;
  readonly #nonce: string;
  readonly #firstBare: string;
  #expected: Buffer | undefined;
  #verified = false;

  /** @param nonce for test vectors alone */
  constructor(
    hash: ScramHash,
    username: string,
    password: string,
    nonce = randomBytes(NONCE_BYTES).toString("base64"),
  ) {
    this.#hash = hash;
    this.#password = password;
    this.#nonce = nonce;
    this.#firstBare = `n=${escaped(prepared(username))},r=${nonce}`;
  }

  first(): Buffer {
    return Buffer.from(GS2_HEADER + this.#firstBare);
  }

  /** Answers the server's first message. @throws ScramError */
  async final(challenge: Buffer): Promise<Buffer> {
    const serverFirst = challenge.toString("utf8");
    const { r: nonce, s: salt, i: iterations } = attributes(serverFirst);
    if (nonce === undefined || !nonce.startsWith(this.#nonce) || nonce === this.#nonce) {
      throw new ScramError("the server did not take up the client's nonce");
    }
    const rounds = Number(iterations);
    if (salt === undefined || !Number.isInteger(rounds) || rounds < MINIMUM_ITERATIONS || rounds > MAXIMUM_ITERATIONS) {
      throw new ScramError(
        `the server asks for ${rounds} iterations; ${MINIMUM_ITERATIONS} to ${MAXIMUM_ITERATIONS} are done`,
      );
    }
    const keys = await scramKeys(this.#hash, this.#password, Buffer.from(salt, "base64"), rounds);
    const withoutProof = `c=${GS2_HEADER_BASE64},r=${nonce}`;
    const message = `${this.#firstBare},${serverFirst},${withoutProof}`;
    this.#expected = hmac(this.#hash, keys.serverKey, message);
    const proof = xor(keys.clientKey, hmac(this.#hash, keys.storedKey, message));
    return Buffer.from(`${withoutProof},p=${proof.toString("base64")}`);
  }

  /** Takes the server's last message. @throws ScramError where it proves nothing. */
  verify(serverFinal: Buffer): void {
    const { v: signature } = attributes(serverFinal.toString("utf8"));
    const given = Buffer.from(signature ?? "", "base64");
    if (
      this.#expected === undefined ||
      given.length !== this.#expected.length ||
      !timingSafeEqual(given, this.#expected)
    ) {
      throw new ScramError("the server did not prove that it knows the password");
    }
    this.#verified = true;
  }

  get verified(): boolean {
    return this.#verified;
  }
}

interface ScramKeys {
  readonly clientKey: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

async function scramKeys(hash: ScramHash, password: string, salt: Buffer, iterations: number): Promise<ScramKeys> {
  const length = hash === "sha256" ? 32 : 64;
  const salted = await deriveKey(prepared(password), salt, iterations, length, hash);
  const clientKey = hmac(hash, salted, "Client Key");
  return {
    clientKey,
    storedKey: createHash(hash).update(clientKey).digest(),
    serverKey: hmac(hash, salted, "Server Key"),
  };
}

/** One log-in from the server's side. */
export class ScramServer {
  readonly #hash: ScramHash;
  readonly #passwordOf: (username: string) => string | undefined;
  #firstBare = "";
  #first = "";
  #nonce = "";
  #keys: ScramKeys | undefined;
  /** Who asks to be let in. */
  username = "";

  constructor(hash: ScramHash, passwordOf: (username: string) => string | undefined) {
    this.#hash = hash;
    this.#passwordOf = passwordOf;
  }

  async first(clientFirst: Buffer): Promise<Buffer> {
    const text = clientFirst.toString("utf8");
    if (!text.startsWith(GS2_HEADER)) throw new ScramError("only `n,,` is spoken here");
    this.#firstBare = text.slice(GS2_HEADER.length);
    const { n: name = "", r: nonce = "" } = attributes(this.#firstBare);
    this.username = name.replaceAll("=2C", ",").replaceAll("=3D", "=");
    const salt = randomBytes(16);
    // Whoever is not known is asked all the same, and finds no proof that is taken.
    const password = this.#passwordOf(this.username) ?? randomBytes(NONCE_BYTES).toString("base64");
    this.#keys = await scramKeys(this.#hash, password, salt, MINIMUM_ITERATIONS);
    this.#nonce = nonce + randomBytes(NONCE_BYTES).toString("base64");
    this.#first = `r=${this.#nonce},s=${salt.toString("base64")},i=${MINIMUM_ITERATIONS}`;
    return Buffer.from(this.#first);
  }

  /** The server's proof; undefined where the client's is none. */
  final(clientFinal: Buffer): Buffer | undefined {
    const text = clientFinal.toString("utf8");
    const { c: binding, r: nonce, p: proof = "" } = attributes(text);
    const keys = this.#keys;
    if (keys === undefined || binding !== GS2_HEADER_BASE64 || nonce !== this.#nonce) return undefined;
    const message = `${this.#firstBare},${this.#first},${text.slice(0, text.lastIndexOf(",p="))}`;
    const given = Buffer.from(proof, "base64");
    const signature = hmac(this.#hash, keys.storedKey, message);
    if (given.length !== signature.length) return undefined;
    const stored = createHash(this.#hash).update(xor(given, signature)).digest();
    if (!timingSafeEqual(stored, keys.storedKey)) return undefined;
    return Buffer.from(`v=${hmac(this.#hash, keys.serverKey, message).toString("base64")}`);
  }
}

/** `a=value,b=value`, each named by a letter; the first of each counts. */
function attributes(text: string): Readonly<Record<string, string | undefined>> {
  const found: Record<string, string> = {};
  for (const part of text.split(",")) if (part[1] === "=") found[part[0] as string] ??= part.slice(2);
  return found;
}

function hmac(hash: ScramHash, key: Buffer, text: string): Buffer {
  return createHmac(hash, key).update(text).digest();
}

function xor(one: Buffer, other: Buffer): Buffer {
  return Buffer.from(one.map((byte, place) => byte ^ (other[place] as number)));
}

/** What is the same to a reader is the same here (RFC 4013 rests on NFKC). */
function prepared(text: string): string {
  return text.normalize("NFKC");
}

function escaped(name: string): string {
  return name.replaceAll("=", "=3D").replaceAll(",", "=2C");
}
