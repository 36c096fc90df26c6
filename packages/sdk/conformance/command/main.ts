#!/usr/bin/env node
/** `npx @quittance/sdk conformance <url>`: the rules of JMS on a broker of the caller's. Bundled into one file. */
import { readFileSync } from "node:fs";
import { styleText } from "node:util";
import { MessagingError } from "@quittance/sdk";
import { ALL_CASES } from "../all-cases.js";
import { CaseContext } from "../suite/case-context.js";
import type { Target } from "../suite/target.js";
import { type Order, parseOrder, USAGE, UsageError } from "./arguments.js";
import { tryCase, type Verdict } from "./try-case.js";

const FAILED = 1;
const WRONG_USAGE = 2;
const NO_BROKER = 3;

const LABELS = {
  passed: { label: "passed       ", style: "green" },
  failed: { label: "FAILED       ", style: "red" },
  "not-supported": { label: "not supported", style: "yellow" },
  "not-tried": { label: "not tried    ", style: "gray" },
} as const;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let order: ReturnType<typeof parseOrder>;
  try {
    order = parseOrder(args, process.env);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\nSee --help.`);
    return WRONG_USAGE;
  }
  if (order === "help") console.log(USAGE.trimEnd());
  else if (order === "version") console.log(version());
  else return run(order);
  return 0;
}

async function run({ target, only, timeoutMs, json }: Order): Promise<number> {
  const cases = ALL_CASES.filter(({ id }) => only.length === 0 || only.some((beginning) => id.startsWith(beginning)));
  if (cases.length === 0) {
    console.error(`No rule has an id that begins with ${only.join(" or ")}.`);
    return WRONG_USAGE;
  }
  const unusable = await whyUnusable(target);
  if (unusable !== undefined) {
    console.error(`${target.url} cannot be used: ${unusable}`);
    return NO_BROKER;
  }
  if (!json)
    console.log(`${cases.length} rules of Jakarta Messaging 3.1 on ${target.url}, by @quittance/sdk ${version()}\n`);
  const verdicts: Verdict[] = [];
  for (const one of cases) {
    const verdict = await tryCase(one, target, timeoutMs);
    verdicts.push(verdict);
    if (!json) console.log(lineOf(verdict));
  }
  const counts = countsOf(verdicts);
  if (json) console.log(JSON.stringify({ sdk: version(), url: target.url, ...counts, rules: verdicts }, undefined, 1));
  else {
    const { passed, failed, notSupported, notTried } = counts;
    const untried = notTried === 0 ? "" : `, ${notTried} not tried`;
    console.log(`\n${passed} passed, ${failed} failed, ${notSupported} not supported by the broker${untried}`);
  }
  return counts.failed === 0 ? 0 : FAILED;
}

/** Why no rule could hold there, so that one sentence says it instead of each rule. */
async function whyUnusable(target: Target): Promise<string | undefined> {
  const context = new CaseContext(target);
  try {
    if ((await context.echo("here")).text !== "here") return "What comes from a queue is not what was sent there.";
    return undefined;
  } catch (error) {
    return error instanceof MessagingError ? `${error.message} (${error.code})` : String(error);
  } finally {
    await context.close().catch(() => {});
  }
}

function lineOf({ id, section, rule, outcome, detail }: Verdict): string {
  const { label, style } = LABELS[outcome];
  const said = process.stdout.isTTY ? styleText(style, label) : label;
  const line = `${said}  ${id} (${section})  ${rule}`;
  return detail === undefined ? line : `${line}\n${detail.replaceAll(/^/gm, " ".repeat(15))}`;
}

function countsOf(verdicts: readonly Verdict[]) {
  const count = (outcome: Verdict["outcome"]) => verdicts.filter((verdict) => verdict.outcome === outcome).length;
  return {
    passed: count("passed"),
    failed: count("failed"),
    notSupported: count("not-supported"),
    notTried: count("not-tried"),
  };
}

/** Of the package that this file, as bundled, is in. */
function version(): string {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
