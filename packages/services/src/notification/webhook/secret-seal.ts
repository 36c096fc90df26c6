/**
 * Secrets of webhooks as the database holds them: JWE under a key that the database does not have. Otherwise a copy of the
 * database, such as a backup, would be enough to sign webhooks of payments that never happened. They are sealed and not
 * hashed, because each delivery is signed with them.
 */
import { CompactEncrypt, compactDecrypt } from "jose";
import { LRUCache } from "lru-cache";
import type { KeyRing } from "../../platform/key-ring.js";

export interface SealedSecret {
  readonly sealed: string;
  /** The id of the key that sealed it, in its list. */
  readonly keyId: string;
}

/** No key of the list opens a secret, or it was changed. */
export class UnopenedSecretError extends Error {
  override readonly name = "UnopenedSecretError";
}

/** Secrets that are kept open: each is opened once for many deliveries. */
const MAXIMUM_OPENED = 10_000;

export class SecretSeal {
  readonly #keys: KeyRing;
  readonly #opened = new LRUCache<string, Uint8Array>({ max: MAXIMUM_OPENED });

  constructor(keys: KeyRing) {
    this.#keys = keys;
  }

  /** The id of the key that seals. */
  get keyId(): string {
    return this.#keys.first.id;
  }

  /** Seals a secret of an endpoint: in another endpoint's row it does not open. */
  async seal(secret: Uint8Array, endpointId: string): Promise<SealedSecret> {
    const { id, bytes } = this.#keys.first;
    const sealed = await new CompactEncrypt(secret)
      .setProtectedHeader({ alg: "dir", enc: "A256GCM", kid: id, endpoint: endpointId })
      .encrypt(bytes);
    return { sealed, keyId: id };
  }

  /** @throws UnopenedSecretError */
  async open(sealed: string, endpointId: string): Promise<Uint8Array> {
    const place = `${endpointId} ${sealed}`;
    const known = this.#opened.get(place);
    if (known !== undefined) return known;
    const secret = await this.#decrypt(sealed, endpointId);
    this.#opened.set(place, secret);
    return secret;
  }

  async #decrypt(sealed: string, endpointId: string): Promise<Uint8Array> {
    const keyOf = ({ kid }: { readonly kid?: string }) => {
      const key = this.#keys.all.find(({ id }) => id === kid);
      if (key === undefined) throw new UnopenedSecretError(`The key ${kid} is not among WEBHOOK_SEALING_KEYS.`);
      return key.bytes;
    };
    try {
      const options = { keyManagementAlgorithms: ["dir"], contentEncryptionAlgorithms: ["A256GCM"] };
      const { plaintext, protectedHeader } = await compactDecrypt(sealed, keyOf, options);
      if (protectedHeader.endpoint === endpointId) return plaintext;
    } catch (error) {
      if (error instanceof UnopenedSecretError) throw error;
      throw new UnopenedSecretError("The secret of a webhook endpoint cannot be opened: its row was changed.");
    }
    throw new UnopenedSecretError("The secret of a webhook endpoint is that of another one: its row was changed.");
  }
}
