/** Where the API is, and who calls: from the environment, or from the stack that `npm start` runs. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UsageError } from "./command.js";

export interface Settings {
  readonly url: string;
  readonly token: string;
  /** The file of the authority by which the door's certificate is checked, of a stack with TLS. */
  readonly authority?: string | undefined;
}

/**
 * `QUITTANCE_URL` with `QUITTANCE_TOKEN` or `QUITTANCE_TOKEN_FILE`; or what the run file of a stack says, which is looked
 * for in `QUITTANCE_FOLDER`, and otherwise in `.quittance` of `folder` and those above it.
 * @throws UsageError when neither is there.
 */
export async function settingsOf(environment: NodeJS.ProcessEnv, folder: string): Promise<Settings> {
  const { QUITTANCE_URL: url } = environment;
  const token = await tokenIn(environment);
  if (url && token) return { url, token };
  const stack = await runningStack(environment, folder);
  if (stack !== undefined && !url) return { ...stack, token: token ?? stack.token };
  throw new UsageError(
    url
      ? "QUITTANCE_TOKEN is not set: set it to a merchant's token, or QUITTANCE_TOKEN_FILE to a file that holds it."
      : "QUITTANCE_URL is not set, and no stack runs here: set QUITTANCE_URL and QUITTANCE_TOKEN, or run npm start.",
  );
}

async function tokenIn({ QUITTANCE_TOKEN, QUITTANCE_TOKEN_FILE }: NodeJS.ProcessEnv): Promise<string | undefined> {
  if (QUITTANCE_TOKEN) return QUITTANCE_TOKEN;
  if (!QUITTANCE_TOKEN_FILE) return undefined;
  const text = await readFile(QUITTANCE_TOKEN_FILE, "utf8").catch(() => {
    throw new UsageError(`QUITTANCE_TOKEN_FILE is "${QUITTANCE_TOKEN_FILE}", which cannot be read.`);
  });
  return text.trim();
}

async function runningStack({ QUITTANCE_FOLDER }: NodeJS.ProcessEnv, folder: string): Promise<Settings | undefined> {
  if (QUITTANCE_FOLDER) return readRunFile(join(QUITTANCE_FOLDER, "run.json"));
  const found = await readRunFile(join(folder, ".quittance/run.json"));
  const above = dirname(folder);
  return found ?? (above === folder ? undefined : runningStack({}, above));
}

async function readRunFile(path: string): Promise<Settings | undefined> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const { http, token, authority } = JSON.parse(text) as { http: string; token: string; authority?: string };
  return { url: http, token, authority };
}
