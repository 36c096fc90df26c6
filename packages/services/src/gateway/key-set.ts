/** Where the keys come from that tokens are checked against, and how what is known of them is kept up to date. */
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  type FetchImplementation,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
} from "jose";

/** The keys that tokens may be signed with. */
export interface KeySet {
  /** Finds a token's key. @throws JOSEError when there is none; what a read of the keys fails with. */
  readonly keyOf: JWTVerifyGetKey;
  /** Changes whenever the keys do: what was checked under another version must be checked again. */
  version(): number;
  /**
   * Keeps the keys from growing older than they may be. Undefined when they are young enough, which is nearly
   * always; they are read again in the background from half their age on, so that a source that is away for a while
   * is not noticed.
   * @throws (rejects with) what the read fails with, when the keys are too old to be used.
   */
  refresh(): Promise<void> | undefined;
}

/** Makes the key set of a setting; its keys are never used longer than `maximumAgeMs` after they were read. */
export type OpenKeySet = (options: { readonly maximumAgeMs: number }) => KeySet;

/** After a read that failed, the next is tried so much later. */
const READ_PAUSE_MS = 1_000;
/** A token with a key that is not known makes the keys be read again, this often at most. */
const UNKNOWN_KEY_PAUSE_MS = 30_000;

/**
 * Understands a setting that is a JWKS (RFC 7517): its JSON, which stays as it is; the URL that it is fetched from when
 * first needed; or the path of a file. URL and file are read again while the gateway runs.
 * @throws Error with a sentence for the operator when it is none of these.
 */
export function readKeySet(setting: string): OpenKeySet {
  const text = setting.trim();
  if (text.startsWith("{")) {
    const keyOf = localKeys(text);
    return () => ({ keyOf, version: () => 0, refresh: () => undefined });
  }
  if (/^https?:/.test(text)) {
    const url = new URL(text);
    // Whoever can change an answer on its way could sign tokens of any merchant.
    if (url.protocol !== "https:" && !["localhost", "127.0.0.1", "[::1]"].includes(url.hostname)) {
      throw new Error("a URL must be https, or http on this machine");
    }
    return ({ maximumAgeMs }) => new RereadKeys(url, fetch, maximumAgeMs);
  }
  const path = resolve(text);
  try {
    localKeys(readFileSync(path, "utf8"));
  } catch (error) {
    throw new Error(`cannot be read as a file: ${error instanceof Error ? error.message : String(error)}`);
  }
  const readAgain = async () => new Response(await readFile(path));
  return ({ maximumAgeMs }) => new RereadKeys(pathToFileURL(path), readAgain, maximumAgeMs);
}

function localKeys(text: string): JWTVerifyGetKey {
  try {
    return createLocalJWKSet(JSON.parse(text) as JSONWebKeySet);
  } catch {
    throw new Error("must be a JSON Web Key Set, an https URL or a file");
  }
}

/** Keys that are read again: jose reads them and bounds their age, this class reads ahead and reports changes. */
class RereadKeys implements KeySet {
  readonly keyOf: JWTVerifyGetKey;
  readonly #keys: ReturnType<typeof createRemoteJWKSet>;
  readonly #maximumAgeMs: number;
  #text = "";
  #version = 0;
  #nextReadMs = 0;
  #failure: unknown;

  constructor(url: URL, read: FetchImplementation, maximumAgeMs: number) {
    this.#maximumAgeMs = maximumAgeMs;
    this.#keys = createRemoteJWKSet(url, {
      cacheMaxAge: maximumAgeMs,
      cooldownDuration: Math.min(UNKNOWN_KEY_PAUSE_MS, maximumAgeMs),
      [customFetch]: async (...request) => this.#note(await read(...request)),
    });
    this.keyOf = this.#keys;
  }

  version(): number {
    return this.#version;
  }

  refresh(): Promise<void> | undefined {
    const isDue = Date.now() >= this.#nextReadMs;
    if (this.#keys.fresh) {
      // A failure now is none yet: the keys may be used for as long as they were, and the next call tries again.
      if (isDue) this.#read().catch(() => undefined);
      return undefined;
    }
    return isDue || this.#keys.reloading ? this.#read() : Promise.reject(this.#failure);
  }

  async #read(): Promise<void> {
    this.#nextReadMs = Date.now() + READ_PAUSE_MS;
    try {
      await this.#keys.reload();
      this.#nextReadMs = Date.now() + this.#maximumAgeMs / 2;
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  /** Sees in an answer whether the keys have changed. */
  async #note(response: Response): Promise<Response> {
    const text = await response.text();
    if (response.status === 200 && text !== this.#text) {
      this.#text = text;
      this.#version++;
    }
    return new Response(text, { status: response.status });
  }
}
