/** Receivers of webhooks over HTTPS on loopback, for tests: with certificates of an authority that the process trusts. */
import { createServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { createLocalAuthority } from "../../../dist/stack/local-authority.js";
import { type Answer, type Receiver, receiveWith } from "./receiver.js";

let options: Promise<ServerOptions> | undefined;

/** One authority for the process. */
async function certified(): Promise<ServerOptions> {
  const authority = await createLocalAuthority("webhook receivers for tests");
  setDefaultCACertificates([...getCACertificates("default"), authority.ca]);
  return authority.issue("localhost");
}

/** Answers each webhook by `answer`. */
export async function startSecureReceiver(answer: Answer): Promise<Receiver> {
  options ??= certified();
  const settings = await options;
  return receiveWith(
    (listener) => createServer(settings, listener),
    (server) => new URL(`https://localhost:${(server.address() as AddressInfo).port}/hook`),
    answer,
  );
}
