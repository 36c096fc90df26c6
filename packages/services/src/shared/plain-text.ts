/**
 * What texts for people may hold: names and descriptions. A character is a Unicode code point of the text in
 * Normalization Form C, so that an emoji of one code point counts as one, and `é` is one in whatever form it came.
 */

/** How many characters a text has. */
export function countCharacters(text: string): number {
  let count = 0;
  for (const _character of text) count++;
  return count;
}

/**
 * Characters that are refused: controls (Cc), halves of surrogate pairs (Cs), ends of lines and paragraphs (Zl, Zp),
 * and those that make a text look like another: bidirectional embeddings, overrides and isolates, annotations, tags
 * (which hide text), and code points that are no characters.
 */
const REFUSED =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\u202A-\u202E\u2066-\u2069\uFFF9-\uFFFB\u{E0000}-\u{E007F}]/u;

/** A character that can be seen: neither a space, nor a mark by itself, nor of those that are drawn as nothing. */
const VISIBLE = /[^\p{Z}\p{M}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** What is wrong with a text for people, after "must"; undefined when nothing is. */
export function faultOfPlainText(text: string): string | undefined {
  if (REFUSED.test(text)) return "not hold control characters, line ends, bidirectional overrides or tag characters";
  if (text !== "" && !VISIBLE.test(text)) return "hold a character that can be seen";
  return undefined;
}
