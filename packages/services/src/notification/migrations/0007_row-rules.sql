-- The rules of the tables that every payment writes, as one constraint a table that calls a function. PostgreSQL reads the
-- text of a constraint again for each statement that writes the table, which was the most expensive part of recording one
-- payment; a function is read once for each connection. The rules are the same ones. NOT VALID: every row that there is
-- was checked by the constraints that go, and nobody waits for all of them to be checked again.
CREATE FUNCTION "notification"."is_notification"("channel" text, "state" text, "next_attempt_time" timestamptz, "sent_time" timestamptz) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN channel IN ('log', 'webhook') AND state IN ('pending', 'sent', 'failed', 'gave-up')
    AND (state = 'sent') = (sent_time IS NOT NULL)
    AND (state IN ('pending', 'failed')) = (next_attempt_time IS NOT NULL);
END $$;
--> statement-breakpoint
ALTER TABLE "notification"."notifications" DROP CONSTRAINT "notifications_channel";--> statement-breakpoint
ALTER TABLE "notification"."notifications" DROP CONSTRAINT "notifications_state";--> statement-breakpoint
ALTER TABLE "notification"."notifications" DROP CONSTRAINT "notifications_sent";--> statement-breakpoint
ALTER TABLE "notification"."notifications" DROP CONSTRAINT "notifications_next_attempt";--> statement-breakpoint
ALTER TABLE "notification"."notifications" ADD CONSTRAINT "notifications_whole" CHECK (notification.is_notification("notification"."notifications"."channel", "notification"."notifications"."state", "notification"."notifications"."next_attempt_time", "notification"."notifications"."sent_time")) NOT VALID;
