CREATE TABLE "notification"."events" (
	"id" text PRIMARY KEY NOT NULL,
	"merchant_id" text NOT NULL,
	"type" text NOT NULL,
	"payment_id" text NOT NULL,
	"refund_id" text NOT NULL,
	"payload" text NOT NULL,
	"traceparent" text,
	"tracestate" text,
	"create_time" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "notification"."webhook_attempts" (
	"event_id" text NOT NULL,
	"endpoint_id" text NOT NULL,
	"number" integer NOT NULL,
	"attempt_time" timestamp (3) with time zone NOT NULL,
	"latency_ms" integer NOT NULL,
	"status" integer,
	"error" text,
	CONSTRAINT "webhook_attempts_event_id_endpoint_id_number_pk" PRIMARY KEY("event_id","endpoint_id","number")
);
--> statement-breakpoint
CREATE TABLE "notification"."webhook_deliveries" (
	"event_id" text NOT NULL,
	"endpoint_id" text NOT NULL,
	"state" text NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"attempts_before" integer DEFAULT 0 NOT NULL,
	"queue_time" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"next_attempt_time" timestamp with time zone,
	"sent_time" timestamp (3) with time zone,
	CONSTRAINT "webhook_deliveries_event_id_endpoint_id_pk" PRIMARY KEY("event_id","endpoint_id"),
	CONSTRAINT "webhook_deliveries_state" CHECK ("notification"."webhook_deliveries"."state" IN ('pending', 'sent', 'failed', 'gave-up')),
	CONSTRAINT "webhook_deliveries_sent" CHECK (("notification"."webhook_deliveries"."state" = 'sent') = ("notification"."webhook_deliveries"."sent_time" IS NOT NULL)),
	CONSTRAINT "webhook_deliveries_next_attempt" CHECK (("notification"."webhook_deliveries"."state" IN ('pending', 'failed')) = ("notification"."webhook_deliveries"."next_attempt_time" IS NOT NULL))
);
--> statement-breakpoint
CREATE TABLE "notification"."webhook_endpoints" (
	"id" text PRIMARY KEY NOT NULL,
	"merchant_id" text NOT NULL,
	"request_id" text NOT NULL,
	"place" smallint NOT NULL,
	"url" text NOT NULL,
	"description" text NOT NULL,
	"event_types" text[] NOT NULL,
	"state" text DEFAULT 'enabled' NOT NULL,
	"disable_reason" text,
	"failing_since" timestamp (3) with time zone,
	"create_time" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"update_time" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "webhook_endpoints_request" UNIQUE("merchant_id","request_id"),
	CONSTRAINT "webhook_endpoints_places" UNIQUE("merchant_id","place"),
	CONSTRAINT "webhook_endpoints_place" CHECK ("notification"."webhook_endpoints"."place" BETWEEN 1 AND 16),
	CONSTRAINT "webhook_endpoints_state" CHECK ("notification"."webhook_endpoints"."state" IN ('enabled', 'disabled')),
	CONSTRAINT "webhook_endpoints_disabled" CHECK (("notification"."webhook_endpoints"."state" = 'disabled') = ("notification"."webhook_endpoints"."disable_reason" IS NOT NULL)
        AND ("notification"."webhook_endpoints"."disable_reason" IS NULL OR "notification"."webhook_endpoints"."disable_reason" IN ('merchant', 'failing', 'gone')))
);
--> statement-breakpoint
CREATE TABLE "notification"."webhook_secrets" (
	"endpoint_id" text NOT NULL,
	"number" integer NOT NULL,
	"sealed" text NOT NULL,
	"key_id" text NOT NULL,
	"create_time" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expire_time" timestamp with time zone,
	CONSTRAINT "webhook_secrets_endpoint_id_number_pk" PRIMARY KEY("endpoint_id","number"),
	CONSTRAINT "webhook_secrets_number" CHECK ("notification"."webhook_secrets"."number" > 0)
);
--> statement-breakpoint
ALTER TABLE "notification"."webhook_secrets" ADD CONSTRAINT "webhook_secrets_endpoint_id_webhook_endpoints_id_fk" FOREIGN KEY ("endpoint_id") REFERENCES "notification"."webhook_endpoints"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "events_by_time" ON "notification"."events" USING btree ("merchant_id","create_time","id");--> statement-breakpoint
CREATE INDEX "events_payment" ON "notification"."events" USING btree ("payment_id");--> statement-breakpoint
CREATE INDEX "events_age" ON "notification"."events" USING btree ("create_time");--> statement-breakpoint
CREATE INDEX "webhook_deliveries_queue" ON "notification"."webhook_deliveries" USING btree ("endpoint_id","next_attempt_time") WHERE "notification"."webhook_deliveries"."state" IN ('pending', 'failed');--> statement-breakpoint
-- What the role of the service may do: it changes no event, and deletes nothing but by the two functions below.
GRANT SELECT, INSERT ON "notification"."webhook_endpoints", "notification"."webhook_secrets", "notification"."events", "notification"."webhook_deliveries", "notification"."webhook_attempts" TO "notification";
--> statement-breakpoint
GRANT UPDATE ("url", "description", "event_types", "state", "disable_reason", "failing_since", "update_time") ON "notification"."webhook_endpoints" TO "notification";
--> statement-breakpoint
GRANT UPDATE ("sealed", "key_id", "expire_time") ON "notification"."webhook_secrets" TO "notification";
--> statement-breakpoint
GRANT UPDATE ("state", "attempts", "attempts_before", "queue_time", "next_attempt_time", "sent_time") ON "notification"."webhook_deliveries" TO "notification";
--> statement-breakpoint
-- Deletes up to so many of the events that are older than this, with their deliveries and attempts. Younger ones than 30
-- days it leaves alone, whoever asks: a stolen password wipes no trace.
CREATE FUNCTION "notification"."purge_events"("age" interval, "most" integer) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
  WITH old AS (
    SELECT id FROM notification.events WHERE create_time < now() - greatest(age, interval '30 days')
    ORDER BY create_time LIMIT most FOR UPDATE SKIP LOCKED
  ), purged_attempts AS (
    DELETE FROM notification.webhook_attempts AS attempt USING old WHERE attempt.event_id = old.id
  ), purged_deliveries AS (
    DELETE FROM notification.webhook_deliveries AS delivery USING old WHERE delivery.event_id = old.id
  ), purged AS (
    DELETE FROM notification.events AS event USING old WHERE event.id = old.id RETURNING event.id
  )
  SELECT count(*)::integer FROM purged;
$$;
--> statement-breakpoint
-- Deletes an endpoint of a merchant, with its secrets; false when the merchant has none of that id.
CREATE FUNCTION "notification"."delete_webhook_endpoint"("endpoint" text, "merchant" text) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
  WITH deleted AS (DELETE FROM notification.webhook_endpoints WHERE id = endpoint AND merchant_id = merchant RETURNING id)
  SELECT count(*) = 1 FROM deleted;
$$;
