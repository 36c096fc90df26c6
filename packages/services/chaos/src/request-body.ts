import type { IncomingMessage } from "node:http";

/** A request's body as text; undefined when its sender was killed in the middle of it, so that nothing was said. */
export async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks).toString("utf8");
}
