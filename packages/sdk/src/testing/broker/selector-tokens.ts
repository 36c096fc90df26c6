/** The words of a JMS selector (JMS 3.1, 3.8.1.1). */

/** A selector that cannot be understood; the sentence says what and where. */
export class InvalidSelector extends Error {
  override readonly name = "InvalidSelector";
}

export type Keyword = "AND" | "BETWEEN" | "ESCAPE" | "FALSE" | "IN" | "IS" | "LIKE" | "NOT" | "NULL" | "OR" | "TRUE";
export type Operator = "=" | "<>" | "<" | "<=" | ">" | ">=" | "+" | "-" | "*" | "/" | "(" | ")" | ",";

export type Token =
  | { readonly kind: "keyword"; readonly keyword: Keyword; readonly at: number }
  | { readonly kind: "operator"; readonly operator: Operator; readonly at: number }
  | { readonly kind: "identifier"; readonly name: string; readonly at: number }
  | { readonly kind: "string"; readonly value: string; readonly at: number }
  /** An exact number, without its sign. It may be one too large for a long, which only a minus can put right. */
  | { readonly kind: "exact"; readonly value: bigint; readonly at: number }
  | { readonly kind: "approximate"; readonly value: number; readonly at: number }
  | { readonly kind: "end"; readonly at: number };

const KEYWORDS: ReadonlySet<string> = new Set([
  "AND",
  "BETWEEN",
  "ESCAPE",
  "FALSE",
  "IN",
  "IS",
  "LIKE",
  "NOT",
  "NULL",
  "OR",
  "TRUE",
]);

/** Far beyond any selector that a person wrote, and short enough to be read at once. */
const MAXIMUM_LENGTH = 16_384;

const SPACE = /[ \t\f\r\n]+/y;
const STRING = /'(?:[^']|'')*'/y;
/** Artemis's way to write a property whose name is no Java identifier. */
const QUOTED_IDENTIFIER = /"(?:[^"]|"")+"/y;
/** A Java identifier; Artemis lets dots be in it. */
const IDENTIFIER = /[\p{ID_Start}_$][\p{ID_Continue}$.]*/uy;
const APPROXIMATE = /(?:\d+\.\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|\d+e[+-]?\d+)[fd]?|\d+[fd]/iy;
const EXACT = /(?:0x[\da-f]+|\d+)l?/iy;
const OPERATOR = /<>|<=|>=|[=<>+\-*/(),]/y;

/** @throws InvalidSelector */
export function tokenize(text: string): Token[] {
  if (text.length > MAXIMUM_LENGTH) throw new InvalidSelector(`A selector has at most ${MAXIMUM_LENGTH} characters.`);
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  while (at < text.length) {
    const space = match(SPACE);
    if (space !== undefined) {
      at += space.length;
      continue;
    }
    const [token, length] = nextToken(text, at, match);
    tokens.push(token);
    at += length;
  }
  tokens.push({ kind: "end", at });
  return tokens;
}

function nextToken(text: string, at: number, match: (pattern: RegExp) => string | undefined): [Token, number] {
  const string = match(STRING);
  if (string !== undefined) {
    return [{ kind: "string", value: string.slice(1, -1).replaceAll("''", "'"), at }, string.length];
  }
  const quoted = match(QUOTED_IDENTIFIER);
  if (quoted !== undefined) {
    return [{ kind: "identifier", name: quoted.slice(1, -1).replaceAll('""', '"'), at }, quoted.length];
  }
  const word = match(IDENTIFIER);
  if (word !== undefined) {
    const keyword = word.toUpperCase();
    if (KEYWORDS.has(keyword)) return [{ kind: "keyword", keyword: keyword as Keyword, at }, word.length];
    return [{ kind: "identifier", name: word, at }, word.length];
  }
  const number = match(APPROXIMATE) ?? match(EXACT);
  if (number !== undefined) return [numberToken(text, at, number), number.length];
  const operator = match(OPERATOR);
  if (operator !== undefined) return [{ kind: "operator", operator: operator as Operator, at }, operator.length];
  throw new InvalidSelector(`The character ${JSON.stringify(text[at])} at position ${at} has no meaning here.`);
}

function numberToken(text: string, at: number, number: string): Token {
  IDENTIFIER.lastIndex = at + number.length;
  if (IDENTIFIER.test(text)) throw new InvalidSelector(`The number at position ${at} runs into a word.`);
  if (/^0x/i.test(number)) return { kind: "exact", value: BigInt(number.replace(/l$/i, "")), at };
  if (/[.ed]|f$/i.test(number)) return { kind: "approximate", value: Number(number.replace(/[fd]$/i, "")), at };
  const digits = number.replace(/l$/i, "");
  if (digits.length === 1 || !digits.startsWith("0")) return { kind: "exact", value: BigInt(digits), at };
  // Exact numbers are written as in Java, where a leading zero means octal.
  if (/[89]/.test(digits)) throw new InvalidSelector(`The number at position ${at} is octal and has an 8 or 9.`);
  return { kind: "exact", value: BigInt(`0o${digits}`), at };
}
