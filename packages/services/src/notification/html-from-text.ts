/** The HTML part of an e-mail whose template has none of its own. */
import { escapeMarkup } from "../shared/escape-markup.js";

/** A page that says what `text` says: a paragraph for each block of lines, everything escaped, nothing loaded. */
export function htmlFromText(text: string, language: string): string {
  const paragraphs = text
    .split(/\n{2,}/)
    .map((block) => `<p>${block.split("\n").map(escapeMarkup).join("<br>\n")}</p>`)
    .join("\n");
  return `<!doctype html>
<html lang="${escapeMarkup(language)}">
<head><meta charset="utf-8"></head>
<body style="font-family: sans-serif; line-height: 1.5">
${paragraphs}
</body>
</html>`;
}
