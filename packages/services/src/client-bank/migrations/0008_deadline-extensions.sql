CREATE TABLE "client_bank"."deadline_extensions" (
	"payment_id" text NOT NULL,
	"deadline" timestamp (3) with time zone NOT NULL,
	"actor" text NOT NULL,
	"reason" text NOT NULL,
	"time" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "deadline_extensions_pkey" PRIMARY KEY("payment_id","deadline")
);

--> statement-breakpoint
-- Step 3 asks until when; who moved a deadline and why is the operator's.
GRANT SELECT ("payment_id", "deadline") ON "client_bank"."deadline_extensions" TO "client_bank";
