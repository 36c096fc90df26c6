/** The log: one line for each end that is recorded for the first time. A line can be lost when the process is killed; a row cannot. */
import type { Logger } from "../../../platform/log.js";
import type { NotificationKey } from "../../compose-notification.js";
import type { Channel } from "../channel.js";

export function openLogChannel(log: Logger): Channel {
  return {
    tell({ step, notifications, recorded }) {
      const place = ({ paymentId, refundId }: NotificationKey) => `${paymentId} ${refundId}`;
      const isNew = new Set(recorded.recorded.filter(({ channel }) => channel === "log").map(place));
      for (const notification of notifications) {
        if (notification.channel !== "log" || !isNew.delete(place(notification))) continue;
        log.info(
          {
            payment: notification.paymentId,
            refund: notification.refundId || undefined,
            trace: notification.traceId ?? undefined,
            step,
            channel: "log",
            template: notification.templateName,
            language: notification.language,
            version: notification.templateVersion,
            subject: notification.subject,
          },
          "notification",
        );
      }
    },
  };
}
