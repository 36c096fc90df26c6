/** The rules for what a merchant attaches to a payment or a refund for its own use. */
import { idHoldsCardNumber } from "../shared/card-number-in-text.js";
import { CARD_NUMBER, checkPlainText, type FieldCheck, REQUIRED } from "../shared/field-checks.js";
import {
  MAXIMUM_METADATA_BYTES,
  MAXIMUM_METADATA_KEYS,
  MAXIMUM_METADATA_VALUE,
  MAXIMUM_REFERENCE,
  METADATA_KEY,
  type MerchantData,
  metadataBytes,
} from "../shared/merchant-data.js";

/** Both fields of a request; what is left of them is in Normalization Form C. */
export function checkMerchantData(
  request: { readonly clientReference: string; readonly metadata: Readonly<Record<string, string>> },
  check: FieldCheck,
): MerchantData {
  const clientReference = checkReference(request.clientReference, check);
  const metadata = checkMetadata(request.metadata, check);
  return {
    ...(clientReference !== "" && { clientReference }),
    ...(Object.keys(metadata).length > 0 && { metadata }),
  };
}

/** Gives it in Normalization Form C, as it is kept. */
export function checkReference(clientReference: string, check: FieldCheck): string {
  return checkOwnText(clientReference, "client_reference", MAXIMUM_REFERENCE, check);
}

function checkMetadata(given: Readonly<Record<string, string>>, check: FieldCheck): Readonly<Record<string, string>> {
  const keys = Object.keys(given);
  if (keys.length > MAXIMUM_METADATA_KEYS) {
    check(false, "metadata", `must have at most ${MAXIMUM_METADATA_KEYS} keys`);
    return {};
  }
  const metadata: Record<string, string> = {};
  for (const key of keys) {
    // A key that may not be is not repeated.
    if (!METADATA_KEY.test(key)) {
      check(
        false,
        "metadata",
        "must have keys of 1 to 40 characters of A-Z a-z 0-9 _ . -, the first a letter or a digit",
      );
    } else if (idHoldsCardNumber(key)) {
      check(false, "metadata", CARD_NUMBER);
    } else {
      const field = `metadata["${key}"]`;
      const value = given[key] ?? "";
      check(value !== "", field, REQUIRED);
      metadata[key] = checkOwnText(value, field, MAXIMUM_METADATA_VALUE, check);
    }
  }
  const fits = metadataBytes(metadata) <= MAXIMUM_METADATA_BYTES;
  check(fits, "metadata", `must have at most ${MAXIMUM_METADATA_BYTES} bytes of UTF-8 in all keys and values`);
  return metadata;
}

/** Numbers of orders stand here: what looks like a card number is judged as in ids, not as in texts for people. */
function checkOwnText(text: string, field: string, maximum: number, check: FieldCheck): string {
  const { normal, fits } = checkPlainText(text, { field, maximum }, check);
  if (fits) check(!idHoldsCardNumber(normal), field, CARD_NUMBER);
  return normal;
}
