/** The SASL mechanisms by which a peer may log in as one of the backend's users. */
import { SCRAM_HASHES, type ScramHash, ScramServer } from "../scram.js";
import type { Backend } from "./backend.js";
import type { RheaContainer, RheaServerMechanism } from "./rhea-server.js";

type Offers = RheaContainer["sasl_server_mechanisms"];

export interface LogIns {
  /** Called with the user who may come in. */
  known(user: string): void;
  /** Called where nobody may. */
  refused(): void;
}

/** @param commonName of the peer's certificate; undefined where it showed none that is trusted */
export function offerSasl(
  { sasl_server_mechanisms: offers }: RheaContainer,
  backend: Backend,
  commonName: string | undefined,
  logIns: LogIns,
): void {
  const judge = (user: string | undefined): boolean => {
    if (user === undefined) logIns.refused();
    else logIns.known(user);
    return user !== undefined;
  };
  if (commonName !== undefined) {
    offers.EXTERNAL = answeringOnce((identity) => {
      const user = backend.userOfCertificate(commonName);
      // Nobody acts for another here: an identity that is asked for must be the certificate's own.
      return judge(identity === "" || identity === user ? user : undefined);
    });
  }
  for (const mechanism of backend.saslMechanisms) {
    if (mechanism === "PLAIN") {
      offers.enable_plain((user, password) =>
        judge(user !== null && backend.authenticate(user, password ?? "") ? user : undefined),
      );
    } else {
      offers[mechanism] = () => scram(SCRAM_HASHES[mechanism], (name) => backend.passwordOf(name), judge);
    }
  }
  if (backend.takesTokens) {
    offers.XOAUTH2 = answeringOnce((said) => {
      const { user = "", auth = "" } = fieldsOf(said);
      const token = auth.startsWith("Bearer ") ? auth.slice("Bearer ".length) : "";
      return judge(backend.hasToken(user, token) ? user : undefined);
    });
  }
  if (backend.allowsAnonymous) offers.enable_anonymous();
}

/** XOAUTH2's `name=value` pairs, each ended by a byte 1. */
function fieldsOf(said: string): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(said.split(String.fromCharCode(1)).map((part) => part.split(/=(.*)/s, 2)));
}

/** A mechanism in which the peer says all at once. */
function answeringOnce(check: (said: string) => boolean): NonNullable<Offers["EXTERNAL"]> {
  return () => ({
    outcome: undefined,
    start(response) {
      this.outcome = check(response?.toString("utf8") ?? "");
    },
  });
}

/** Sends the server's proof as a challenge of its own, which the peer answers with nothing, as Artemis does. */
function scram(
  hash: ScramHash,
  passwordOf: (user: string) => string | undefined,
  judge: (user: string | undefined) => boolean,
): RheaServerMechanism {
  const server = new ScramServer(hash, passwordOf);
  let proved = false;
  return {
    outcome: undefined,
    start: (response) => server.first(response ?? Buffer.alloc(0)),
    step(response) {
      if (proved) {
        this.outcome = judge(server.username);
        return undefined;
      }
      const proof = server.final(response);
      proved = proof !== undefined;
      if (!proved) this.outcome = judge(undefined);
      return proof;
    },
  };
}
