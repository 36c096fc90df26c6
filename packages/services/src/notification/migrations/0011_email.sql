CREATE TABLE "notification"."emails" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "notification"."emails_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"about" text NOT NULL,
	"merchant_id" text NOT NULL,
	"address" text NOT NULL,
	"template_name" text NOT NULL,
	"template_version" integer NOT NULL,
	"language" text NOT NULL,
	"subject" text NOT NULL,
	"body" text NOT NULL,
	"html_body" text,
	"trace_id" text,
	"state" text NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"next_attempt_time" timestamp with time zone,
	"last_error" text,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	"sent_time" timestamp with time zone,
	CONSTRAINT "emails_once" UNIQUE("about","address"),
	CONSTRAINT "emails_state" CHECK ("notification"."emails"."state" IN ('pending', 'sent', 'failed', 'gave-up')),
	CONSTRAINT "emails_sent" CHECK (("notification"."emails"."state" = 'sent') = ("notification"."emails"."sent_time" IS NOT NULL)),
	CONSTRAINT "emails_next_attempt" CHECK (("notification"."emails"."state" IN ('pending', 'failed')) = ("notification"."emails"."next_attempt_time" IS NOT NULL))
);
--> statement-breakpoint
CREATE TABLE "notification"."merchant_settings" (
	"merchant_id" text PRIMARY KEY NOT NULL,
	"language" text DEFAULT '' NOT NULL,
	"email_recipients" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"update_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "merchant_settings_recipients" CHECK (jsonb_typeof("notification"."merchant_settings"."email_recipients") = 'array' AND jsonb_array_length("notification"."merchant_settings"."email_recipients") <= 20)
);
--> statement-breakpoint
CREATE TABLE "notification"."refused_addresses" (
	"address" text PRIMARY KEY NOT NULL,
	"reason" text NOT NULL,
	"refuse_time" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "emails_due" ON "notification"."emails" USING btree ("next_attempt_time") WHERE "notification"."emails"."state" IN ('pending', 'failed');--> statement-breakpoint
CREATE INDEX "emails_waiting" ON "notification"."emails" USING btree ("merchant_id") WHERE "notification"."emails"."state" IN ('pending', 'failed');--> statement-breakpoint
CREATE INDEX "emails_age" ON "notification"."emails" USING btree ("create_time");--> statement-breakpoint
-- The service deletes no row of these but by this: what was sent or given up, after 30 days, and refusals after a year.
CREATE FUNCTION "notification"."purge_emails"("maximum" integer) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  DELETE FROM notification.refused_addresses WHERE refuse_time < now() - interval '1 year';
  WITH old AS (
    SELECT id FROM notification.emails
    WHERE create_time < now() - interval '30 days' AND state IN ('sent', 'gave-up')
    ORDER BY create_time LIMIT maximum FOR UPDATE SKIP LOCKED
  ), purged AS (
    DELETE FROM notification.emails USING old WHERE emails.id = old.id RETURNING 1
  )
  SELECT count(*)::integer FROM purged
$$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION "notification"."purge_emails"(integer) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "notification"."purge_emails"(integer) TO "notification";
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ("language", "email_recipients", "update_time") ON "notification"."merchant_settings" TO "notification";
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ("reason", "refuse_time") ON "notification"."refused_addresses" TO "notification";
--> statement-breakpoint
GRANT SELECT, INSERT ON "notification"."emails" TO "notification";
--> statement-breakpoint
GRANT UPDATE ("state", "attempts", "next_attempt_time", "last_error", "sent_time") ON "notification"."emails" TO "notification";
