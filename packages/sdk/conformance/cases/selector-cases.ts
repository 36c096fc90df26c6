/** Message selectors (section 3.8.1): what each expression lets through, and what it holds back. */
import type { OutgoingMessage, SendOptions } from "@quittance/sdk";
import { expect } from "chai";
import type { BrokerName } from "../harness/broker-under-test.js";
import type { CaseContext } from "../suite/case-context.js";
import type { ConformanceCase, Difference } from "../suite/conformance-case.js";

type Sent = Omit<OutgoingMessage, "text" | "json" | "bytes"> & { readonly options?: SendOptions };

export interface SelectorRule {
  readonly number: number;
  readonly section?: string;
  readonly title: string;
  readonly selector: string;
  /** Messages that it lets through. */
  readonly yes: readonly Sent[];
  /** Messages that it holds back. */
  readonly no: readonly Sent[];
  /** The brokers that read the expression otherwise, why, and what comes through there. */
  readonly differs?: Partial<Record<BrokerName, { readonly why: string; readonly through: readonly string[] }>>;
}

/** A case that sends all the messages of a rule and sees that those and only those that fit come through. */
export function selectorCase({ number, section, title, selector, yes, no, differs }: SelectorRule): ConformanceCase {
  return {
    id: `J-3.8-${String(number).padStart(2, "0")}`,
    section: section ?? "3.8.1.1",
    title,
    run: async (context) => {
      const wanted = yes.map((_, index) => `yes ${index}`);
      expect(await letThrough(context, selector, yes, no)).to.have.members(wanted);
    },
    ...(differs === undefined ? {} : { differs: differencesOf({ selector, yes, no, differs }) }),
  };
}

function differencesOf({ selector, yes, no, differs = {} }: Pick<SelectorRule, "selector" | "yes" | "no" | "differs">) {
  const differences: Partial<Record<BrokerName, Difference>> = {};
  for (const [broker, { why, through }] of Object.entries(differs)) {
    const seen = async (context: CaseContext) => {
      expect(await letThrough(context, selector, yes, no)).to.have.members([...through]);
    };
    differences[broker as BrokerName] = { why, seen };
  }
  return differences;
}

/** A case of an expression that the broker must refuse. */
export function refusedSelectorCase(
  number: number,
  title: string,
  selector: string,
  differs?: ConformanceCase["differs"],
): ConformanceCase {
  return {
    id: `J-3.8-${String(number).padStart(2, "0")}`,
    section: "3.8.1.1",
    title,
    run: async (context) => {
      const attach = context.consumer(context.queue(), { selector });
      const error = await attach.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error, "the attach must fail").to.be.an("error");
      expect(error).to.have.property("code").that.is.oneOf(["invalid-argument", "rejected", "not-supported"]);
    },
    ...(differs === undefined ? {} : { differs }),
  };
}

/** The texts of what came through, the messages being numbered in the order given. */
export async function letThrough(
  context: CaseContext,
  selector: string,
  yes: readonly Sent[],
  no: readonly Sent[],
): Promise<(string | undefined)[]> {
  const destination = context.queue();
  const consumer = await context.consumer(destination, { selector: `(${selector}) OR last = TRUE` });
  const send = ({ options, ...message }: Sent, text: string) =>
    context.send(destination, { ...message, text } as OutgoingMessage, options);
  for (const [index, message] of no.entries()) await send(message, `no ${index}`);
  for (const [index, message] of yes.entries()) await send(message, `yes ${index}`);
  return context.rest(consumer);
}

/** A message with these properties. */
export function having(properties: NonNullable<OutgoingMessage["properties"]>): Sent {
  return { properties };
}
