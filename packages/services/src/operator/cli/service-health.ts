/** What the services of a running stack say of themselves. */
import type { RunningStack } from "./operator-configuration.js";

const TIMEOUT_MS = 2_000;

/** One sentence for each service that is not ready; by its name. */
export async function unreadyServices(stack: RunningStack): Promise<ReadonlyMap<string, string>> {
  const answers = await Promise.all(
    stack.services.map(async ({ name, health }) => {
      try {
        const response = await fetch(`${health}/readyz`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
        const text = await response.text();
        return response.ok ? undefined : ([name, `is not ready: ${text.trim()}`] as const);
      } catch {
        return [name, "does not run"] as const;
      }
    }),
  );
  return new Map(answers.filter((answer) => answer !== undefined));
}
