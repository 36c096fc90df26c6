/** What `npm run dev` (scripts/dev.mjs) asks of the launcher that it started, over IPC. */
import { z } from "zod";
import { SERVICES } from "../topology/system-table.js";
import type { Stack } from "./stack.js";

/** The code of these services has changed. `id` comes back in the answer. */
const restartOrder = z.object({ type: z.literal("restart"), id: z.number(), services: z.array(z.enum(SERVICES)) });

/**
 * Starts services again when the parent process asks for it, and answers `{ type: "restarted", id }` after the first
 * attempt. Orders that came before this call are obeyed now.
 */
export function obeyRestartOrders(stack: Pick<Stack, "restart">): void {
  process.on("message", (message) => {
    const order = restartOrder.safeParse(message);
    if (!order.success) return;
    const { id, services } = order.data;
    void Promise.all(services.map(stack.restart)).then(() => process.send?.({ type: "restarted", id }));
  });
  // Waiting for orders must not keep this process alive.
  process.channel?.unref();
}
