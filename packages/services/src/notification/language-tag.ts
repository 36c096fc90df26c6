/** Languages of templates: BCP 47 tags, and which of them are tried for somebody who asked for one. */

/** Longest tag: RFC 5646 recommends that at least 35 characters are kept. */
const MAXIMUM_LENGTH = 35;

/** What is said of a text that is none. */
export const LANGUAGE_RULE = "must be a BCP 47 tag in its canonical form, such as `en` or `fr-CA`";

/** Whether a text is a BCP 47 tag in its canonical form, without extensions: `en`, `fr-CA`, `zh-Hant-TW`. */
export function isLanguageTag(text: string): boolean {
  if (text.length > MAXIMUM_LENGTH || !/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(text)) return false;
  try {
    return Intl.getCanonicalLocales(text)[0] === text;
  } catch {
    return false;
  }
}

/**
 * The languages to try, best first: the one that was asked for, then its wider ones as RFC 4647 looks them up
 * (`fr-CA`, `fr`), then `otherwise`.
 */
export function languagesFor(asked: string, otherwise: string): string[] {
  const subtags = asked.split("-");
  const wider = subtags.map((_, index) => subtags.slice(0, subtags.length - index).join("-"));
  return [...new Set([...wider, otherwise])];
}
