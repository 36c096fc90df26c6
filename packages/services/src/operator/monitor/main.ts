/** Tells Prometheus, on the health port, what only Artemis knows: depth, age and consumers of each queue, and its disk. */
import { runService } from "../../platform/run-service.js";
import { ArtemisManagement } from "./artemis-figures.js";
import { observeQueues, WATCHED_QUEUES } from "./observe-queues.js";

await runService({
  name: "monitor",
  configuration: {},
  async start({ connection, log }) {
    let management: Promise<ArtemisManagement> | undefined;
    /** Why the last look at the broker failed. */
    let problem: string | undefined;
    observeQueues(async () => {
      try {
        management ??= ArtemisManagement.open(connection);
        const figures = await (await management).figures(WATCHED_QUEUES);
        problem = undefined;
        return figures;
      } catch (error) {
        problem = error instanceof Error ? error.message : String(error);
        log.warn({ err: error }, "the broker does not report its queues");
        // Another question makes another pair of links: these may be the fault.
        management = undefined;
        throw error;
      }
    });
    return {
      checks: { management: () => problem },
      drain: async () => {
        await (await management?.catch(() => undefined))?.close();
      },
    };
  },
});
