/** The merchants' receiver of webhooks: remembers under which ids each payment and refund was announced, and how. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What was announced of one payment or refund. */
export interface Announcement {
  /** `webhook-id` headers, each once. */
  readonly ids: Set<string>;
  /** Types of events, each once. */
  readonly types: Set<string>;
  /** Announcements that were received. */
  count: number;
}

export interface WebhookReceiver {
  readonly url: string;
  /** By the id of the payment or refund. */
  readonly announced: ReadonlyMap<string, Announcement>;
  close(): Promise<void>;
}

interface Event {
  readonly type: string;
  readonly data: { readonly paymentId: string; readonly refundId?: string };
}

/** Listens on a free port of loopback and takes every webhook. */
export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const announced = new Map<string, Announcement>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      // The sender was killed in the middle of it: nothing was announced.
      return;
    }
    const { type, data } = JSON.parse(Buffer.concat(chunks).toString("utf8")) as Event;
    const about = data.refundId ?? data.paymentId;
    const known = announced.get(about) ?? { ids: new Set(), types: new Set(), count: 0 };
    known.ids.add(String(request.headers["webhook-id"]));
    known.types.add(type);
    known.count += 1;
    announced.set(about, known);
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
