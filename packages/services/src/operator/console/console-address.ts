/** Where browsers find the console, and who looks at it on a machine of development. */
import { userInfo } from "node:os";
import { isMerchantId } from "../../shared/merchant-id.js";

/** Where it listens unless it is told otherwise: beside the gateway's 8080, and 8081 for health. */
export const DEFAULT_CONSOLE_PORT = 8_082;

/** The page with a token to sign in with: in the fragment, which no browser sends anywhere. */
export function addressWithToken(url: string, token: string): string {
  return `${url}/#token=${token}`;
}

/** The subject of a development operator's token: the user of this system, where that is a name for one. */
export function consoleOperator(): string {
  try {
    const { username } = userInfo();
    return isMerchantId(username) ? username : "operator";
  } catch {
    // A container may run under a number that no name belongs to.
    return "operator";
  }
}
