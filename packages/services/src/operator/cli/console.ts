/** `console`: the operator's web page, served until it is told to stop. */

import { DEFAULT_CONSOLE_PORT } from "../console/console-address.js";
import { type Command, EXIT, numberOption, UsageError } from "./command.js";

export const consoleCommand: Command = {
  name: "console",
  summary: "The operator's web page: what runs, payments, dead letters, the books.",
  usage: "[--port <n>]",
  help: `Serves the page on LISTEN_HOST [127.0.0.1] until Ctrl-C, over TLS where TLS_CERT_FILE is set. Sign in with an
operator's token (see token --help): operations:read to look, operations:write to replay and discard dead letters, and the
scopes of the API for what the API does. Beside a stack of npm start the printed address holds a token for development.

Beside a stack it finds what it needs there. Elsewhere it reads, beside what every command does, GATEWAY_URL, AUTH_JWKS,
AUTH_ISSUER, AUTH_AUDIENCE, SERVICE_HEALTH_URLS and more: see docs/operating/console.md.

  --port <n>   Where it listens [${DEFAULT_CONSOLE_PORT}]; 0 takes a free port.
`,
  options: { port: { type: "string" } },
  async run(call) {
    if (call.positionals.length > 0) throw new UsageError("console takes no arguments but options.");
    const port = numberOption(call, "port", { minimum: 0, maximum: 65_535, otherwise: DEFAULT_CONSOLE_PORT });
    // Loaded when it is needed: the other commands start without a server.
    const { runConsole } = await import("../console/run-console.js");
    await runConsole(call, port);
    return EXIT.ok;
  },
};
