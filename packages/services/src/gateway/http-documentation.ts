/** The API's description over HTTP: the OpenAPI document, and a page that shows it. Neither needs a token. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createRequire } from "node:module";
import type { FastifyInstance, FastifyReply } from "fastify";

const require = createRequire(import.meta.url);

/** Caches may keep what is the same for everybody so long, in seconds. */
const MAXIMUM_AGE_SECONDS = 300;

/** The page runs our scripts and styles alone, and calls nobody but this door. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  // The viewer's icons are in its style sheet.
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The files of swagger-ui-dist that the page needs: the image holds these of it, and no others. */
const VIEWER_FILES: Readonly<Record<string, string>> = {
  "swagger-ui.css": "text/css; charset=utf-8",
  "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
};

/** Paths are relative, so that they hold behind a proxy that adds to them. */
const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Quittance API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="viewer"></div>
<noscript>This page needs JavaScript. The document itself is at <a href="openapi.json">openapi.json</a>.</noscript>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start-viewer.js"></script>
</body>
</html>
`;

/** Its validator would send the document to somebody else's server. */
const START_VIEWER = `SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#viewer",
  presets: [SwaggerUIBundle.presets.apis],
  deepLinking: true,
  displayOperationId: true,
  validatorUrl: null,
});
`;

/** Adds `/openapi.json`, `/docs` and what the page loads. */
export function addDocumentationRoutes(app: FastifyInstance): void {
  let document: Buffer | undefined;
  app.get("/openapi.json", async (_request, reply) => {
    // Made when it is first asked for, which most gateways never are.
    document ??= Buffer.from((await import("./openapi/openapi-document.js")).openApiText());
    return send(reply, "application/json", document);
  });
  app.get("/docs", (_request, reply) => send(reply, "text/html; charset=utf-8", PAGE));
  app.get("/docs/start-viewer.js", (_request, reply) => send(reply, "text/javascript; charset=utf-8", START_VIEWER));
  for (const [file, type] of Object.entries(VIEWER_FILES)) {
    app.get(`/docs/${file}`, async (_request, reply) => {
      const path = require.resolve(`swagger-ui-dist/${file}`);
      const { size } = await stat(path);
      reply.header("content-length", size);
      return send(reply, type, createReadStream(path));
    });
  }
}

function send(reply: FastifyReply, type: string, content: string | Buffer | NodeJS.ReadableStream): FastifyReply {
  return reply
    .headers({
      "content-type": type,
      "cache-control": `public, max-age=${MAXIMUM_AGE_SECONDS}`,
      "content-security-policy": CONTENT_SECURITY_POLICY,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
    })
    .send(content);
}
