CREATE TABLE "client_bank"."other_ids" (
	"id" text PRIMARY KEY NOT NULL,
	"recorded_as" text NOT NULL
);
--> statement-breakpoint
ALTER TABLE "client_bank"."clients" ADD COLUMN "former_card_fingerprint" text;--> statement-breakpoint
CREATE UNIQUE INDEX "clients_former_card_fingerprint" ON "client_bank"."clients" USING btree ("former_card_fingerprint") WHERE "client_bank"."clients"."former_card_fingerprint" IS NOT NULL;--> statement-breakpoint
GRANT SELECT ("former_card_fingerprint") ON "client_bank"."clients" TO "client_bank";
--> statement-breakpoint
GRANT SELECT, INSERT ON "client_bank"."other_ids" TO "client_bank";
