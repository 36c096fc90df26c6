import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { expect } from "chai";
import { openApiText } from "../../dist/gateway/openapi/openapi-document.js";
import { useGateway } from "./gateway-for-tests.js";

const require = createRequire(import.meta.url);
const CHECKED_IN = new URL("../../../../proto/openapi.json", import.meta.url);

describe("The API's documentation over HTTP", () => {
  const gateway = useGateway();
  const get = (path: string, init: RequestInit = {}) => fetch(`${gateway().httpUrl}${path}`, init);

  it("is the OpenAPI document that is checked in, to anybody who asks", async () => {
    const answer = await get("/openapi.json");
    expect(answer.status).to.equal(200);
    expect(answer.headers.get("content-type")).to.equal("application/json");
    const text = await answer.text();
    expect(text).to.equal(await readFile(CHECKED_IN, "utf8"));
    expect(text).to.equal(openApiText());
  });

  it("is shown by a page that loads and calls nothing but this door", async () => {
    const answer = await get("/docs");
    expect(answer.status).to.equal(200);
    const policy = answer.headers.get("content-security-policy") ?? "";
    expect(policy.split("; ")).to.include.members([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self'",
      "frame-ancestors 'none'",
    ]);
    const page = await answer.text();
    // The policy allows no script or style in the page itself.
    expect(page).not.to.match(/<script>|<style|\son[a-z]+=|\sstyle=/);
    expect(page).not.to.match(/https?:/);
    const loaded = [...page.matchAll(/(?:src|href)="((?!data:)[^"]+)"/g)].map(([, path]) => path ?? "");
    expect(loaded).to.include.members(["docs/swagger-ui.css", "docs/swagger-ui-bundle.js", "docs/start-viewer.js"]);
    for (const path of loaded) {
      const file = await get(`/${path}`);
      expect(file.status, path).to.equal(200);
      expect(file.headers.get("content-security-policy"), path).to.equal(policy);
      expect(file.headers.get("x-content-type-options"), path).to.equal("nosniff");
      expect((await file.text()).length, path).to.be.above(0);
    }
  });

  it("has the viewer's files as its package ships them", async () => {
    for (const [file, type] of [
      ["swagger-ui.css", "text/css; charset=utf-8"],
      ["swagger-ui-bundle.js", "text/javascript; charset=utf-8"],
    ] as const) {
      const answer = await get(`/docs/${file}`);
      expect(answer.headers.get("content-type")).to.equal(type);
      const shipped = await readFile(require.resolve(`swagger-ui-dist/${file}`));
      expect(Buffer.from(await answer.arrayBuffer()).equals(shipped), file).to.equal(true);
    }
  });

  it("starts the viewer without a validator elsewhere", async () => {
    const script = await (await get("/docs/start-viewer.js")).text();
    expect(script)
      .to.include("validatorUrl: null")
      .and.not.to.match(/https?:/);
  });

  it("is under the rules of every other path", async () => {
    for (const path of ["/openapi.json", "/docs", "/docs/swagger-ui.css"]) {
      const posted = await get(path, { method: "POST", body: "{}", headers: { "content-type": "application/json" } });
      expect(posted.status, path).to.equal(405);
      expect(posted.headers.get("allow"), path).to.equal("GET");
      expect((await get(`${path}?of=what`)).status, path).to.equal(400);
    }
    for (const path of ["/docs/", "/docs/package.json", "/docs/..%2fpackage.json"]) {
      expect((await get(path)).status, path).to.equal(404);
    }
  });
});
