/** What services say of themselves on their health ports. */
import { get } from "node:http";
import { get as getSecurely } from "node:https";

const TIMEOUT_MS = 2_000;
/** Characters of an answer: a service's metrics are some ten thousand. */
const MAXIMUM_TEXT = 2_000_000;
/** Of these, as many as a sentence may repeat. */
const MAXIMUM_REPEATED = 20_000;

/** One sentence for each service that is not ready; by its name. @param ca as that of `askHealth`. */
export async function unreadyServices(
  services: readonly { readonly name: string; readonly url: string }[],
  ca: string | undefined,
): Promise<ReadonlyMap<string, string>> {
  const answers = await Promise.all(
    services.map(async ({ name, url }) => {
      try {
        const { status, text } = await askHealth(`${url}/readyz`, ca);
        return status === 200
          ? undefined
          : ([name, `is not ready: ${text.trim().slice(0, MAXIMUM_REPEATED)}`] as const);
      } catch {
        return [name, "does not run"] as const;
      }
    }),
  );
  return new Map(answers.filter((answer) => answer !== undefined));
}

/**
 * Asks a health port; `fetch` would take no authority of the call's own.
 * @param ca PEM: the authorities to trust [those that Node trusts].
 * @throws what the connection fails with, and when no answer comes within 2 s.
 */
export function askHealth(
  url: string,
  ca: string | undefined,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const options = { signal, agent: false, ...(ca !== undefined && { ca }) };
    const request = (url.startsWith("https:") ? getSecurely : get)(url, options, (response) => {
      const parts: string[] = [];
      let length = 0;
      response.setEncoding("utf8").on("data", (part: string) => {
        length += part.length;
        if (length <= MAXIMUM_TEXT) parts.push(part);
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text: parts.join("") })).on("error", reject);
    });
    request.on("error", reject);
  });
}
