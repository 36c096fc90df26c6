ALTER TABLE "notification"."notifications" ADD COLUMN "traceparent" text;--> statement-breakpoint
ALTER TABLE "notification"."notifications" ADD COLUMN "tracestate" text;