/** What a failure of PostgreSQL says about the work that met it (SQLSTATE: PostgreSQL, appendix A). */

/**
 * Codes that values of the message itself bring about, and that it will bring about again: a text that is too long or
 * holds a zero, a number that does not fit, a time that is none. The list is closed. Constraints (class 23) are not in
 * it: messages are checked by their schemas first, so that one which fails is a mistake of ours, or a migration that is
 * behind, and the message must wait for its mending.
 */
const OF_THE_MESSAGE: ReadonlySet<string> = new Set([
  "22001", // string_data_right_truncation
  "22003", // numeric_value_out_of_range
  "22007", // invalid_datetime_format
  "22008", // datetime_field_overflow
  "22009", // invalid_time_zone_displacement_value
  "22021", // character_not_in_repertoire
  "22P02", // invalid_text_representation
  "22P03", // invalid_binary_representation
  "22P05", // untranslatable_character
]);

/**
 * Codes that say that the server, and not what it was asked, is the reason: away or stopping, busy, full, read-only,
 * with another password, without the role, the right or the database. The same transaction can succeed later.
 */
const OF_THE_SERVER = /^(08...|25006|25P0[34]|28...|3D000|40...|42501|53...|55P03|55006|57...|58...|F0...|XX...)$/;

/** How pg and Node name what breaks below SQL: a system error code. */
const OF_THE_LINE = /^E[A-Z_]+$/;

/** Whether the message's own values are at fault, so that trying again cannot help. */
export function isFaultOfTheMessage(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && OF_THE_MESSAGE.has(code);
}

/**
 * Whether a failure says that the database is away, busy or refuses, so that the same transaction can succeed later. A
 * connection that broke has no SQLSTATE but a system error code, or pg's own sentence.
 */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = codeOf(error);
  if (code !== undefined) return OF_THE_SERVER.test(code) || OF_THE_LINE.test(code);
  return /connection|timeout|terminat/i.test(error.message);
}

/** Whether the database said it, or the line to it: not a mistake in what runs here. */
export function isOfTheDatabase(error: unknown): boolean {
  return isTransient(error) || /^[0-9A-Z]{5}$/.test(codeOf(error) ?? "");
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as { readonly code?: unknown };
  return typeof code === "string" ? code : undefined;
}
