/** The built app: its files, held in memory, so that no path of a request ever names a file. */
import { readdir, readFile, stat } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { FastifyInstance, FastifyReply } from "fastify";

/** Where `npm run build` puts the app. */
export const APP_FOLDER = fileURLToPath(new URL("../../../../console/dist/app", import.meta.url));

const INDEX = "index.html";
/** What is the API's and the console's own, and no route of the page. */
const OTHERS = /^\/(v1|console)(\/|$)/;
/** Files of the app that are read; a folder with more is none of its builds. */
const MAXIMUM_FILES = 500;

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".webp": "image/webp",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
};

/** The page runs its own scripts and styles alone, and calls nobody but this server. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

const HEADERS = {
  "content-security-policy": CONTENT_SECURITY_POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

const NOT_BUILT = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Quittance console</title></head>
<body>
<h1>The console's app is not built</h1>
<p>Run <code>npm run build</code> at the top of the repository, then load this page again.</p>
<p>What it shows is here already: <code>GET /console/v1/overview</code> with an operator's token.</p>
</body>
</html>
`;

interface AppFile {
  readonly type: string;
  readonly content: Buffer;
  /** Whether its name changes with its content. */
  readonly immutable: boolean;
}

/** The files by their paths in URLs, as of one build. */
type AppFiles = ReadonlyMap<string, AppFile>;

/** Adds `/`, the files of the app, and for every other path without a dot the page itself, which has routes of its own. */
export function addAppRoutes(app: FastifyInstance, folder: string = APP_FOLDER): void {
  let read: { readonly builtAtMs: number; readonly files: Promise<AppFiles> } | undefined;

  /** The files of the newest build; undefined when there is none. */
  async function filesNow(): Promise<AppFiles | undefined> {
    const builtAtMs = await stat(join(folder, INDEX)).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    );
    if (builtAtMs === undefined) return undefined;
    if (read?.builtAtMs !== builtAtMs) read = { builtAtMs, files: readFiles(folder) };
    return read.files;
  }

  app.get("/*", { config: { anyParameters: true } }, async (request, reply) => {
    const path = request.url.split("?")[0] ?? "/";
    if (OTHERS.test(path)) return reply.callNotFound();
    const files = await filesNow();
    if (files === undefined) return sendPage(reply.code(503), Buffer.from(NOT_BUILT));
    const file = files.get(path);
    if (file !== undefined && path !== `/${INDEX}`) return sendFile(reply, file);
    const index = files.get(`/${INDEX}`);
    if (index === undefined || path.includes(".")) return reply.callNotFound();
    return sendPage(reply, index.content);
  });
}

function sendPage(reply: FastifyReply, content: Buffer): FastifyReply {
  return reply.headers({ ...HEADERS, "content-type": TYPES[".html"], "cache-control": "no-cache" }).send(content);
}

function sendFile(reply: FastifyReply, { type, content, immutable }: AppFile): FastifyReply {
  const cacheControl = immutable ? "public, max-age=31536000, immutable" : "no-cache";
  return reply.headers({ ...HEADERS, "content-type": type, "cache-control": cacheControl }).send(content);
}

async function readFiles(folder: string): Promise<AppFiles> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const files = await Promise.all(
    paths.slice(0, MAXIMUM_FILES).map(async (path): Promise<[string, AppFile]> => {
      const name = `/${relative(folder, path).split(sep).join("/")}`;
      const type = TYPES[extname(path)] ?? "application/octet-stream";
      return [name, { type, content: await readFile(path), immutable: name.startsWith("/assets/") }];
    }),
  );
  return new Map(files);
}
