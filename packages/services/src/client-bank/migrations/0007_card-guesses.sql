CREATE TABLE "client_bank"."card_guesses" (
	"merchant_id" text PRIMARY KEY NOT NULL,
	"guesses" integer NOT NULL,
	"since" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "client_bank"."clients" ADD COLUMN "wrong_expiries" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "client_bank"."clients" ADD COLUMN "wrong_expiries_since" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "client_bank"."clients" ADD CONSTRAINT "clients_id" CHECK ("client_bank"."clients"."id" NOT IN ('clearing', 'funding'));--> statement-breakpoint
GRANT SELECT ("wrong_expiries", "wrong_expiries_since"), UPDATE ("wrong_expiries", "wrong_expiries_since") ON "client_bank"."clients" TO "client_bank";
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ("guesses", "since") ON "client_bank"."card_guesses" TO "client_bank";
