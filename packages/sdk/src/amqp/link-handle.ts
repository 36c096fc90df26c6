/**
 * Attaches one link in a session of its own. A session for each link keeps a sender without credit from blocking
 * others (rhea's fault 3), and lets two links bear one name (fault 11).
 */
import { startDeadline } from "../deadline.js";
import { MessagingError } from "../errors.js";
import type { AddressPrefixes } from "./address-prefixes.js";
import { detachError, linkError } from "./map-error.js";
import type { AmqpCondition, RheaLink, RheaReceiver, RheaSender, RheaSession, RheaTerminus } from "./rhea-types.js";
import type { Transport } from "./transport.js";

const DETACH_TIMEOUT_MS = 2_000;
/** Deliveries in the direction in which a session carries none. */
const UNUSED_CAPACITY = 16;

export interface AttachOptions {
  /** What is being done, for the error's sentence: `Attaching a producer to payment`. */
  readonly doing: string;
  readonly address: string | undefined;
  readonly timeoutMs: number;
  /** Deliveries that a session may hold unsettled. */
  readonly capacity: number;
  /** rhea's link options: name, source, target. */
  readonly link: object;
  /** Called with the session and its link before anything of them has left. */
  readonly prepare?: (session: RheaSession, link: RheaLink) => void;
  /** Called when the broker ends the link after it was open, while the transport lives. */
  readonly onDetached: (error: MessagingError) => void;
}

/** An attached link: rhea's session and link, and the way to end them. */
export class LinkHandle<L extends RheaLink> {
  readonly session: RheaSession;
  readonly link: L;
  readonly #transport: Transport;
  #open = true;

  constructor(transport: Transport, session: RheaSession, link: L) {
    this.#transport = transport;
    this.session = session;
    this.link = link;
  }

  /** What the broker wants before addresses. */
  get prefixes(): AddressPrefixes {
    return this.#transport.prefixes;
  }

  /** Whether frames may still be sent on the link. */
  get open(): boolean {
    return this.#open && this.#transport.lost === undefined;
  }

  /** The broker ended the link, or the whole session with it: the same is said back. */
  ended(what: "link" | "session"): void {
    this.#open = false;
    if (what === "link") this.link.close();
    this.session.close();
  }

  /**
   * Ends the link and its session, and waits a short while until the broker has said the same. `detach` keeps the
   * broker's side of it (a durable subscription); otherwise that is closed for good.
   */
  async close(options: { readonly detach?: boolean } = {}): Promise<void> {
    if (!this.open) return;
    this.#open = false;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, DETACH_TIMEOUT_MS);
    const forget = this.#transport.onLost(() => resolve());
    this.session.once("session_close", () => resolve());
    if (options.detach === true) this.link.detach();
    else this.link.close();
    this.session.close();
    await promise;
    clearTimeout(timer);
    forget();
  }
}

export function attachSender(transport: Transport, options: AttachOptions): Promise<LinkHandle<RheaSender>> {
  const session = transport.createSession({ incoming: UNUSED_CAPACITY, outgoing: options.capacity });
  return attach(transport, session, session.open_sender(options.link), "sender", options);
}

export function attachReceiver(transport: Transport, options: AttachOptions): Promise<LinkHandle<RheaReceiver>> {
  const session = transport.createSession({ incoming: options.capacity, outgoing: UNUSED_CAPACITY });
  return attach(transport, session, session.open_receiver(options.link), "receiver", options);
}

function attach<L extends RheaLink>(
  transport: Transport,
  session: RheaSession,
  link: L,
  role: "sender" | "receiver",
  options: AttachOptions,
): Promise<LinkHandle<L>> {
  const { promise, resolve, reject } = Promise.withResolvers<LinkHandle<L>>();
  const { doing, address, timeoutMs, onDetached } = options;
  options.prepare?.(session, link);
  const handle = new LinkHandle(transport, session, link);
  let opened = false;
  const inTime = startDeadline(timeoutMs, () => {
    fail(new MessagingError("timed-out", `${doing} was not answered within ${timeoutMs} ms.`, where(address)));
  });
  const forget = transport.onLost((error) => fail(error));
  const settle = () => {
    inTime();
    forget();
  };
  const fail = (error: MessagingError) => {
    settle();
    reject(error);
    if (handle.open) void handle.close();
  };
  const ended = (what: "link" | "session", given: AmqpCondition | undefined) => {
    if (!handle.open) return;
    handle.ended(what);
    if (opened) onDetached(detachError(doing, address, given));
    else fail(linkError(doing, address, given));
  };
  link.on(`${role}_open`, () => {
    if (isRefusal(role === "sender" ? link.target : link.source)) return;
    opened = true;
    settle();
    resolve(handle);
  });
  // rhea throws where nobody listens for errors; the close that follows tells the same.
  link.on(`${role}_error`, () => {});
  link.on(`${role}_close`, () => ended("link", link.error));
  session.on("session_error", () => {});
  session.on("session_close", () => ended("session", session.error));
  if (transport.lost !== undefined) fail(transport.lost);
  return promise;
}

/** A refusal is an attach without the terminus, followed by a detach that says why. rhea has AMQP's null for it. */
function isRefusal(terminus: RheaTerminus | undefined): boolean {
  return terminus === undefined || terminus.value === null;
}

function where(address: string | undefined): { destination?: string } {
  return address === undefined ? {} : { destination: address };
}
