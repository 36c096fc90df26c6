/**
 * A source map is decoded whole at the first error of its file. One of a bundle knows every token of every package: some
 * hundred thousand, which cost a moment and tens of megabytes just when something goes wrong. An error's stack needs lines.
 */

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUES = new Map([...DIGITS].map((digit, value) => [digit, value]));

/** The map with one mapping for each line of a package's code; our own keeps its columns. @param text JSON (ECMA-426) */
export function byLine(text) {
  const map = JSON.parse(text);
  const isOfPackage = map.sources.map((source) => source.includes("/node_modules/"));
  let read = { source: 0, line: 0, column: 0 };
  let written = read;
  const lines = map.mappings.split(";").map((line) => {
    let at = 0;
    let writtenAt = 0;
    let last;
    const kept = [];
    for (const segment of line === "" ? [] : line.split(",")) {
      const [ahead, source, sourceLine, sourceColumn] = decode(segment);
      at += ahead;
      if (source === undefined) continue;
      read = { source: read.source + source, line: read.line + sourceLine, column: read.column + sourceColumn };
      if (isOfPackage[read.source] && last?.source === read.source && last.line === read.line) continue;
      const { source: to, line: toLine, column: toColumn } = read;
      kept.push(encode([at - writtenAt, to - written.source, toLine - written.line, toColumn - written.column]));
      writtenAt = at;
      written = last = read;
    }
    return kept.join(",");
  });
  // Names are of the tokens that are gone, and Node asks for none.
  return JSON.stringify({ ...map, names: [], mappings: lines.join(";") });
}

/** The numbers of a segment: base64 VLQ, least significant digits first, the sign in the lowest bit. */
function decode(segment) {
  const numbers = [];
  let value = 0;
  let shift = 0;
  for (const character of segment) {
    const digit = VALUES.get(character);
    value += (digit & 31) << shift;
    shift += 5;
    if (digit & 32) continue;
    numbers.push(value & 1 ? -(value >> 1) : value >> 1);
    value = 0;
    shift = 0;
  }
  return numbers;
}

function encode(numbers) {
  return numbers
    .map((number) => {
      let text = "";
      let rest = number < 0 ? (-number << 1) | 1 : number << 1;
      do {
        const digit = rest & 31;
        rest >>>= 5;
        text += DIGITS[rest > 0 ? digit | 32 : digit];
      } while (rest > 0);
      return text;
    })
    .join("");
}
