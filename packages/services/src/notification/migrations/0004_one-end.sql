-- A payment or refund has one end, and is told once on each channel. Where two contradicting results were told, the
-- first row stands: both were sent, and nothing can call one back.
ALTER TABLE "notification"."notifications" DROP CONSTRAINT "notifications_once";--> statement-breakpoint
DELETE FROM "notification"."notifications" AS later USING "notification"."notifications" AS first
WHERE later."payment_id" = first."payment_id" AND later."refund_id" = first."refund_id"
  AND later."channel" = first."channel" AND later."id" > first."id";--> statement-breakpoint
ALTER TABLE "notification"."notifications" ADD CONSTRAINT "notifications_once" UNIQUE("payment_id","refund_id","channel");
