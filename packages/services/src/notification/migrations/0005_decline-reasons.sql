-- A further version of the templates of declines, with the reasons that are new: the text of the first one, changed. It
-- becomes active where the first one still is; a version that an operator made stays as it is.
CREATE FUNCTION "notification"."further_version"(template text, tongue text, swaps text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  swap text[];
  changed text;
  was_active boolean;
BEGIN
  SELECT body, active INTO STRICT changed, was_active FROM "notification"."templates"
  WHERE name = template AND language = tongue AND version = 1;
  FOREACH swap SLICE 1 IN ARRAY swaps LOOP
    IF position(swap[1] IN changed) = 0 THEN RAISE EXCEPTION 'The template % does not say %', template, swap[1]; END IF;
    changed := replace(changed, swap[1], swap[2]);
  END LOOP;
  UPDATE "notification"."templates" SET active = false WHERE name = template AND language = tongue AND version = 1;
  INSERT INTO "notification"."templates" (name, language, version, subject, body, active)
  SELECT name, language, (SELECT max(version) + 1 FROM "notification"."templates" WHERE name = template AND language = tongue),
    subject, changed, was_active
  FROM "notification"."templates" WHERE name = template AND language = tongue AND version = 1;
END $$;
--> statement-breakpoint
SELECT "notification"."further_version"('payment-declined', 'en', ARRAY[
  ARRAY[$text$
{%- when "CARD_UNKNOWN" %} no account belongs to this card.
{%- when "EXPIRY_MISMATCH" %} the expiry date is not that of the card.$text$, $text$
{%- when "CARD_NOT_ACCEPTED" %} the client's bank does not accept the card.$text$],
  ARRAY[$text$
{%- else %}$text$, $text$
{%- when "REQUEST_ID_REUSED" %} its request_id was used before with other parameters, and that payment stands.
{%- when "TOO_MANY_ATTEMPTS" %} too many payments were declined lately.
{%- else %}$text$]]);
--> statement-breakpoint
SELECT "notification"."further_version"('payment-declined', 'fr', ARRAY[
  ARRAY[$text$
{%- when "CARD_UNKNOWN" %} aucun compte ne correspond à cette carte.
{%- when "EXPIRY_MISMATCH" %} la date d'expiration n'est pas celle de la carte.$text$, $text$
{%- when "CARD_NOT_ACCEPTED" %} la banque du client n'accepte pas la carte.$text$],
  ARRAY[$text$
{%- else %}$text$, $text$
{%- when "REQUEST_ID_REUSED" %} son request_id a déjà servi avec d'autres paramètres, et c'est le premier paiement qui vaut.
{%- when "TOO_MANY_ATTEMPTS" %} trop de paiements ont été refusés récemment.
{%- else %}$text$]]);
--> statement-breakpoint
SELECT "notification"."further_version"('refund-declined', 'en', ARRAY[
  ARRAY[$text$the merchant's bank has not credited the payment yet.$text$, $text$the merchant's bank had not credited the payment in the time in which it can be.$text$],
  ARRAY[$text$
{%- else %}$text$, $text$
{%- when "REQUEST_ID_REUSED" %} its request_id was used before for another payment or amount, and that refund stands.
{%- else %}$text$]]);
--> statement-breakpoint
SELECT "notification"."further_version"('refund-declined', 'fr', ARRAY[
  ARRAY[$text$la banque du commerçant n'a pas encore crédité le paiement.$text$, $text$la banque du commerçant n'a pas crédité le paiement dans le temps prévu.$text$],
  ARRAY[$text$
{%- else %}$text$, $text$
{%- when "REQUEST_ID_REUSED" %} son request_id a déjà servi pour un autre paiement ou un autre montant, et c'est le premier remboursement qui vaut.
{%- else %}$text$]]);
--> statement-breakpoint
DROP FUNCTION "notification"."further_version";
