/** Addresses of e-mail that are written to: one mailbox each, in ASCII, so that none says more than itself in a header. */
import { isIP } from "node:net";

/** RFC 5321, 4.5.3.1: 256 characters of a path, with its angle brackets. */
const MAXIMUM_LENGTH = 254;
const MAXIMUM_LOCAL_LENGTH = 64;
/** A dot-atom of RFC 5322: no quotes, comments, spaces or control characters. */
const LOCAL_PART = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const DOMAIN = /^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])$/;

/** Whether a text is such an address. Domains of other scripts are written as `xn--` has them. */
export function isEmailAddress(text: string): boolean {
  const at = text.lastIndexOf("@");
  const [local, domain] = [text.slice(0, at), text.slice(at + 1)];
  return (
    text.length <= MAXIMUM_LENGTH &&
    at > 0 &&
    local.length <= MAXIMUM_LOCAL_LENGTH &&
    LOCAL_PART.test(local) &&
    DOMAIN.test(domain) &&
    isIP(domain) === 0
  );
}

/** A mailbox with the name that people see. */
export interface Mailbox {
  /** May be empty. */
  readonly name: string;
  readonly address: string;
}

/** `Name <address>` or an address alone; undefined for what is neither. */
export function parseMailbox(text: string): Mailbox | undefined {
  const match = /^(?:([^<>"\p{Cc}]{1,100}?) *<([^<>]+)>|([^<>]+))$/u.exec(text.trim());
  const address = match?.[2] ?? match?.[3] ?? "";
  return isEmailAddress(address) ? { name: match?.[1]?.trim() ?? "", address } : undefined;
}
