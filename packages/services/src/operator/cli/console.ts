/** `console`: the operator's web page, served until it is told to stop. */

import { OPERATOR_SCOPES } from "../../shared/scopes.js";
import { addressWithToken, consoleOperator, DEFAULT_CONSOLE_PORT } from "../console/console-address.js";
import { mintToken } from "../development-token.js";
import { type Command, type CommandCall, EXIT, numberOption, toJson, UsageError } from "./command.js";

/** What the process tells its parent over IPC once it serves. */
export interface ConsoleReadyMessage {
  readonly type: "ready";
  readonly port: number;
  /** Where a browser finds it, without a path. */
  readonly url: string;
}

export const consoleCommand: Command = {
  name: "console",
  summary: "The operator's web page: what runs, payments, dead letters, the books.",
  usage: "[--port <n>]",
  help: `Serves the page on LISTEN_HOST [127.0.0.1] until Ctrl-C, over TLS where TLS_CERT_FILE is set. Sign in with an
operator's token (see token --help): operations:read to look, operations:write to replay and discard dead letters, and the
scopes of the API for what the API does. Beside a stack of npm start the printed address holds a token for development.

Beside a stack it finds what it needs there. Elsewhere it reads, besides what every command does, GATEWAY_URL, AUTH_JWKS,
AUTH_ISSUER, AUTH_AUDIENCE, SERVICE_HEALTH_URLS and more: see docs/operating/console.md.

  --port <n>   Where it listens [${DEFAULT_CONSOLE_PORT}]; 0 takes a free port.
`,
  options: { port: { type: "string" } },
  async run(call) {
    if (call.positionals.length > 0) throw new UsageError("console takes no arguments besides options.");
    const port = numberOption(call, "port", { minimum: 0, maximum: 65_535, otherwise: DEFAULT_CONSOLE_PORT });
    // Loaded when it is needed: the other commands start without a server.
    const [{ readConsoleSettings }, { serveConsole }, { createLogger }] = await Promise.all([
      import("../console/console-configuration.js"),
      import("../console/serve-console.js"),
      import("../../platform/log.js"),
    ]);
    const stopped = untilStopped();
    const { configuration } = call;
    const settings = await readConsoleSettings(configuration, port);
    const log = createLogger("console", settings.logLevel);
    const server = await serveConsole({ settings, configuration, log });
    const { port: listening, url } = server;
    if (process.send === undefined) {
      const address = await addressOf(call, url);
      call.terminal.out(call.json ? `${toJson({ port: listening, address })}\n` : `The console: ${address}\n`);
    } else process.send({ type: "ready", port: listening, url } satisfies ConsoleReadyMessage);
    await stopped;
    await server.close();
    return EXIT.ok;
  },
};

/** With a token where a stack of this machine signs tokens. */
async function addressOf({ configuration }: CommandCall, url: string): Promise<string> {
  const stack = await configuration.runningStack();
  if (stack === undefined) return `${url}/`;
  const claims = { ...stack.signer, merchantId: consoleOperator(), scopes: OPERATOR_SCOPES };
  return addressWithToken(url, await mintToken(stack.signer, claims));
}

/** Resolves when the process is told to stop, or the parent that started it over IPC is gone. */
function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
    process.once("disconnect", () => resolve());
  });
}
