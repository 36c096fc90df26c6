-- Every client is debited in place, and every payment is finished in place once: room on the page keeps these updates
-- off the indexes (heap-only tuples).
ALTER TABLE "client_bank"."clients" SET (fillfactor = 50);
--> statement-breakpoint
ALTER TABLE "client_bank"."clearing_accounts" SET (fillfactor = 10);
--> statement-breakpoint
ALTER TABLE "client_bank"."payments" SET (fillfactor = 60);
