/** A merchant's own webhook endpoint. It checks what it gets, and in a storm it takes nothing. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import { Announcements } from "./announcements.js";
import { bodyOf } from "./request-body.js";

/** What an endpoint does in a storm. */
export const STORMS = ["answers 500", "hangs", "resets"] as const;
export type StormKind = (typeof STORMS)[number];

export class MerchantEndpoint {
  readonly merchantId: string;
  /** What it took. */
  readonly announced = new Announcements();
  readonly #server = createServer((request, response) => void this.#receive(request, response));
  #registered: { readonly id: string; readonly webhook: Webhook } | undefined;
  #storm: StormKind | undefined;
  #taken = 0;
  #refused = 0;
  #complaints: string[] = [];

  private constructor(merchantId: string) {
    this.merchantId = merchantId;
  }

  /** Listens on a free port of loopback. */
  static async start(merchantId: string): Promise<MerchantEndpoint> {
    const endpoint = new MerchantEndpoint(merchantId);
    endpoint.#server.listen(0, "127.0.0.1");
    await once(endpoint.#server, "listening");
    return endpoint;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** What the API answered when it was created. */
  registered({ id, secret }: { readonly id: string; readonly secret: string }): void {
    this.#registered = { id, webhook: new Webhook(secret) };
  }

  /** As the API names it. */
  get id(): string {
    return this.#registered?.id ?? "";
  }

  /** Webhooks that it took, the same one twice counted twice. */
  get taken(): number {
    return this.#taken;
  }

  /** Webhooks that it did not take. */
  get refused(): number {
    return this.#refused;
  }

  /** What was wrong with what it was sent since the last time. */
  takeComplaints(): string[] {
    return this.#complaints.splice(0);
  }

  /** Takes nothing from now on. */
  beginStorm(kind: StormKind): void {
    this.#storm = kind;
  }

  /** Takes everything again. What hangs is cut off. */
  endStorm(): void {
    if (this.#storm === undefined) return;
    this.#storm = undefined;
    this.#server.closeAllConnections();
  }

  close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    return closed;
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    if (body === undefined) return;
    this.#check(request, body);
    if (this.#storm !== undefined) return this.#refuse(response, this.#storm);
    const { type, data } = JSON.parse(body) as { readonly type: string; readonly data: { readonly id: string } };
    this.announced.note(data.id, { id: String(request.headers["webhook-id"]), type });
    this.#taken += 1;
    response.writeHead(204).end();
  }

  #refuse(response: ServerResponse, storm: StormKind): void {
    this.#refused += 1;
    if (storm === "answers 500") response.writeHead(500).end();
    else if (storm === "resets") response.socket?.resetAndDestroy();
  }

  #check({ headers }: IncomingMessage, body: string): void {
    try {
      this.#registered?.webhook.verify(body, headers as Record<string, string>);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#complaints.push(`${this.merchantId} got the webhook ${headers["webhook-id"]}: ${why}`);
    }
  }
}
