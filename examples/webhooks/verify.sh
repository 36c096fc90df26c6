#!/usr/bin/env bash
# Checks a webhook of Quittance with openssl: the body on standard input, the headers as arguments. Exit code 0 when it is
# genuine, 1 when it is not.
#
#   WEBHOOK_SECRET=whsec_... ./verify.sh "$webhook_id" "$webhook_timestamp" "$webhook_signature" <body.json
set -euo pipefail
id=$1 timestamp=$2 signatures=$3
tolerance_seconds=300

[[ $timestamp =~ ^[0-9]{1,18}$ ]] || exit 1
age=$(($(date +%s) - timestamp))
((age <= tolerance_seconds && -age <= tolerance_seconds)) || exit 1

key=$(printf %s "${WEBHOOK_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
expected=v1,$({ printf '%s.%s.' "$id" "$timestamp" && cat; } |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)

# While a secret is rotated there are two signatures; one that fits is enough.
for signature in $signatures; do
  [[ $signature == "$expected" ]] && exit 0
done
exit 1
