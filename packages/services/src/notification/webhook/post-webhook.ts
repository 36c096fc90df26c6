/** Posts one webhook over HTTP: signed, to public addresses alone, within limits of time and size. */
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import type { Socket } from "node:net";
import type { KeyRing } from "../../platform/key-ring.js";
import { type PostSpan, startPostSpan } from "./post-span.js";
import type { PostedWebhook, PostResult } from "./posted-webhook.js";
import { hasPrivateAddress, lookupPublic, PrivateAddressError } from "./public-address.js";
import { signWebhook } from "./sign-webhook.js";

/** From the first packet to the end of the answer. */
const DEFAULT_TIMEOUT_MS = 5_000;
/** The answer's body says nothing to us: it is read only so that the connection can be used again. */
const MAXIMUM_ANSWER_BYTES = 64 * 1024;
const MAXIMUM_HEADER_BYTES = 16 * 1024;
/** Longest `Retry-After` that is heeded. */
const MAXIMUM_RETRY_AFTER_MS = 60 * 60 * 1_000;

/** A kept connection is closed when it was not used for this long. */
const IDLE_CONNECTION_MS = 60_000;
/** Kept connections to one receiver. */
const IDLE_CONNECTIONS = 8;
/** Kept connections to all of them: merchants may have more endpoints than a process has files. */
const DEFAULT_KEPT_CONNECTIONS = 512;

/** How webhooks are posted to any receiver. */
export interface WebhookClientSettings {
  /** Whether loopback, link-local and private addresses may be posted to. */
  readonly allowPrivate: boolean;
  /** How long one attempt may take [5,000]. */
  readonly timeoutMs?: number;
  /** Connections that are kept while nothing is posted over them [512]; further ones are closed after their webhook. */
  readonly keptConnections?: number;
}

/** Who receives a webhook. */
export interface WebhookDestination {
  readonly url: URL;
  /** Each of them signs. */
  readonly secrets: readonly Uint8Array[];
}

export interface WebhookClient {
  /** Never rejects. `id` is the webhook's idempotency key. */
  post(destination: WebhookDestination, webhook: PostedWebhook): Promise<PostResult>;
  /** Closes the connections that are kept. */
  close(): void;
}

/** The receiver of the installation's webhooks. */
export interface WebhookTarget extends WebhookClientSettings {
  readonly url: URL;
  /** Each of them signs. */
  readonly secrets: KeyRing;
}

export interface WebhookPoster {
  /** Never rejects. `id` is the webhook's idempotency key. */
  post(webhook: PostedWebhook): Promise<PostResult>;
  /** Closes the connections that are kept. */
  close(): void;
}

/** A poster to one receiver. */
export function openWebhookPoster(target: WebhookTarget): WebhookPoster {
  const client = openWebhookClient(target);
  return {
    post: (webhook) => client.post({ url: target.url, secrets: target.secrets.all.map(({ bytes }) => bytes) }, webhook),
    close: () => client.close(),
  };
}

/** What posts to any receiver; connections are kept and used again. Redirects are failures: they are not followed. */
export function openWebhookClient({
  allowPrivate,
  timeoutMs = DEFAULT_TIMEOUT_MS,
  keptConnections = DEFAULT_KEPT_CONNECTIONS,
}: WebhookClientSettings): WebhookClient {
  const agents = keepingAgents(keptConnections);

  function attempt(
    { url, secrets }: WebhookDestination,
    webhook: PostedWebhook,
    span: PostSpan,
  ): Promise<PostResult | "stale"> {
    if (!allowPrivate && hasPrivateAddress(url)) {
      return Promise.resolve({ kind: "failed", reason: "the address of the webhook is not public" });
    }
    const secure = url.protocol === "https:";
    const body = Buffer.from(webhook.payload);
    return new Promise((resolve) => {
      const request = (secure ? requestHttps : requestHttp)(url, {
        method: "POST",
        agent: secure ? agents.https : agents.http,
        maxHeaderSize: MAXIMUM_HEADER_BYTES,
        signal: AbortSignal.timeout(timeoutMs),
        ...(!allowPrivate && { lookup: lookupPublic }),
        headers: {
          ...signWebhook({ ...webhook, timeMs: Date.now(), secrets }),
          "content-type": "application/json",
          "content-length": body.length,
          "user-agent": "quittance-notification",
          ...span.headers,
        },
      });
      let answered = false;
      request.on("response", (answer) => {
        answered = true;
        drainAnswer(answer, () => resolve(judgeAnswer(answer)));
      });
      request.on("error", (error) => {
        // The time-out came within the answer's body: its status is known and counts.
        if (answered) return;
        // The receiver closed a kept connection as it was taken up again: it has seen nothing, or will know the id.
        const code = (error as NodeJS.ErrnoException).code;
        resolve(request.reusedSocket && code === "ECONNRESET" ? "stale" : judgeError(error, timeoutMs));
      });
      request.end(body);
    });
  }

  return {
    async post(destination, webhook) {
      const span = startPostSpan(destination.url, webhook);
      let result = await attempt(destination, webhook, span);
      if (result === "stale") result = await attempt(destination, webhook, span);
      const known = result === "stale" ? ({ kind: "failed", reason: "ECONNRESET" } as const) : result;
      span.end(known);
      return known;
    },
    close: () => {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

/** Two agents that together keep at most `maximum` idle connections open. */
function keepingAgents(maximum: number) {
  const options = { keepAlive: true, maxFreeSockets: IDLE_CONNECTIONS, timeout: IDLE_CONNECTION_MS };
  const agents = { http: new HttpAgent(options), https: new HttpsAgent(options) };
  const freeOf = ({ freeSockets }: HttpAgent) =>
    Object.values(freeSockets).reduce((count, sockets) => count + (sockets?.length ?? 0), 0);
  for (const agent of [agents.http, agents.https]) {
    const keep: (socket: Socket) => unknown = agent.keepSocketAlive.bind(agent);
    agent.keepSocketAlive = (socket: Socket) => freeOf(agents.http) + freeOf(agents.https) < maximum && keep(socket);
  }
  return agents;
}

/** Reads the answer to its end, to its limit, or until the time-out; its status counts in each case. */
function drainAnswer(answer: IncomingMessage, onClosed: () => void): void {
  let received = 0;
  answer.on("data", (chunk: Buffer) => {
    received += chunk.length;
    if (received > MAXIMUM_ANSWER_BYTES) answer.destroy();
  });
  answer.on("error", () => undefined);
  answer.on("close", onClosed);
}

function judgeAnswer(answer: IncomingMessage): PostResult {
  const status = answer.statusCode ?? 0;
  if (status >= 200 && status < 300) return { kind: "delivered", status };
  if (status === 410) return { kind: "gone" };
  const seconds = Number(answer.headers["retry-after"] ?? Number.NaN);
  return {
    kind: "failed",
    reason: `HTTP status ${status}`,
    status,
    ...(seconds > 0 && { retryAfterMs: Math.min(seconds * 1_000, MAXIMUM_RETRY_AFTER_MS) }),
  };
}

function judgeError(error: Error, timeoutMs: number): PostResult {
  if (error.name === "AbortError" || error.name === "TimeoutError") {
    return { kind: "failed", reason: `no answer within ${timeoutMs} ms` };
  }
  if (error instanceof PrivateAddressError) return { kind: "failed", reason: error.message };
  return { kind: "failed", reason: (error as NodeJS.ErrnoException).code ?? error.name };
}
