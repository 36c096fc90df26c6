/** What `npm run dev` (scripts/dev.mjs) asks of the launcher that it started, over IPC. */
import { z } from "zod";
import { SERVICES, type ServiceName } from "../topology/system-table.js";

/** What can be started again by itself. */
const RESTARTABLE = [...SERVICES, "console"] as const;

/** The code of these has changed. `id` comes back in the answer. */
const restartOrder = z.object({ type: z.literal("restart"), id: z.number(), names: z.array(z.enum(RESTARTABLE)) });

/**
 * Starts services, or the console, again when the parent process asks for it, and answers `{ type: "restarted", id }`
 * after the first attempt. Orders that came before this call are obeyed now.
 */
export function obeyRestartOrders(restart: (name: ServiceName | "console") => Promise<void> | undefined): void {
  process.on("message", (message) => {
    const order = restartOrder.safeParse(message);
    if (!order.success) return;
    const { id, names } = order.data;
    void Promise.all(names.map(restart)).then(() => process.send?.({ type: "restarted", id }));
  });
  // Waiting for orders must not keep this process alive.
  process.channel?.unref();
}
