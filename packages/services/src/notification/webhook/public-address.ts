/** Which addresses a webhook may be posted to: those of the public internet, so that no URL reaches inside (SSRF). */
import { lookup } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";

/** IANA's special-purpose registries (RFC 6890 and its updates), with multicast and what was reserved before. */
const NOT_PUBLIC = new BlockList();
for (const subnet of [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
]) {
  const [address = "", prefix] = subnet.split("/");
  NOT_PUBLIC.addSubnet(address, Number(prefix), "ipv4");
}
for (const subnet of [
  // The unspecified address, loopback, and IPv4-compatible addresses.
  "::/96",
  // IPv4 behind a translator or a tunnel (NAT64, Teredo, 6to4), which could be any IPv4 address.
  "64:ff9b::/96",
  "64:ff9b:1::/48",
  "2001::/23",
  "2002::/16",
  "100::/64",
  "2001:db8::/32",
  "3fff::/20",
  "5f00::/16",
  "fc00::/7",
  "fe80::/10",
  "fec0::/10",
  "ff00::/8",
]) {
  const [address = "", prefix] = subnet.split("/");
  NOT_PUBLIC.addSubnet(address, Number(prefix), "ipv6");
}

/** A host has no address that a webhook may be posted to. */
export class PrivateAddressError extends Error {
  override readonly name = "PrivateAddressError";
}

/** Whether an IP address is one of the public internet. IPv4 addresses written as IPv6 count as what they are. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && !NOT_PUBLIC.check(address, family === 4 ? "ipv4" : "ipv6");
}

/** Whether the host of a URL is an IP address that is not public. A host that has a name is looked up when it is posted to. */
export function hasPrivateAddress({ hostname }: URL): boolean {
  const host = hostname.replace(/^\[|\]$/g, "");
  return isIP(host) !== 0 && !isPublicAddress(host);
}

/**
 * A name lookup for sockets that gives public addresses alone. The socket connects to what it is given here, so that
 * there is no second lookup with another answer (DNS rebinding). Hosts that are IP addresses are never looked up:
 * check those with {@link hasPrivateAddress}.
 */
export const lookupPublic: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, "", 0);
    const allowed = addresses.filter(({ address }) => isPublicAddress(address));
    const [first] = allowed;
    if (first === undefined) {
      return callback(new PrivateAddressError("the host has no public address"), "", 0);
    }
    if (options.all === true) return callback(null, allowed);
    return callback(null, first.address, first.family);
  });
};
