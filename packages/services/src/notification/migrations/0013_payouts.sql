-- The first version of what a merchant is told of a payout. Variables: see src/notification/template-variables.ts. It is not
-- active, and is in use all the same, for the reason that 0012's is: see IN_USE in src/notification/stored-template.ts.
INSERT INTO "notification"."templates" ("name", "language", "version", "subject", "body", "active") VALUES
('payout', 'en', 1,
$template${{ amount }} paid out$template$,
$template${{ amount }} of the account of {{ merchant }} was paid out on {{ pay_time | date: "%Y-%m-%d at %H:%M UTC" }}.
Payout: {{ payout_id }}$template$, false),
('payout', 'fr', 1,
$template$Virement de {{ amount }}$template$,
$template${{ amount }} du compte de {{ merchant }} ont été virés le {{ pay_time | date: "%d/%m/%Y à %H:%M UTC" }}.
Virement : {{ payout_id }}$template$, false);
