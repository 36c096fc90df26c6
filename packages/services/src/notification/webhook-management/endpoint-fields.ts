/** The rules for the fields of endpoints. What is wrong is named, and its value never repeated. */
import { holdsCardNumber } from "../../shared/card-number-in-text.js";
import { CARD_NUMBER, checkText, type FieldCheck, REQUIRED } from "../../shared/field-checks.js";
import { ALL_TYPES, EVENT_TYPES } from "../event-types.js";
import { hasPrivateAddress } from "../webhook/public-address.js";

const MAXIMUM_URL = 2_048;
const MAXIMUM_DESCRIPTION = 140;
/** As in the proto: a host by its name, and no character in the path that would have to be escaped. */
const PUBLIC_URL =
  /^https:\/\/[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?(\.[a-z]([a-z0-9-]{0,30}[a-z0-9])?){1,4}(:[1-9][0-9]{0,3})?(\/[A-Za-z0-9._~%&=+/?-]{0,1000})?$/;
const SECOND_MS = 1_000;
const DAY_MS = 24 * 3_600 * SECOND_MS;
/** How long former secrets sign when the caller does not say, and how long at most. */
const DEFAULT_KEEP_FORMER_MS = DAY_MS;
const MAXIMUM_KEEP_FORMER_MS = 7 * DAY_MS;

/**
 * Checks a URL. @returns the form in which URLs are compared and posted to
 * @param allowPrivate whether plain HTTP and private addresses are taken
 */
export function checkUrl(text: string, allowPrivate: boolean, check: FieldCheck): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const fault = text === "" ? REQUIRED : faultOfUrl(text, url, allowPrivate);
  check(fault === undefined, "url", fault ?? "");
  return url?.href ?? text;
}

export function checkDescription(text: string, check: FieldCheck): string {
  return checkText(text, { field: "description", maximum: MAXIMUM_DESCRIPTION }, check);
}

/** Checks the types that an endpoint takes. @returns them once each; none for all */
export function checkEventTypes(types: readonly string[], check: FieldCheck): string[] {
  const known: readonly string[] = [ALL_TYPES, ...EVENT_TYPES];
  const fits = types.every((type) => known.includes(type));
  check(fits, "event_types", `must be some of ${known.join(", ")}`);
  return types.includes(ALL_TYPES) ? [] : [...new Set(types)];
}

/** Checks how long former secrets sign. @returns it in milliseconds */
export function checkKeepFormer(
  duration: { readonly seconds: bigint; readonly nanos: number } | undefined,
  check: FieldCheck,
): number {
  if (duration === undefined) return DEFAULT_KEEP_FORMER_MS;
  const ms = Number(duration.seconds) * SECOND_MS + duration.nanos / 1_000_000;
  check(ms >= 0 && ms <= MAXIMUM_KEEP_FORMER_MS, "keep_former", "must be a duration of 0 to 7 days (604800s)");
  return ms;
}

function faultOfUrl(text: string, url: URL | undefined, allowPrivate: boolean): string | undefined {
  if (text.length > MAXIMUM_URL) return `must have at most ${MAXIMUM_URL} characters`;
  const schemes = allowPrivate ? ["https:", "http:"] : ["https:"];
  if (url === undefined || !schemes.includes(url.protocol)) return "must be an https:// URL";
  if (url.username !== "" || url.password !== "") return "must not hold a user or a password";
  if (url.hash !== "") return "must not have a fragment";
  if (!allowPrivate && !PUBLIC_URL.test(text)) return "must name its host, in letters, digits, hyphens and dots";
  if (holdsCardNumber(url.href)) return CARD_NUMBER;
  if (!allowPrivate && hasPrivateAddress(url)) return "must have a host with a public address";
  return undefined;
}
