import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type Complaint, openProcessLogs, type ProcessLogs } from "../../dist/stack/process-logs.js";

describe("The log files of the stack", () => {
  let folder: string;
  let logs: ProcessLogs;
  let complaints: Complaint[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "quittance-logs-"));
    complaints = [];
    await writeFile(join(folder, "gateway.log"), "the start before\n");
    logs = await openProcessLogs({
      folder,
      processes: ["gateway"],
      onComplaint: (complaint) => complaints.push(complaint),
    });
  });
  afterEach(async () => {
    await logs.close();
    await rm(folder, { recursive: true, force: true });
  });

  const write = (text: string, stream: "stdout" | "stderr" = "stdout") =>
    logs.write("gateway", Buffer.from(text), stream);
  const line = (entry: object) => `${JSON.stringify(entry)}\n`;

  it("hold everything that a process wrote, and keep those of the start before", async () => {
    write("one\n");
    write("two\n", "stderr");
    await logs.close();
    expect(await readFile(join(folder, "gateway.log"), "utf8")).to.equal("one\ntwo\n");
    expect(await readFile(join(folder, "gateway.log.1"), "utf8")).to.equal("the start before\n");
    expect((await stat(join(folder, "gateway.log"))).mode & 0o777).to.equal(0o600);
  });

  it("have warnings and errors shown with their causes, and nothing else", () => {
    write(line({ level: "info", msg: "ready" }));
    write(line({ level: "warn", msg: "no broker yet", err: { message: "connection refused" } }));
    write(line({ level: "error", msg: "set aside", reason: "not JSON" }));
    expect(complaints).to.deep.equal([
      { process: "gateway", level: "warn", text: "no broker yet: connection refused" },
      { process: "gateway", level: "error", text: "set aside: not JSON" },
    ]);
  });

  it("put lines together that come in pieces", () => {
    const whole = line({ level: "warn", msg: "in pieces" });
    write(line({ level: "info", msg: "before" }) + whole.slice(0, 9));
    write(whole.slice(9, 20));
    write(whole.slice(20));
    expect(complaints.map(({ text }) => text)).to.deep.equal(["in pieces"]);
  });

  it("show what comes on standard error as it is", () => {
    write("Error: something broke\n", "stderr");
    expect(complaints).to.deep.equal([{ process: "gateway", level: "error", text: "Error: something broke" }]);
  });

  it("show the same complaint once in a while, not each time", () => {
    for (let time = 0; time < 50; time += 1) write(line({ level: "warn", msg: "no broker yet" }));
    expect(complaints).to.have.length(1);
  });
});
