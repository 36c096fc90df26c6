CREATE SCHEMA "notification";
--> statement-breakpoint
CREATE TABLE "notification"."notifications" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "notification"."notifications_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"payment_id" text NOT NULL,
	"template_name" text NOT NULL,
	"channel" text NOT NULL,
	"language" text NOT NULL,
	"template_version" integer NOT NULL,
	"subject" text NOT NULL,
	"body" text NOT NULL,
	"payload" text,
	"trace_id" text,
	"state" text NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"next_attempt_time" timestamp with time zone,
	"last_error" text,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	"sent_time" timestamp with time zone,
	CONSTRAINT "notifications_once" UNIQUE("payment_id","template_name","channel"),
	CONSTRAINT "notifications_channel" CHECK ("notification"."notifications"."channel" IN ('log', 'webhook')),
	CONSTRAINT "notifications_state" CHECK ("notification"."notifications"."state" IN ('pending', 'sent', 'failed', 'gave-up')),
	CONSTRAINT "notifications_sent" CHECK (("notification"."notifications"."state" = 'sent') = ("notification"."notifications"."sent_time" IS NOT NULL)),
	CONSTRAINT "notifications_next_attempt" CHECK (("notification"."notifications"."state" IN ('pending', 'failed')) = ("notification"."notifications"."next_attempt_time" IS NOT NULL))
);
--> statement-breakpoint
CREATE TABLE "notification"."templates" (
	"name" text NOT NULL,
	"language" text NOT NULL,
	"version" integer NOT NULL,
	"subject" text NOT NULL,
	"body" text NOT NULL,
	"active" boolean DEFAULT false NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "templates_name_language_version_pk" PRIMARY KEY("name","language","version"),
	CONSTRAINT "templates_version" CHECK ("notification"."templates"."version" > 0)
);
--> statement-breakpoint
CREATE INDEX "notifications_due" ON "notification"."notifications" USING btree ("next_attempt_time") WHERE "notification"."notifications"."state" IN ('pending', 'failed');--> statement-breakpoint
CREATE UNIQUE INDEX "templates_active" ON "notification"."templates" USING btree ("name","language") WHERE "notification"."templates"."active";