/** Checks the credentials that the application gives. */
import { checkNames, checkText, namesOf } from "../arguments.js";
import type { ConnectOptions, Credentials } from "../connection.js";
import { MessagingError } from "../errors.js";
import type { BrokerEndpoint } from "./broker-url.js";

const FIELDS = namesOf<Credentials>({ username: true, password: true, token: true });

type Given = ConnectOptions["credentials"];

/** @throws MessagingError `invalid-argument` */
export function checkCredentials(given: Given, options: ConnectOptions, endpoints: readonly BrokerEndpoint[]): void {
  if (given === undefined) return;
  if (options.username !== undefined || options.password !== undefined) {
    throw invalid("Give credentials, or username and password, not both.");
  }
  if (endpoints.some(({ username }) => username !== undefined)) {
    throw invalid("Give credentials, or a user in the URL, not both.");
  }
  if (typeof given !== "function") checkGiven(given);
}

/** @throws MessagingError `invalid-argument` */
export function checkGiven(given: Credentials): void {
  checkNames("credentials", given, FIELDS);
  checkText("credentials.username", given.username ?? null);
  checkText("credentials.password", given.password);
  checkText("credentials.token", given.token);
  if ((given.password === undefined) === (given.token === undefined)) {
    throw invalid("credentials need a password or a token, and not both.");
  }
}

function invalid(sentence: string): MessagingError {
  return new MessagingError("invalid-argument", sentence);
}
