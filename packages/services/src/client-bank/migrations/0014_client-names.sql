-- An operator is shown whose account it is.
GRANT SELECT ("name") ON "client_bank"."clients" TO "client_bank";
