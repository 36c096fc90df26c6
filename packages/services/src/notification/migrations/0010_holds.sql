-- The first version of the template of payments that held money which was released. Variables: see
-- src/notification/template-variables.ts. It is not active, for the release before would take it for a mistake, and is in
-- use all the same: see IN_USE in src/notification/stored-template.ts.
INSERT INTO "notification"."templates" ("name", "language", "version", "subject", "body", "active") VALUES
('payment-canceled', 'en', 1,
$template$Payment of {{ amount }} canceled$template$,
$template$The payment of {{ amount }} to {{ merchant }} with the {{ brand }} card ending in {{ last_four }} was canceled on {{ settle_time | date: "%Y-%m-%d at %H:%M UTC" }}:
{%- case reason %}
{%- when "REQUESTED" %} the merchant released the money that was held.
{%- when "EXPIRED" %} the money that was held was not captured in time.
{%- else %} the money that was held was released.
{%- endcase %}
Nothing was taken.
{%- if description != "" %}
For: {{ description }}
{%- endif %}
Payment: {{ payment_id }}$template$, false),
('payment-canceled', 'fr', 1,
$template$Paiement de {{ amount }} annulé$template$,
$template$Le paiement de {{ amount }} à {{ merchant }} par la carte {{ brand }} se terminant par {{ last_four }} a été annulé le {{ settle_time | date: "%d/%m/%Y à %H:%M UTC" }} :
{%- case reason %}
{%- when "REQUESTED" %} le commerçant a libéré le montant réservé.
{%- when "EXPIRED" %} le montant réservé n'a pas été débité à temps.
{%- else %} le montant réservé a été libéré.
{%- endcase %}
Rien n'a été débité.
{%- if description != "" %}
Objet : {{ description }}
{%- endif %}
Paiement : {{ payment_id }}$template$, false);
