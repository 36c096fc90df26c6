-- Every merchant is credited in place: room on the page keeps these updates off the indexes (heap-only tuples).
ALTER TABLE "merchant_bank"."merchants" SET (fillfactor = 10);
--> statement-breakpoint
ALTER TABLE "merchant_bank"."clearing_accounts" SET (fillfactor = 10);
