import { expect } from "chai";
import type { RefusedLogin } from "../../dist/gateway/authenticator.js";
import { RefusedLogins } from "../../dist/gateway/refused-logins.js";
import { createDevelopmentKeys, mintToken } from "../../dist/operator/development-token.js";
import { captureLog } from "../support/captured-log.js";
import { authenticatorFor, CLAIMS, PEER, refusalOf } from "./authenticator-for-tests.js";

describe("refused logins", () => {
  it("are told with the peer's address and the reason, without the token", async () => {
    const keys = await createDevelopmentKeys();
    const told: RefusedLogin[] = [];
    const authenticator = authenticatorFor(keys.jwks, { onRefused: (refused) => told.push(refused) });
    const reader = await mintToken(keys, { ...CLAIMS, scopes: ["payments:read"] });
    await refusalOf(authenticator.authenticate("Bearer x.y.z", "payments:read", PEER));
    await refusalOf(authenticator.authenticate(undefined, "payments:read", PEER));
    await refusalOf(authenticator.authenticate(`Bearer ${reader}`, "payments:write", PEER));
    expect(told.map(({ reason, peer, merchantId }) => ({ reason, peer, merchantId }))).to.deep.equal([
      { reason: "TOKEN_INVALID", peer: PEER, merchantId: undefined },
      { reason: "TOKEN_MISSING", peer: PEER, merchantId: undefined },
      { reason: "SCOPE_MISSING", peer: PEER, merchantId: "m-1" },
    ]);
  });

  it("make one line for each peer and minute, which counts those since the last, and few for many peers", () => {
    const captured = captureLog();
    let nowMs = 0;
    const refusedLogins = new RefusedLogins(captured.log, () => nowMs);
    for (let count = 0; count < 1_000; count++) refusedLogins.tell({ reason: "TOKEN_INVALID", peer: PEER });
    expect(captured.lines()).to.have.length(1);
    nowMs += 61_000;
    refusedLogins.tell({ reason: "TOKEN_INVALID", peer: PEER });
    expect(captured.lines().at(-1)).to.include({ peer: PEER, reason: "TOKEN_INVALID", times: 1_000 });
    for (let count = 0; count < 1_000; count++) refusedLogins.tell({ reason: "TOKEN_INVALID", peer: `peer-${count}` });
    expect(captured.lines()).to.have.length.within(50, 52);
  });
});
