import { expect } from "chai";
import { countCharacters, faultOfPlainText } from "../../dist/shared/plain-text.js";

describe("A text for people", () => {
  it("is counted in code points", () => {
    expect(countCharacters("🍵".repeat(140))).to.equal(140);
    expect(countCharacters("e\u0301")).to.equal(2);
    expect(countCharacters("")).to.equal(0);
  });

  const good = ["", "tea", "René", "李小龍", "علی", "می\u200cخواهم", "👩‍🚀 🏳️‍🌈", "שלום\u200f!", "a\u00a0b", "½ £ €"];
  for (const text of good) {
    it(`may be ${JSON.stringify(text)}`, () => expect(faultOfPlainText(text)).to.equal(undefined));
  }

  const bad: readonly [string, string][] = [
    ["a control character", "a\u0007"],
    ["a line feed", "a\nb"],
    ["a line separator", "a\u2028b"],
    ["a right-to-left override", "invoice \u202efdp.exe"],
    ["an isolate", "\u2066a\u2069"],
    ["a tag character", "a\u{e0041}"],
    ["a noncharacter", "a\ufffe"],
    ["an annotation", "a\ufff9b"],
    ["half of a surrogate pair", "a\ud800"],
    ["nothing but a zero-width space", "\u200b"],
    ["nothing but joiners and spaces", " \u200d\u2060\ufeff "],
    ["nothing but a blank of Hangul or Braille", "\u3164\u2800"],
    ["nothing but spaces", "   "],
    ["nothing but a mark", "\u0301"],
  ];
  for (const [what, text] of bad) {
    it(`may not have ${what}`, () => expect(faultOfPlainText(text)).to.be.a("string"));
  }
});
