/** The patches of docs/upstream: each fixes its fault in the rhea that is installed. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { runToEnd } from "../package/run-script.js";

const PAGES = fileURLToPath(new URL("../../../../docs/upstream/", import.meta.url));
/** Below the package's own folder, so that a copy of rhea finds what it needs. */
const HERE = fileURLToPath(new URL("./", import.meta.url));
const require = createRequire(import.meta.url);

/** rhea's modules by their names, of the copy that a test looks at. */
type Load = (module: string) => never;

interface Receiving {
  drain: boolean;
  drain_credit(): void;
  on_flow(frame: object): void;
}

interface Insides {
  readonly incoming: { updated: object[]; process(session: object): void };
  readonly outgoing: { readonly next_delivery_id: number; send(link: object, tag: Buffer, data: Buffer): void };
  create_receiver(name: string): Receiving;
}

function sessionOf(load: Load, size = 2_048): Insides {
  const rhea = load("container") as { create_container(): { create_connection(options: object): never } };
  const connection = rhea.create_container().create_connection({}) as {
    create_session(size: { readonly outgoing: number }): Insides;
  };
  return connection.create_session({ outgoing: size });
}

/** By page: whether the fault is there. */
const SYMPTOMS: Readonly<Record<string, (load: Load) => boolean>> = {
  "rhea-dispositions.md": (load) => {
    const { incoming } = sessionOf(load);
    const message = load("message") as Record<"accepted" | "rejected", (fields: object) => { described(): object }>;
    const written: object[] = [];
    const link = { is_receiver: () => true, session: { output: (frame: object) => written.push(frame) } };
    incoming.updated = [message.accepted({}), message.rejected({})].map((outcome, id) => ({
      ...{ id, link, settled: true, state: outcome.described() },
    }));
    incoming.process({ _write_flow: () => {} });
    return written.length === 1;
  },
  "rhea-drain.md": (load) => {
    const receiver = sessionOf(load).create_receiver("receiver");
    receiver.drain_credit();
    receiver.on_flow({ performative: { drain: true, link_credit: 0, delivery_count: 0 } });
    return receiver.drain;
  },
  "rhea-session-buffer.md": (load) => {
    const { outgoing } = sessionOf(load, 1);
    outgoing.send({}, Buffer.from("1"), Buffer.from("fits"));
    expect(() => outgoing.send({}, Buffer.from("2"), Buffer.from("does not fit"))).to.throw(/unsettled|overflow/);
    return outgoing.next_delivery_id === 2;
  },
  "rhea-sasl-plain.md": (load) => {
    const sasl = load("sasl") as { client_mechanisms(): Record<string, (user: string, password: string) => void> };
    const mechanisms = sasl.client_mechanisms();
    mechanisms.enable_plain?.("jürgen", "pässwörd");
    const plain = (mechanisms.PLAIN as unknown as () => { start(respond: (_: unknown, said: Buffer) => void): void })();
    let answer = "";
    plain.start((_, said) => {
      answer = said.toString();
    });
    return answer !== "\0jürgen\0pässwörd";
  },
  "rhea-writes.md": (load) => {
    const Transport = load("transport") as new (
      ...fields: unknown[]
    ) => {
      encode(frame: object): void;
      write(socket: { write(bytes: Buffer): void }): void;
    };
    const frames = load("frames") as { amqp_frame(channel: number): object };
    const transport = new Transport("id", 0, 0, {});
    for (const channel of [0, 1, 2]) transport.encode(frames.amqp_frame(channel));
    let writes = 0;
    transport.write({ write: () => void writes++ });
    return writes > 1;
  },
  "rhea-counts.md": (load) => {
    const { Reader } = load("types") as { Reader: new (bytes: Buffer) => { read(): { readonly value: unknown[] } } };
    const million = Buffer.from("f000000005000f424040", "hex");
    try {
      return new Reader(million).read().value.length === 1_000_000;
    } catch (error) {
      expect((error as Error).message).to.contain("more than the bytes hold");
      return false;
    }
  },
};

describe("The patches for upstream", () => {
  it("are each tried here", async () => {
    const pages = (await readdir(PAGES)).filter((name) => name !== "README.md");
    expect(pages).to.have.members(Object.keys(SYMPTOMS));
  });

  for (const [page, isThere] of Object.entries(SYMPTOMS)) {
    it(`${page} fixes what is wrong in the rhea that is installed`, async () => {
      const [, patch = ""] = /```diff\n([\s\S]*?)```/.exec(await readFile(join(PAGES, page), "utf8")) ?? [];
      await using plain = await CopyOfRhea.make();
      expect(
        isThere((module) => plain.load(module)),
        "without the patch",
      ).to.equal(true);
      await using mended = await CopyOfRhea.make();
      await mended.apply(patch);
      expect(
        isThere((module) => mended.load(module)),
        "with the patch",
      ).to.equal(false);
    });
  }
});

class CopyOfRhea implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async make(): Promise<CopyOfRhea> {
    const folder = await mkdtemp(join(HERE, "rhea-"));
    await cp(dirname(require.resolve("rhea/package.json")), folder, { recursive: true });
    return new CopyOfRhea(folder);
  }

  async apply(patch: string): Promise<void> {
    await writeFile(join(this.#folder, "patch.diff"), patch);
    // As outside of any repository: git would look for the files at the top of ours.
    const environment = { GIT_CEILING_DIRECTORIES: HERE };
    const { code, stderr } = await runToEnd("git", ["apply", "patch.diff"], { cwd: this.#folder, environment });
    expect(code, stderr).to.equal(0);
  }

  load(module: string): never {
    return require(join(this.#folder, "lib", module)) as never;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.#folder, { recursive: true });
  }
}
