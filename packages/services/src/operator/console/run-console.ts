/** The life of the console's process: configuration, start, its address told, and the end. */
import { createLogger } from "../../platform/log.js";
import { OPERATOR_SCOPES } from "../../shared/scopes.js";
import { type CommandCall, toJson } from "../cli/command.js";
import { mintToken } from "../development-token.js";
import { addressWithToken, consoleOperator } from "./console-address.js";
import { readConsoleSettings } from "./console-configuration.js";
import { serveConsole } from "./serve-console.js";

/** What the process tells its parent over IPC once it serves. */
export interface ConsoleReadyMessage {
  readonly type: "ready";
  readonly port: number;
  /** Where a browser finds it, without a path. */
  readonly url: string;
}

/** Serves until the process is told to stop, or the parent that started it over IPC is gone. @throws ConfigurationError */
export async function runConsole(call: CommandCall, port: number): Promise<void> {
  const { configuration, terminal, json } = call;
  const stopped = untilStopped();
  const settings = await readConsoleSettings(configuration, port);
  const log = createLogger("console", settings.logLevel);
  const server = await serveConsole({ settings, configuration, log });
  const { port: listening, url } = server;
  if (process.send === undefined) {
    const address = await addressOf(call, url);
    terminal.out(json ? `${toJson({ port: listening, address })}\n` : `The console: ${address}\n`);
  } else process.send({ type: "ready", port: listening, url } satisfies ConsoleReadyMessage);
  await stopped;
  await server.close();
}

/** With a token where a stack of this machine signs tokens. */
async function addressOf({ configuration }: CommandCall, url: string): Promise<string> {
  const stack = await configuration.runningStack();
  if (stack === undefined) return `${url}/`;
  const claims = { ...stack.signer, merchantId: consoleOperator(), scopes: OPERATOR_SCOPES };
  return addressWithToken(url, await mintToken(stack.signer, claims));
}

function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
    process.once("disconnect", () => resolve());
  });
}
