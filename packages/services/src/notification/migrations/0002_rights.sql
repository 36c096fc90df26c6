-- What the role of the service may do, and nothing more: it neither changes a template nor forgets a notification.
GRANT USAGE ON SCHEMA "notification" TO "notification";
--> statement-breakpoint
GRANT SELECT ON "notification"."templates" TO "notification";
--> statement-breakpoint
GRANT SELECT, INSERT ON "notification"."notifications" TO "notification";
--> statement-breakpoint
GRANT UPDATE ("state", "attempts", "next_attempt_time", "last_error", "sent_time") ON "notification"."notifications" TO "notification";
