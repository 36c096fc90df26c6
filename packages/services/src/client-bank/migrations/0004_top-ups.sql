ALTER TABLE "client_bank"."ledger_entries" DROP CONSTRAINT "ledger_entries_kind";--> statement-breakpoint
ALTER TABLE "client_bank"."ledger_entries" ADD CONSTRAINT "ledger_entries_kind" CHECK (CASE "client_bank"."ledger_entries"."refund_id" WHEN '' THEN "client_bank"."ledger_entries"."kind" IN ('capture', 'return', 'top-up')
        ELSE "client_bank"."ledger_entries"."kind" = 'refund' END);