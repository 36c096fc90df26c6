import { Agent, createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import type { FuzzCase } from "./fuzz-case.js";
import { httpCase } from "./http-case.js";
import { faultOf } from "./judge.js";
import { smallestFailing } from "./smallest.js";

/** A gateway that has a bug: it fails when a description is there and is no text. */
describe("Requests over HTTP that are nearly right", () => {
  const agent = new Agent({ keepAlive: true });
  let server: Server;
  before(async () => {
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const bug = /"description":[^"]/.test(Buffer.concat(chunks).toString());
      response.writeHead(bug ? 500 : 200, {
        "content-type": "application/json",
        traceresponse: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`,
      });
      response.end("{}");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  after(async () => {
    agent.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  const caseOf = (place: number): FuzzCase =>
    httpCase({ port: (server.address() as AddressInfo).port, token: "token", paymentId: "pay_x", agent }, 1, place);

  it("are the same for the same seed and place", () => {
    for (let place = 1; place < 1_000; place++) {
      const [one, other] = [caseOf(place), caseOf(place)];
      one.show(() => true);
      expect(one.mutations).to.deep.equal(other.mutations);
      expect(one.show(() => true)).to.equal(other.show(() => true));
    }
  });

  it("find a bug, and are made as small as it is", async () => {
    const fails = async (fuzzCase: FuzzCase, keep: (mutation: number) => boolean) =>
      faultOf("http", await fuzzCase.send(keep), []) !== undefined;
    for (let place = 1; place <= 500; place++) {
      const fuzzCase = caseOf(place);
      if (fuzzCase.mutations.length < 2 || !(await fails(fuzzCase, () => true))) continue;
      const kept = await smallestFailing(fuzzCase.mutations.length, (keep) => fails(fuzzCase, keep));
      expect(fuzzCase.mutations.filter((_, mutation) => kept.has(mutation))).to.have.length(1);
      expect(fuzzCase.show((mutation) => kept.has(mutation))).to.match(/"description":[^"]/);
      return;
    }
    expect.fail("It was not found.");
  });
});
