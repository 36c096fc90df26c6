/** What a case is: one rule of the specification in our own words, and how to see whether it holds. */
import type { BrokerName } from "../harness/broker-under-test.js";
import type { CaseContext } from "./case-context.js";

export interface ConformanceCase {
  /** `J-`, the section up to its second level, and a number that never changes. */
  readonly id: string;
  /** The section of Jakarta Messaging 3.1 that the rule is from. */
  readonly section: string;
  /** The rule, as a sentence. */
  readonly title: string;
  /**
   * The faults of rhea, by their numbers in the notes of this project, without whose remedy in the SDK the case fails.
   */
  readonly rheaFaults?: readonly number[];
  /** Fails where the rule does not hold. */
  run(context: CaseContext): Promise<void>;
  /** The brokers on which the rule does not hold. */
  readonly differs?: Readonly<Partial<Record<BrokerName, Difference>>>;
}

export interface Difference {
  /** What is seen instead, and why. */
  readonly why: string;
  /** Fails unless exactly that is seen, so that a broker that learns the rule is noticed. */
  seen(context: CaseContext): Promise<void>;
}
