/** The rules for the fields of endpoints. What is wrong is named, and its value never repeated. */
import { holdsCardNumber } from "../../shared/card-number-in-text.js";
import { CARD_NUMBER, checkRequestId, checkText, collectInto, REQUIRED } from "../../shared/field-checks.js";
import { invalidRequest } from "../../shared/management-error.js";
import type { Violation } from "../../shared/violation.js";
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

/** Collects what is wrong with a request. */
export class EndpointFields {
  readonly #violations: Violation[] = [];
  readonly #check = collectInto(this.#violations);
  /** Whether plain HTTP and private addresses are taken. */
  readonly #allowPrivate: boolean;

  constructor({ allowPrivate }: { readonly allowPrivate: boolean }) {
    this.#allowPrivate = allowPrivate;
  }

  requestId(requestId: string): string {
    checkRequestId(requestId, this.#check);
    return requestId;
  }

  /** In the form in which URLs are compared and posted to. */
  url(text: string): string {
    if (text === "") this.#check(false, "url", REQUIRED);
    const fault = text === "" ? undefined : this.#faultOfUrl(text);
    this.#check(fault === undefined, "url", `must ${fault}`);
    return fault === undefined && URL.canParse(text) ? new URL(text).href : text;
  }

  description(text: string): string {
    return checkText(text, { field: "description", maximum: MAXIMUM_DESCRIPTION }, this.#check);
  }

  /** Empty for all. */
  eventTypes(types: readonly string[]): string[] {
    const known: readonly string[] = [ALL_TYPES, ...EVENT_TYPES];
    const fits = types.every((type) => known.includes(type));
    this.#check(fits, "event_types", `must be some of ${known.join(", ")}`);
    return types.includes(ALL_TYPES) ? [] : [...new Set(types)];
  }

  /** In milliseconds. */
  keepFormer(duration: { readonly seconds: bigint; readonly nanos: number } | undefined): number {
    if (duration === undefined) return DEFAULT_KEEP_FORMER_MS;
    const ms = Number(duration.seconds) * SECOND_MS + duration.nanos / 1_000_000;
    this.#check(ms >= 0 && ms <= MAXIMUM_KEEP_FORMER_MS, "keep_former", "must be a duration of 0 to 7 days (604800s)");
    return ms;
  }

  /** @throws ManagementError INVALID_ARGUMENT when something is wrong. */
  end(): void {
    if (this.#violations.length > 0) throw invalidRequest(this.#violations);
  }

  #faultOfUrl(text: string): string | undefined {
    if (text.length > MAXIMUM_URL) return `have at most ${MAXIMUM_URL} characters`;
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const schemes = this.#allowPrivate ? ["https:", "http:"] : ["https:"];
    if (url === undefined || !schemes.includes(url.protocol)) return "be an https:// URL";
    if (url.username !== "" || url.password !== "") return "not hold a user or a password";
    if (url.hash !== "") return "not have a fragment";
    if (!this.#allowPrivate && !PUBLIC_URL.test(text)) return "name its host, in letters, digits, hyphens and dots";
    if (holdsCardNumber(url.href)) return CARD_NUMBER.slice("must ".length);
    if (!this.#allowPrivate && hasPrivateAddress(url)) return "have a host with a public address";
    return undefined;
  }
}
