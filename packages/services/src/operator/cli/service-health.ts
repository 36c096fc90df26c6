/** What the services of a running stack say of themselves. */
import { readFile } from "node:fs/promises";
import { get } from "node:http";
import { get as getSecurely } from "node:https";
import type { RunningStack } from "./operator-configuration.js";

const TIMEOUT_MS = 2_000;
/** Characters of an answer. */
const MAXIMUM_TEXT = 20_000;

/** One sentence for each service that is not ready; by its name. */
export async function unreadyServices(stack: RunningStack): Promise<ReadonlyMap<string, string>> {
  const ca = stack.authority === undefined ? undefined : await readFile(stack.authority, "utf8");
  const answers = await Promise.all(
    stack.services.map(async ({ name, health }) => {
      try {
        const { status, text } = await ask(`${health}/readyz`, ca);
        return status === 200 ? undefined : ([name, `is not ready: ${text.trim()}`] as const);
      } catch {
        return [name, "does not run"] as const;
      }
    }),
  );
  return new Map(answers.filter((answer) => answer !== undefined));
}

/** `fetch` would take no authority of the call's own. */
function ask(url: string, ca: string | undefined): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const options = { signal, agent: false, ...(ca !== undefined && { ca }) };
    const request = (url.startsWith("https:") ? getSecurely : get)(url, options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text = `${text}${part}`.slice(0, MAXIMUM_TEXT);
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text })).on("error", reject);
    });
    request.on("error", reject);
  });
}
