CREATE TABLE "notification"."template_actions" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "notification"."template_actions_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"language" text NOT NULL,
	"version" integer NOT NULL,
	"former_version" integer,
	"actor" text NOT NULL,
	"reason" text DEFAULT '' NOT NULL,
	"request_id" text,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "template_actions_kind" CHECK ("notification"."template_actions"."kind" IN ('create', 'activate', 'roll-back'))
);
--> statement-breakpoint
ALTER TABLE "notification"."templates" ADD COLUMN "html_body" text;--> statement-breakpoint
ALTER TABLE "notification"."templates" ADD COLUMN "creator" text;--> statement-breakpoint
CREATE INDEX "template_actions_of" ON "notification"."template_actions" USING btree ("name","language","id");--> statement-breakpoint
CREATE UNIQUE INDEX "template_actions_request" ON "notification"."template_actions" USING btree ("actor","request_id");
--> statement-breakpoint
-- Versions are made and put into use through the service as well; the text of one, and what was done, are never changed.
GRANT INSERT, UPDATE ("active") ON "notification"."templates" TO "notification";
--> statement-breakpoint
GRANT SELECT, INSERT ON "notification"."template_actions" TO "notification";
