/** What is asked when a dead letter is replayed or discarded: the reason, and perhaps more time for its payment. */
import { z } from "zod";
import { invalidFields } from "../../gateway/api-error.js";
import { parseJsonObject } from "../../gateway/json-text.js";
import { holdsCardNumber } from "../../shared/card-number-in-text.js";
import { countCharacters, faultOfPlainText } from "../../shared/plain-text.js";
import type { Verb } from "../cli/change-letter.js";
import { MAXIMUM_EXTENSION_MINUTES, minutesFromNow } from "../cli/extend-deadline.js";

const MAXIMUM_REASON = 500;

/** It is kept in clear, beside who did it. */
const reason = z.string("must be a text").check(({ value, issues }) => {
  const fault =
    value.trim() === ""
      ? "must say why it is done"
      : countCharacters(value) > MAXIMUM_REASON
        ? `must have at most ${MAXIMUM_REASON} characters`
        : holdsCardNumber(value)
          ? "must not hold a card's number: it is kept in clear"
          : faultOfPlainText(value) && `must ${faultOfPlainText(value)}`;
  if (fault) issues.push({ code: "custom", message: fault, input: value });
});

const minutes = z
  .int("must be a whole number of minutes")
  .min(1, "must be 1 or more")
  .max(MAXIMUM_EXTENSION_MINUTES, `must be ${MAXIMUM_EXTENSION_MINUTES} or less`);

const BODY: Readonly<Record<Verb, z.ZodType<{ reason: string; extendDeadlineMinutes?: number | undefined }>>> = {
  replay: z.strictObject({ reason, extendDeadlineMinutes: minutes.optional() }),
  discard: z.strictObject({ reason }),
};

/** @throws ApiError INVALID_ARGUMENT when the body is no JSON object, or has wrong fields. */
export function readLetterChange(
  body: unknown,
  verb: Verb,
): { readonly reason: string; readonly deadline: Date | undefined } {
  const read = BODY[verb].safeParse(parseJsonObject(body instanceof Uint8Array ? body : new Uint8Array()));
  if (!read.success) {
    throw invalidFields(
      read.error.issues.flatMap((issue) =>
        issue.code === "unrecognized_keys"
          ? issue.keys.map((key) => ({ field: key.slice(0, 50), description: "is not a field of this request" }))
          : [{ field: issue.path.join("."), description: issue.message }],
      ),
    );
  }
  const { extendDeadlineMinutes } = read.data;
  return {
    reason: read.data.reason,
    deadline: extendDeadlineMinutes === undefined ? undefined : minutesFromNow(extendDeadlineMinutes),
  };
}
