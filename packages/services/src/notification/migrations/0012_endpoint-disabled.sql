-- The first version of what a merchant is told of its webhook endpoint that was disabled. Variables: see
-- src/notification/template-variables.ts. It is not active, for the release before would take it for a mistake, and is in
-- use all the same: see IN_USE in src/notification/stored-template.ts.
INSERT INTO "notification"."templates" ("name", "language", "version", "subject", "body", "active") VALUES
('webhook-endpoint-disabled', 'en', 1,
$template$Webhook endpoint {{ endpoint_id }} disabled$template$,
$template$The webhook endpoint {{ endpoint_id }} of {{ merchant }} at {{ host }} was disabled on {{ disable_time | date: "%Y-%m-%d at %H:%M UTC" }}:
{%- case reason %}
{%- when "GONE" %} it answered that it takes no more webhooks (HTTP status 410).
{%- else %} every attempt has failed since {{ failing_since_time | date: "%Y-%m-%d at %H:%M UTC" }}.
{%- endcase %}
What waits for it is kept. New events are recorded, but not queued for it.
Once it works again, enable it (UpdateWebhookEndpoint), and resend the events that it missed (ListEvents, ResendEvent).$template$, false),
('webhook-endpoint-disabled', 'fr', 1,
$template$Webhook {{ endpoint_id }} désactivé$template$,
$template$Le webhook {{ endpoint_id }} de {{ merchant }} vers {{ host }} a été désactivé le {{ disable_time | date: "%d/%m/%Y à %H:%M UTC" }} :
{%- case reason %}
{%- when "GONE" %} le serveur a répondu qu'il n'accepte plus de webhooks (statut HTTP 410).
{%- else %} chaque tentative a échoué depuis le {{ failing_since_time | date: "%d/%m/%Y à %H:%M UTC" }}.
{%- endcase %}
Ce qui l'attend est conservé. Les nouveaux événements sont enregistrés sans lui être destinés.
Quand il fonctionnera à nouveau, réactivez-le (UpdateWebhookEndpoint) et renvoyez les événements manqués (ListEvents, ResendEvent).$template$, false);
