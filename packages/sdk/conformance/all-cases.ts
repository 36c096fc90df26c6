import { ACKNOWLEDGEMENT_CASES } from "./cases/acknowledgement-cases.js";
import { BROWSER_CASES } from "./cases/browser-cases.js";
import { CONNECTION_CASES } from "./cases/connection-cases.js";
import { DESTINATION_CASES } from "./cases/destination-cases.js";
import { FAULT_CASES } from "./cases/fault-cases.js";
import { HEADER_CASES } from "./cases/header-cases.js";
import { MESSAGE_KIND_CASES } from "./cases/message-kind-cases.js";
import { PROPERTY_CASES } from "./cases/property-cases.js";
import { PROPERTY_CONVERSION_CASES } from "./cases/property-conversion-cases.js";
import { QUEUE_CASES } from "./cases/queue-cases.js";
import { SELECTOR_COMPARISON_CASES } from "./cases/selector-comparison-cases.js";
import { SELECTOR_NULL_AND_HEADER_CASES } from "./cases/selector-null-and-header-cases.js";
import { SUBSCRIPTION_CASES } from "./cases/subscription-cases.js";
import { TRANSACTION_CASES } from "./cases/transaction-cases.js";
import type { ConformanceCase } from "./suite/conformance-case.js";

/** Every case, in the order of the table. */
export const ALL_CASES: readonly ConformanceCase[] = [
  ...HEADER_CASES,
  ...PROPERTY_CASES,
  ...PROPERTY_CONVERSION_CASES,
  ...MESSAGE_KIND_CASES,
  ...SELECTOR_COMPARISON_CASES,
  ...SELECTOR_NULL_AND_HEADER_CASES,
  ...CONNECTION_CASES,
  ...QUEUE_CASES,
  ...ACKNOWLEDGEMENT_CASES,
  ...BROWSER_CASES,
  ...TRANSACTION_CASES,
  ...SUBSCRIPTION_CASES,
  ...DESTINATION_CASES,
  ...FAULT_CASES,
];
