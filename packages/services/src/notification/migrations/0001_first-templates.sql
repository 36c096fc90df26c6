-- The first version of each template, in English and French. Variables: see src/notification/template-variables.ts.
INSERT INTO "notification"."templates" ("name", "language", "version", "subject", "body", "active") VALUES
('payment-succeeded', 'en', 1,
$template$Payment of {{ amount }} succeeded$template$,
$template$The payment of {{ amount }} to {{ merchant }} with the {{ brand }} card ending in {{ last_four }} succeeded on {{ settle_time | date: "%Y-%m-%d at %H:%M UTC" }}.
{%- if description != "" %}
For: {{ description }}
{%- endif %}
Payment: {{ payment_id }}$template$, true),
('payment-succeeded', 'fr', 1,
$template$Paiement de {{ amount }} accepté$template$,
$template$Le paiement de {{ amount }} à {{ merchant }} par la carte {{ brand }} se terminant par {{ last_four }} a été accepté le {{ settle_time | date: "%d/%m/%Y à %H:%M UTC" }}.
{%- if description != "" %}
Objet : {{ description }}
{%- endif %}
Paiement : {{ payment_id }}$template$, true),
('payment-declined', 'en', 1,
$template$Payment of {{ amount }} declined$template$,
$template$The payment of {{ amount }} to {{ merchant }} with the {{ brand }} card ending in {{ last_four }} was declined on {{ settle_time | date: "%Y-%m-%d at %H:%M UTC" }}:
{%- case reason %}
{%- when "INVALID_CARD_NUMBER" %} the card number is not valid.
{%- when "CARD_EXPIRED" %} the card has expired.
{%- when "CARD_UNKNOWN" %} no account belongs to this card.
{%- when "EXPIRY_MISMATCH" %} the expiry date is not that of the card.
{%- when "ACCOUNT_CLOSED" %} the client's account is closed.
{%- when "CURRENCY_NOT_SUPPORTED" %} the account is kept in another currency.
{%- when "INSUFFICIENT_FUNDS" %} the client's balance is too low.
{%- when "DEADLINE_PASSED" %} it came to the client's bank too late.
{%- when "MERCHANT_UNKNOWN" %} the merchant has no account.
{%- when "MERCHANT_CLOSED" %} the merchant's account is closed.
{%- else %} the bank gave no reason.
{%- endcase %}
{%- if declined_by == "merchant-bank" %}
The amount goes back to the client's account.
{%- endif %}
{%- if description != "" %}
For: {{ description }}
{%- endif %}
Payment: {{ payment_id }}$template$, true),
('payment-declined', 'fr', 1,
$template$Paiement de {{ amount }} refusé$template$,
$template$Le paiement de {{ amount }} à {{ merchant }} par la carte {{ brand }} se terminant par {{ last_four }} a été refusé le {{ settle_time | date: "%d/%m/%Y à %H:%M UTC" }} :
{%- case reason %}
{%- when "INVALID_CARD_NUMBER" %} le numéro de la carte n'est pas valable.
{%- when "CARD_EXPIRED" %} la carte a expiré.
{%- when "CARD_UNKNOWN" %} aucun compte ne correspond à cette carte.
{%- when "EXPIRY_MISMATCH" %} la date d'expiration n'est pas celle de la carte.
{%- when "ACCOUNT_CLOSED" %} le compte du client est clôturé.
{%- when "CURRENCY_NOT_SUPPORTED" %} le compte est tenu dans une autre devise.
{%- when "INSUFFICIENT_FUNDS" %} le solde du client est insuffisant.
{%- when "DEADLINE_PASSED" %} il est parvenu trop tard à la banque du client.
{%- when "MERCHANT_UNKNOWN" %} le commerçant n'a pas de compte.
{%- when "MERCHANT_CLOSED" %} le compte du commerçant est clôturé.
{%- else %} la banque n'a pas donné de raison.
{%- endcase %}
{%- if declined_by == "merchant-bank" %}
Le montant est rendu au compte du client.
{%- endif %}
{%- if description != "" %}
Objet : {{ description }}
{%- endif %}
Paiement : {{ payment_id }}$template$, true);
