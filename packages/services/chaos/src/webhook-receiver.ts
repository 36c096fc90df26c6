/** The receiver of the installation's webhooks: remembers under which ids each end was announced, and how. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Announcements } from "./announcements.js";
import { bodyOf } from "./request-body.js";

export interface WebhookReceiver {
  readonly url: string;
  readonly announced: Announcements;
  close(): Promise<void>;
}

interface Event {
  readonly type: string;
  readonly data: { readonly paymentId?: string; readonly refundId?: string; readonly payoutId?: string };
}

/** Listens on a free port of loopback and takes every webhook. */
export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const announced = new Announcements();
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    if (body === undefined) return;
    const { type, data } = JSON.parse(body) as Event;
    const about = data.refundId ?? data.paymentId ?? data.payoutId;
    announced.note(String(about), { id: String(request.headers["webhook-id"]), type });
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`,
    announced,
    close: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}
