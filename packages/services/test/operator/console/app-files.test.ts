import { request } from "node:http";
import { expect } from "chai";
import { APP, problemOf, useLoneConsole } from "./console-for-tests.js";

/** A GET whose path is sent as it stands: `fetch` would tidy it up. */
function getAsItStands(base: string, path: string, headers: Readonly<Record<string, string>> = {}) {
  return new Promise<{ readonly status: number; readonly text: string }>((resolve, reject) => {
    const { hostname, port } = new URL(base);
    request({ hostname, port, path, headers, agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
    })
      .on("error", reject)
      .end();
  });
}

describe("The console's app", () => {
  const console = useLoneConsole();
  const get = (path: string) => fetch(`${console().url}${path}`);

  it("is a page that caches ask for again, and runs its own scripts alone", async () => {
    const answer = await get("/");
    expect(answer.status).to.equal(200);
    expect(await answer.text()).to.equal(APP["index.html"]);
    expect(answer.headers.get("cache-control")).to.equal("no-cache");
    const policy = answer.headers.get("content-security-policy") ?? "";
    expect(policy.split("; ")).to.include.members([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ]);
    expect(policy).not.to.match(/unsafe|\*|https?:/);
    expect(answer.headers.get("x-content-type-options")).to.equal("nosniff");
  });

  it("has files whose names change with their content, which caches keep", async () => {
    const answer = await get("/assets/app-1a2b.js");
    expect(await answer.text()).to.equal(APP["assets/app-1a2b.js"]);
    expect(answer.headers.get("content-type")).to.equal("text/javascript; charset=utf-8");
    expect(answer.headers.get("cache-control")).to.equal("public, max-age=31536000, immutable");
    expect((await get("/favicon.svg")).headers.get("cache-control")).to.equal("no-cache");
  });

  it("has routes of its own: every path without a dot is the page", async () => {
    for (const path of ["/payments", "/payments/pay_x", "/dead-letters?queue=payment"]) {
      expect(await (await get(path)).text(), path).to.equal(APP["index.html"]);
    }
  });

  it("answers what is not there with a problem, and never with the page", async () => {
    for (const path of ["/nosuch.js", "/assets/app-0000.js", "/console/v1/nosuch", "/console", "/v1"]) {
      expect(await problemOf(await get(path)), path).to.include({ status: 404, reason: "UNKNOWN_ROUTE" });
    }
  });

  it("lets no path lead out of its files", async () => {
    for (const path of [
      "/../package.json",
      "/assets/../../package.json",
      "/%2e%2e/package.json",
      "/..%2fpackage.json",
      "/assets/..%5c..%5cpackage.json",
      "//etc/passwd.txt",
      "/assets/%2e%2e%2fapp.js",
    ]) {
      const { status, text } = await getAsItStands(console().url, path);
      expect(status, path).to.be.oneOf([400, 404]);
      expect(text, path).to.match(/"reason":"(UNKNOWN_ROUTE|MALFORMED_REQUEST)"/);
    }
  });

  it("is answered by this machine's names alone", async () => {
    const ask = (host: string) => getAsItStands(console().url, "/", { host });
    for (const host of ["evil.example", "127.0.0.1.evil.example:8082", "10.0.0.1", "localhost.evil.example"]) {
      expect((await ask(host)).text, host).to.include('"reason":"HOST_NOT_ALLOWED"');
    }
    for (const host of ["localhost", "localhost:8082", "127.0.0.1:1", "[::1]:8082"]) {
      expect((await ask(host)).status, host).to.equal(200);
    }
  });

  it("is read and nothing else", async () => {
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      const answer = await fetch(`${console().url}/`, { method });
      expect([answer.status, answer.headers.get("allow")], method).to.deep.equal([405, "GET"]);
    }
  });
});

describe("A console whose app is not built", () => {
  const console = useLoneConsole({ withApp: false, others: { CONSOLE_HOSTS: "console.example" } });

  it("says how to build it", async () => {
    const answer = await fetch(`${console().url}/payments`);
    expect(answer.status).to.equal(503);
    expect(answer.headers.get("content-type")).to.equal("text/html; charset=utf-8");
    expect(await answer.text()).to.include("npm run build");
  });

  it("answers by the further names that CONSOLE_HOSTS has", async () => {
    const { status } = await getAsItStands(console().url, "/", { host: "console.example" });
    expect(status).to.equal(503);
  });
});
