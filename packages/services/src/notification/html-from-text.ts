/** The HTML part of an e-mail whose template has none of its own. */

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A page that says what `text` says: a paragraph for each block of lines, everything escaped, nothing loaded. */
export function htmlFromText(text: string, language: string): string {
  const paragraphs = text
    .split(/\n{2,}/)
    .map((block) => `<p>${block.split("\n").map(escapeHtml).join("<br>\n")}</p>`)
    .join("\n");
  return `<!doctype html>
<html lang="${escapeHtml(language)}">
<head><meta charset="utf-8"></head>
<body style="font-family: sans-serif; line-height: 1.5">
${paragraphs}
</body>
</html>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
