/** What must be true of the events that merchants' endpoints are told, when everything is quiet. */
import type { Complain } from "./complain.js";
import { takesEvent } from "./database/notification-tables.js";
import type { SimulatedServer } from "./database/simulated-server.js";

/** Each end of a merchant that has endpoints is one event, as it is booked, in the queue of each that takes it. */
export function checkEvents(
  server: SimulatedServer,
  bookedEnd: (end: { readonly paymentId: string; readonly refundId: string }) => string | undefined,
  complain: Complain,
): void {
  const { events, webhookEndpoints, webhookDeliveries } = server.notification;
  const endpoints = webhookEndpoints.rows();
  const rows = events.rows();
  const deliveries = webhookDeliveries.rows();
  const ends = [
    ...server.clientBank.payments.rows().map(({ id, merchantId }) => ({ merchantId, paymentId: id, refundId: "" })),
    ...server.clientBank.refunds
      .rows()
      .map(({ id, merchantId, paymentId }) => ({ merchantId, paymentId, refundId: id })),
  ];
  for (const end of ends) {
    const { merchantId, paymentId, refundId } = end;
    const told = rows.filter((row) => row.refundId === refundId && (refundId !== "" || row.paymentId === paymentId));
    const hasEndpoints = endpoints.some((endpoint) => endpoint.merchantId === merchantId);
    const booked = hasEndpoints ? (bookedEnd(end)?.replace("-", ".") ?? "nothing final") : "";
    const types = told.map(({ type }) => type).join(", ");
    if (types !== booked) complain(`${refundId || paymentId} is the event ${types || "none"} instead of ${booked}`);
    for (const event of told) {
      const takers = endpoints.filter((endpoint) => takesEvent(endpoint, event)).map(({ id }) => id);
      const queued = deliveries.filter(({ eventId }) => eventId === event.id).map(({ endpointId }) => endpointId);
      if (takers.sort().join() !== queued.sort().join()) complain(`${event.id} is queued for ${queued.join(", ")}`);
    }
  }
}
