import type { LookupAddress } from "node:dns";
import { expect } from "chai";
import {
  isPublicAddress,
  lookupPublic,
  PrivateAddressError,
} from "../../../dist/notification/webhook/public-address.js";

describe("isPublicAddress", () => {
  for (const address of [
    "1.1.1.1",
    "93.184.215.14",
    "172.15.255.255",
    "172.32.0.0",
    "2606:4700::1111",
    "::ffff:1.1.1.1",
  ]) {
    it(`takes ${address} for public`, () => expect(isPublicAddress(address)).to.equal(true));
  }
  for (const address of [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:a00:1",
    "::7f00:1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "fc00::1",
    "fd12:3456:789a::1",
    "fe80::1",
    "ff02::1",
    "not an address",
  ]) {
    it(`refuses ${address}`, () => expect(isPublicAddress(address)).to.equal(false));
  }
});

describe("lookupPublic", () => {
  for (const all of [true, false]) {
    it(`refuses a name that has loopback addresses alone (all: ${all})`, async () => {
      const error = await new Promise<Error | null>((resolve) => {
        lookupPublic("localhost", { all }, (failure: Error | null, _found: string | LookupAddress[]) =>
          resolve(failure),
        );
      });
      expect(error).to.be.instanceOf(PrivateAddressError);
    });
  }
});
