CREATE SCHEMA "notification";
--> statement-breakpoint
CREATE TABLE "notification"."notification" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "notification"."notification_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
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
	CONSTRAINT "notification_once" UNIQUE("payment_id","template_name","channel"),
	CONSTRAINT "notification_channel" CHECK ("notification"."notification"."channel" IN ('log', 'webhook')),
	CONSTRAINT "notification_state" CHECK ("notification"."notification"."state" IN ('pending', 'sent', 'failed', 'gave-up')),
	CONSTRAINT "notification_sent" CHECK (("notification"."notification"."state" = 'sent') = ("notification"."notification"."sent_time" IS NOT NULL)),
	CONSTRAINT "notification_next_attempt" CHECK (("notification"."notification"."state" IN ('pending', 'failed')) = ("notification"."notification"."next_attempt_time" IS NOT NULL))
);
--> statement-breakpoint
CREATE TABLE "notification"."template" (
	"name" text NOT NULL,
	"language" text NOT NULL,
	"version" integer NOT NULL,
	"subject" text NOT NULL,
	"body" text NOT NULL,
	"active" boolean DEFAULT false NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "template_name_language_version_pk" PRIMARY KEY("name","language","version"),
	CONSTRAINT "template_version" CHECK ("notification"."template"."version" > 0)
);
--> statement-breakpoint
CREATE INDEX "notification_due" ON "notification"."notification" USING btree ("next_attempt_time") WHERE "notification"."notification"."state" IN ('pending', 'failed');--> statement-breakpoint
CREATE UNIQUE INDEX "template_active" ON "notification"."template" USING btree ("name","language") WHERE "notification"."template"."active";