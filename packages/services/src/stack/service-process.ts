/** One of the five services as a process, the way `npm start` and the flow tests run it. */
import { fileURLToPath } from "node:url";
import type { ServiceReadyMessage } from "../platform/run-service.js";
import type { ServiceName } from "../shared/queue-map.js";
import type { Guardian } from "./guardian.js";
import { type NodeProcess, startNodeProcess } from "./node-process.js";

export type ServiceProcess = NodeProcess<ServiceReadyMessage>;

/** When the guardian ends things, the services come first. */
const GUARDIAN_ORDER = 1;

/** Starts `dist/<service>/main.js` and resolves when it is ready. */
export function startServiceProcess(options: {
  readonly name: ServiceName;
  readonly environment: NodeJS.ProcessEnv;
  readonly guardian: Guardian;
  readonly onOutput: (chunk: Buffer, stream: "stdout" | "stderr") => void;
}): Promise<ServiceProcess> {
  return startNodeProcess<ServiceReadyMessage>({
    ...options,
    script: fileURLToPath(new URL(`../${options.name}/main.js`, import.meta.url)),
    order: GUARDIAN_ORDER,
  });
}
