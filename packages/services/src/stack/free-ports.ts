/** Tells early, and in the words of the options, that a port is taken. */
import { createServer } from "node:net";
import { OptionsError } from "./options.js";

/**
 * Checks that nobody listens on `port` of 127.0.0.1; 0 is always free.
 * @throws OptionsError that names `option`.
 */
export async function requireFreePort(
  option: "--grpc-port" | "--http-port" | "--console-port",
  port: number,
): Promise<void> {
  if (port === 0) return;
  const problem = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    const server = createServer();
    server.once("error", resolve);
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(undefined)));
  });
  if (problem === undefined) return;
  const why = problem.code === "EADDRINUSE" ? "is taken by another process" : `cannot be used (${problem.message})`;
  throw new OptionsError(`Port ${port} ${why}: choose another with ${option} <port>, or ${option} 0 for a free one.`);
}

/** A port of 127.0.0.1 that is free at this moment; another process may take it before it is used. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
