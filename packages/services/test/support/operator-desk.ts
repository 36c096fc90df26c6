/** What an operator does, whichever tool it takes: the API through one of its doors with the console, or the command line. */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClientServiceService, ClientState } from "../../dist/gen/quittance/accounts/v1/clients.js";
import { TemplateServiceService } from "../../dist/gen/quittance/notifications/v1/templates.js";
import type { CommandResult } from "../operator/cli/command-for-tests.js";
import type { TestConsole } from "../operator/console/console-for-tests.js";
import type { ApiDoor } from "./api-door.js";
import type { GOOD_CARD } from "./stack-for-tests.js";

export type Card = typeof GOOD_CARD;

/** The template that is changed at a desk. */
const TEMPLATE = { name: "payment-succeeded", language: "en" };
const NAMED = ["--name", TEMPLATE.name, "--language", TEMPLATE.language];
const REASON = "as the client asked";
const CURRENCY = "EUR";

export interface TemplateTexts {
  readonly subject: string;
  readonly body: string;
}

/** Amounts are minor units of EUR; each step throws an Error when it is refused. */
export interface OperatorDesk {
  openClient(id: string, name: string, card: Card): Promise<void>;
  freeze(id: string): Promise<void>;
  unfreeze(id: string): Promise<void>;
  renewCard(id: string, card: Card): Promise<void>;
  /** Once for a slip, however often it is asked. */
  topUp(id: string, amount: bigint, slip: string): Promise<void>;
  payOut(id: string, amount: bigint, slip: string): Promise<void>;
  account(id: string): Promise<{ readonly state: string; readonly balance: bigint }>;
  /** The newest first. */
  statement(id: string): Promise<readonly { readonly amount: bigint; readonly balance: bigint }[]>;
  previewTemplate(texts: TemplateTexts): Promise<readonly TemplateTexts[]>;
  /** @returns the new version's number */
  createTemplate(texts: TemplateTexts): Promise<number>;
  activateTemplate(version: number): Promise<void>;
  /** Takes the version `active` out of use. */
  rollBackTemplate(active: number): Promise<void>;
  activeTemplate(): Promise<number | undefined>;
  /** The dead letter about a payment, by the name that {@link replay} takes; undefined while there is none. */
  letterAbout(payment: string): Promise<string | undefined>;
  replay(letter: string): Promise<void>;
  booksAgree(): Promise<boolean>;
}

/** By the API through a door; dead letters and the audit of the books are the console's. */
export function apiDesk(door: ApiDoor, console: TestConsole): OperatorDesk {
  const clients = ClientServiceService;
  const templates = TemplateServiceService;
  const money = (amount: bigint) => ({ currencyCode: CURRENCY, minorUnits: amount });
  return {
    openClient: async (id, name, card) => {
      await door.call(clients.createClient, { requestId: id, id, name, currencyCode: CURRENCY, card, reason: REASON });
    },
    freeze: async (id) => void (await door.call(clients.freezeClient, { id, reason: REASON })),
    unfreeze: async (id) => void (await door.call(clients.unfreezeClient, { id, reason: REASON })),
    renewCard: async (id, card) => void (await door.call(clients.renewClientCard, { id, card, reason: REASON })),
    topUp: async (id, amount, slip) => {
      await door.call(clients.topUpClient, { id, requestId: slip, amount: money(amount), reason: REASON });
    },
    payOut: async (id, amount, slip) => {
      await door.call(clients.payOutClient, { id, requestId: slip, amount: money(amount), reason: REASON });
    },
    account: async (id) => {
      const { client } = await door.call(clients.getClient, { id });
      const [state = ""] = Object.entries(ClientState).find(([, value]) => value === client?.state) ?? [];
      return { state: state.toLowerCase(), balance: client?.balance ?? -1n };
    },
    statement: async (id) => (await door.call(clients.listClientEntries, { id })).entries,
    previewTemplate: async (texts) =>
      (await door.call(templates.previewTemplate, { ...TEMPLATE, ...texts })).previews.map(textsOf),
    createTemplate: async (texts) => {
      const request = { ...TEMPLATE, ...texts, requestId: randomUUID(), reason: REASON };
      const made = await door.call(templates.createTemplateVersion, request);
      return made.templateVersion?.version ?? 0;
    },
    activateTemplate: async (version) => {
      await door.call(templates.activateTemplateVersion, { ...TEMPLATE, version, reason: REASON });
    },
    rollBackTemplate: async (activeVersion) => {
      await door.call(templates.rollBackTemplate, { ...TEMPLATE, activeVersion, reason: REASON });
    },
    activeTemplate: async () => (await door.call(templates.getTemplate, TEMPLATE)).template?.activeVersion,
    letterAbout: async (payment) => {
      const { letters } = await console.json("/console/v1/deadLetters");
      return letters.find(({ about }: { about: string }) => about === payment)?.letter;
    },
    replay: async (letter) => {
      const answer = await console.post(`/console/v1/deadLetters/${letter}:replay`, { reason: REASON });
      const text = await answer.text();
      if (answer.status !== 200 || JSON.parse(text).outcome !== "replayed") throw new Error(text);
    },
    booksAgree: async () => (await console.json("/console/v1/books")).agree,
  };
}

