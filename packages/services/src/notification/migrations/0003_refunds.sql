ALTER TABLE "notification"."notifications" DROP CONSTRAINT "notifications_once";--> statement-breakpoint
ALTER TABLE "notification"."notifications" ADD COLUMN "refund_id" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "notification"."notifications" ADD CONSTRAINT "notifications_once" UNIQUE("payment_id","refund_id","template_name","channel");
--> statement-breakpoint
-- The first version of the templates of refunds. Variables: see src/notification/template-variables.ts.
INSERT INTO "notification"."templates" ("name", "language", "version", "subject", "body", "active") VALUES
('refund-succeeded', 'en', 1,
$template$Refund of {{ amount }} succeeded$template$,
$template$The refund of {{ amount }} by {{ merchant }} was made on {{ debit_time | date: "%Y-%m-%d at %H:%M UTC" }}.
The amount goes to the account that paid.
Payment: {{ payment_id }}
Refund: {{ refund_id }}$template$, true),
('refund-succeeded', 'fr', 1,
$template$Remboursement de {{ amount }} effectué$template$,
$template$Le remboursement de {{ amount }} par {{ merchant }} a été effectué le {{ debit_time | date: "%d/%m/%Y à %H:%M UTC" }}.
Le montant revient au compte qui a payé.
Paiement : {{ payment_id }}
Remboursement : {{ refund_id }}$template$, true),
('refund-declined', 'en', 1,
$template$Refund{% if amount != "" %} of {{ amount }}{% endif %} declined$template$,
$template$The refund{% if amount != "" %} of {{ amount }}{% endif %} by {{ merchant }} was declined on {{ debit_time | date: "%Y-%m-%d at %H:%M UTC" }}:
{%- case reason %}
{%- when "PAYMENT_NOT_SETTLED" %} the merchant's bank has not credited the payment yet.
{%- when "PAYMENT_DECLINED" %} the payment was declined, so there is nothing to give back.
{%- when "ALREADY_REFUNDED" %} all of the payment was given back already.
{%- when "AMOUNT_TOO_HIGH" %} the amount is more than what is left of the payment.
{%- when "CURRENCY_MISMATCH" %} the amount is in another currency than the payment.
{%- when "INSUFFICIENT_FUNDS" %} the merchant's balance is too low.
{%- when "MERCHANT_CLOSED" %} the merchant's account is closed.
{%- else %} the bank gave no reason.
{%- endcase %}
Payment: {{ payment_id }}
Refund: {{ refund_id }}$template$, true),
('refund-declined', 'fr', 1,
$template$Remboursement{% if amount != "" %} de {{ amount }}{% endif %} refusé$template$,
$template$Le remboursement{% if amount != "" %} de {{ amount }}{% endif %} par {{ merchant }} a été refusé le {{ debit_time | date: "%d/%m/%Y à %H:%M UTC" }} :
{%- case reason %}
{%- when "PAYMENT_NOT_SETTLED" %} la banque du commerçant n'a pas encore crédité le paiement.
{%- when "PAYMENT_DECLINED" %} le paiement a été refusé, il n'y a rien à rendre.
{%- when "ALREADY_REFUNDED" %} tout le paiement a déjà été rendu.
{%- when "AMOUNT_TOO_HIGH" %} le montant dépasse ce qui reste du paiement.
{%- when "CURRENCY_MISMATCH" %} le montant est dans une autre devise que le paiement.
{%- when "INSUFFICIENT_FUNDS" %} le solde du commerçant est insuffisant.
{%- when "MERCHANT_CLOSED" %} le compte du commerçant est clôturé.
{%- else %} la banque n'a pas donné de raison.
{%- endcase %}
Paiement : {{ payment_id }}
Remboursement : {{ refund_id }}$template$, true);
