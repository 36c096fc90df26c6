/** Where the command line finds the API, shown by a door of this test. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { issueCertificates } from "../../services/dist/stack/stack-certificates.js";

const PROGRAM = fileURLToPath(new URL("../bin/quittance.js", import.meta.url));

describe("The command line, beside a stack with TLS", () => {
  let folder: string;
  let server: Server;
  let url: string;
  let authority: string;
  const tokens: (string | undefined)[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "quittance-settings-"));
    const certificates = await issueCertificates(join(folder, "tls"));
    authority = certificates.caFile;
    const answer = (request: IncomingMessage, response: ServerResponse) => {
      tokens.push(request.headers.authorization);
      response.setHeader("content-type", "application/json").end(JSON.stringify({ payments: [], nextPageToken: "" }));
    };
    server = createServer(certificates.textOf("gateway"), answer);
    server.listen(0);
    await once(server, "listening");
    url = `https://localhost:${(server.address() as AddressInfo).port}`;
    await mkdir(join(folder, ".quittance"));
    await mkdir(join(folder, "shop/src"), { recursive: true });
    await writeFile(
      join(folder, ".quittance/run.json"),
      JSON.stringify({ http: url, token: "of-the-stack", authority }),
    );
    await writeFile(join(folder, "token"), "of-a-file\n");
  });

  beforeEach(() => {
    tokens.length = 0;
  });

  after(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
    await rm(folder, { recursive: true, force: true });
  });

  async function list(cwd: string, environment: NodeJS.ProcessEnv = {}) {
    const child = spawn(process.execPath, [PROGRAM, "list"], { cwd, env: { PATH: process.env.PATH, ...environment } });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const [code] = await once(child, "close");
    return { code, stderr };
  }

  it("finds it from any folder below, and believes its authority", async () => {
    expect(await list(join(folder, "shop/src"))).to.deep.equal({ code: 0, stderr: "There are none.\n" });
    expect(tokens).to.deep.equal(["Bearer of-the-stack"]);
  });

  it("finds it where QUITTANCE_FOLDER says, and takes another token for it", async () => {
    const environment = { QUITTANCE_FOLDER: join(folder, ".quittance"), QUITTANCE_TOKEN_FILE: join(folder, "token") };
    expect(await list(tmpdir(), environment)).to.deep.include({ code: 0 });
    expect(tokens).to.deep.equal(["Bearer of-a-file"]);
  });

  it("sends the token of the stack nowhere else", async () => {
    const { code, stderr } = await list(folder, { QUITTANCE_URL: "https://elsewhere.example" });
    expect(code).to.equal(2);
    expect(stderr).to.contain("QUITTANCE_TOKEN is not set");
    expect(tokens).to.deep.equal([]);
  });

  it("believes no server whose authority it does not know", async () => {
    const { code, stderr } = await list(tmpdir(), { QUITTANCE_URL: url, QUITTANCE_TOKEN: "any" });
    expect({ code, stderr }).to.deep.include({ code: 3 });
    expect(stderr).to.contain("could not be reached");
    expect(tokens).to.deep.equal([]);
  });
});
