/** The console's server for tests: on a free port, in this process, configured by variables as it is everywhere. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configurationOf } from "../../../dist/operator/cli/operator-configuration.js";
import { readConsoleSettings } from "../../../dist/operator/console/console-configuration.js";
import { serveConsole } from "../../../dist/operator/console/serve-console.js";
import { createDevelopmentKeys, mintToken } from "../../../dist/operator/development-token.js";
import { OPERATOR_SCOPES } from "../../../dist/shared/scopes.js";
import { consoleEnvironment } from "../../../dist/stack/console-process.js";
import { type CapturedLog, captureLog } from "../../support/captured-log.js";
import type { TestStack } from "../../support/stack-for-tests.js";

/** What the built app consists of in tests. */
export const APP = {
  "index.html": "<!doctype html><title>the app</title>",
  "assets/app-1a2b.js": "export const app = true;",
  "favicon.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
};

type CallInit = RequestInit & {
  /** The token's scopes [all of an operator]. */
  readonly scopes?: readonly string[];
};

export interface TestConsole {
  readonly url: string;
  readonly log: CapturedLog;
  /** Calls it as the operator anna. */
  call(path: string, init?: CallInit): Promise<Response>;
  /** The JSON of an answer that is 200. */
  // biome-ignore lint/suspicious/noExplicitAny: JSON that each test looks at field by field.
  json(path: string): Promise<any>;
  /** Sends a body as JSON. */
  post(path: string, body: unknown, init?: CallInit): Promise<Response>;
  close(): Promise<void>;
}

/** What an answer with problem details says. */
export async function problemOf(answer: Response): Promise<{
  readonly status: number;
  readonly reason: string;
  readonly scope?: string;
  readonly detail: string;
  readonly violations?: readonly { readonly field: string; readonly description: string }[];
}> {
  if (answer.headers.get("content-type") !== "application/problem+json") throw new Error(await answer.text());
  return JSON.parse(await answer.text());
}

/** Starts a console. @param environment all that it reads. @param tokenOf a token of these scopes. */
export async function openConsole(
  environment: NodeJS.ProcessEnv,
  tokenOf: (scopes: readonly string[]) => Promise<string>,
  appFolder: string,
): Promise<TestConsole> {
  const configuration = await configurationOf(
    { QUITTANCE_FOLDER: "/nonexistent", ...environment },
    "/",
    () => undefined,
  );
  const log = captureLog();
  const settings = await readConsoleSettings(configuration, 0);
  const server = await serveConsole({ settings, configuration, log: log.log, appFolder });
  const call: TestConsole["call"] = async (path, { scopes = OPERATOR_SCOPES, headers, ...init } = {}) =>
    fetch(`${server.url}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${await tokenOf(scopes)}`, ...headers },
    });
  return {
    url: server.url,
    log,
    call,
    json: async (path) => {
      const answer = await call(path);
      if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
      return answer.json();
    },
    post: (path, body, init = {}) =>
      call(path, {
        ...init,
        method: "POST",
        body: JSON.stringify(body),
        headers: { "content-type": "application/json", ...init.headers },
      }),
    close: () => server.close(),
  };
}

/** Gives the suite that calls it a console beside its system, without an app. `others` are variables of its own. */
export function useConsole(system: () => TestStack, others: () => NodeJS.ProcessEnv = () => ({})): () => TestConsole {
  let current: TestConsole | undefined;
  before(async () => {
    const { stack, certificates } = system();
    const tokenOf = (scopes: readonly string[]) => stack.tokenOf("anna", scopes);
    const environment = { ...consoleEnvironment(stack, certificates), ...others() };
    current = await openConsole(environment, tokenOf, "/nonexistent");
  });
  after(() => current?.close());
  return () => {
    if (current === undefined) throw new Error("The console runs only inside hooks and tests.");
    return current;
  };
}

/** The same without a system: the gateway is at `gateway`, and neither database nor broker is there. */
export function useLoneConsole(
  options: { readonly gateway?: () => string; readonly others?: NodeJS.ProcessEnv; readonly withApp?: boolean } = {},
): () => TestConsole {
  let current: TestConsole | undefined;
  let folder: string | undefined;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "quittance-console-"));
    if (options.withApp !== false) await writeApp(folder);
    const keys = await createDevelopmentKeys();
    const claims = { issuer: "issuer", audience: "quittance" };
    const environment = {
      DATABASE_URL: "postgres://nobody@127.0.0.1:1/none",
      BROKER_URL: "amqp://127.0.0.1:1",
      GATEWAY_URL: options.gateway?.() ?? "http://127.0.0.1:1",
      AUTH_JWKS: keys.jwks,
      AUTH_ISSUER: claims.issuer,
      AUTH_AUDIENCE: claims.audience,
      ...options.others,
    };
    const tokenOf = (scopes: readonly string[]) => mintToken(keys, { ...claims, merchantId: "anna", scopes });
    current = await openConsole(environment, tokenOf, folder);
  });
  after(async () => {
    await current?.close();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });
  return () => {
    if (current === undefined) throw new Error("The console runs only inside hooks and tests.");
    return current;
  };
}

async function writeApp(folder: string): Promise<void> {
  await mkdir(join(folder, "assets"));
  for (const [name, text] of Object.entries(APP)) await writeFile(join(folder, name), text);
}
