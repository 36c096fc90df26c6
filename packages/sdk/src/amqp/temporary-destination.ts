import { diag } from "@opentelemetry/api";
import type { Destination } from "../destination.js";
import { MessagingError } from "../errors.js";
import { jitteredDelayMs } from "./connection-settings.js";
import type { Line } from "./line.js";
import { attachSender, type LinkHandle } from "./link-handle.js";
import type { LinkHost, ManagedLink } from "./link-host.js";
import { temporaryOptions } from "./rhea-engine.js";
import type { RheaSender } from "./rhea-types.js";

type TemporaryKind = "temporary-queue" | "temporary-topic";

/**
 * A queue or topic that the broker makes for a sending link with a dynamic target and drops with it. (A dynamic source
 * would always be a queue: only a target can become a topic.)
 */
export class AmqpTemporaryDestination<Kind extends TemporaryKind = TemporaryKind> implements Destination, ManagedLink {
  readonly kind: Kind;
  readonly #host: LinkHost;
  readonly #onDelete: (deleted: AmqpTemporaryDestination) => void;
  #handle: LinkHandle<RheaSender> | undefined;
  #address = "";
  #deleted = false;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;

  constructor(kind: Kind, host: LinkHost, onDelete: (deleted: AmqpTemporaryDestination) => void) {
    this.kind = kind;
    this.#host = host;
    this.#onDelete = onDelete;
  }

  get #name(): string {
    return this.kind.replace("-", " ");
  }

  get address(): string {
    return this.#address;
  }

  async attach(line: Line): Promise<void> {
    let own: LinkHandle<RheaSender> | undefined;
    const handle = await attachSender(line, {
      doing: `Making a ${this.#name}`,
      address: undefined,
      timeoutMs: this.#host.attachTimeoutMs,
      capacity: 1,
      link: temporaryOptions(this.kind),
      onDetached: (error) => this.#detached(own, error),
    });
    own = handle;
    const address = handle.link.target?.address;
    if (typeof address !== "string" || address === "") {
      void handle.close();
      throw new MessagingError("not-supported", `The broker gave a ${this.#name} no address.`);
    }
    if (this.#deleted) return handle.close();
    this.#handle = handle;
    this.#address = address;
    this.#failures = 0;
  }

  async restore(line: Line): Promise<void> {
    try {
      await this.attach(line);
    } catch (error) {
      if (line.lost === undefined) this.#tryLater(error);
    }
  }

  lost(): void {
    clearTimeout(this.#retry);
    this.#handle = undefined;
  }

  end(): void {
    this.#deleted = true;
    clearTimeout(this.#retry);
  }

  async delete(): Promise<void> {
    if (this.#deleted) return;
    this.end();
    this.#onDelete(this);
    await this.#handle?.close();
  }

  #detached(handle: LinkHandle<RheaSender> | undefined, error: MessagingError): void {
    if (handle === this.#handle) this.#tryLater(error);
  }

  /** Somebody deleted it at the broker: a new one takes its place, as after a reconnection. */
  #tryLater(error: unknown): void {
    if (this.#deleted) return;
    this.#handle = undefined;
    this.#failures++;
    diag.warn(`A ${this.#name} was lost and is made anew.`, error);
    this.#retry = setTimeout(
      () => {
        const { line } = this.#host;
        if (line !== undefined) void this.restore(line);
      },
      jitteredDelayMs(this.#failures, this.#host.backOff),
    );
  }
}