/** By the command line. @param run runs one command, with this text on standard input */
export function commandDesk(run: (args: readonly string[], input?: string) => Promise<CommandResult>): OperatorDesk {
  const by = ["--actor", "anna", "--reason", REASON];
  async function json(args: readonly string[], input?: string) {
    const { code, out, err } = await run([...args, "--json"], input);
    if (code !== 0) throw new Error(`${args.slice(0, 2).join(" ")} ended with ${code}: ${err}`);
    return JSON.parse(out);
  }
  const change = async (verb: string, id: string, others: readonly string[] = [], input?: string) =>
    void (await json(["accounts", verb, "--client", id, ...others, ...by], input));
  const move = (verb: string, id: string, amount: bigint, slip: string) =>
    change(verb, id, ["--currency", CURRENCY, "--amount", String(amount), "--id", slip]);
  const expiryOf = ({ expiryMonth, expiryYear }: Card) => [
    ...["--expiry", `${String(expiryMonth).padStart(2, "0")}/${expiryYear}`],
  ];
  const template = (verb: string, ...others: string[]) => json(["templates", verb, ...NAMED, ...others]);
  return {
    openClient: (id, name, card) =>
      change("open", id, ["--name", name, "--currency", CURRENCY, ...expiryOf(card)], `${card.number}\n`),
    freeze: (id) => change("freeze", id),
    unfreeze: (id) => change("unfreeze", id),
    renewCard: (id, card) => change("renew-card", id, expiryOf(card), `${card.number}\n`),
    topUp: (id, amount, slip) => move("top-up", id, amount, slip),
    payOut: (id, amount, slip) => move("pay-out", id, amount, slip),
    account: async (id) => {
      const { state, balance } = await json(["accounts", "show", "--client", id]);
      return { state, balance: BigInt(balance) };
    },
    statement: async (id) => {
      const { entries } = await json(["accounts", "statement", "--client", id]);
      return entries.map((entry: { amount: string; balance: string }) => ({
        ...{ amount: BigInt(entry.amount), balance: BigInt(entry.balance) },
      }));
    },
    previewTemplate: async ({ subject, body }) => {
      const { previews } = await withFile(body, (file) =>
        template("preview", "--subject", subject, "--body-file", file),
      );
      return previews.map(textsOf);
    },
    createTemplate: async ({ subject, body }) =>
      (await withFile(body, (file) => template("create", "--subject", subject, "--body-file", file, ...by))).version,
    activateTemplate: async (version) => void (await template("activate", "--version", String(version), ...by)),
    rollBackTemplate: async (active) => void (await template("roll-back", "--version", String(active), ...by)),
    activeTemplate: async () => {
      const { templates } = await template("list");
      return templates.find(({ active }: { active: boolean }) => active)?.version;
    },
    letterAbout: async (payment) => {
      const { letters } = await json(["dead-letters", "list"]);
      return letters.find(({ about }: { about: string }) => about === payment)?.messageId;
    },
    replay: async (letter) => void (await json(["dead-letters", "replay", letter, ...by])),
    booksAgree: async () => (await json(["verify-money"])).agree,
  };
}

/** Runs `work` with the path of a file that holds `text`, which is gone afterwards. */
export async function withFile<T>(text: string, work: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "quittance-desk-"));
  try {
    const path = join(folder, "text");
    await writeFile(path, text);
    return await work(path);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const textsOf = ({ subject, body }: TemplateTexts): TemplateTexts => ({ subject, body });
