/** `token`: a merchant's or an operator's token for development. In production an identity provider makes them. */
import type { JWK } from "jose";
import { z } from "zod";
import { ConfigurationError, parseConfiguration } from "../../platform/configuration.js";
import { isMerchantId } from "../../shared/merchant-id.js";
import { isScope, MERCHANT_SCOPES, OPERATOR_SCOPES, SCOPES } from "../../shared/scopes.js";
import { createDevelopmentKeys, mintToken, type TokenSigner } from "../development-token.js";
import { readSigningKeys } from "../signing-keys.js";
import {
  type Command,
  type CommandCall,
  EXIT,
  numberOption,
  requiredOption,
  textOption,
  toJson,
  UsageError,
} from "./command.js";

const DEFAULT_SECONDS = 86_400;

/** What `token` signs with; without TOKEN_SIGNING_KEY, with what a running stack does. */
export const signingConfiguration = {
  /** A private key as a JWK, as `token --new-keys` prints it. */
  TOKEN_SIGNING_KEY: z.string(),
  AUTH_ISSUER: z.string().min(1),
  AUTH_AUDIENCE: z.string().min(1),
};

export const token: Command = {
  name: "token",
  summary: "A merchant's or an operator's token, for development.",
  usage: "--merchant <id> | --operator <name> | --new-keys",
  help: `Prints the token alone, so that TOKEN=$(npm run --silent quittance -- token --merchant m-0001) works. It is signed
with TOKEN_SIGNING_KEY for AUTH_ISSUER and AUTH_AUDIENCE. Without TOKEN_SIGNING_KEY it is signed for the stack that npm
start runs.

  --merchant <id>           The merchant that the token is for.
  --operator <name>         Or the operator, whose name is kept with what is changed under the token.
  --scope <scopes>          What it is good for, separated by commas [all of a merchant's, or all of an operator's].
  --expires-in-seconds <n>  How long it is good [${DEFAULT_SECONDS}].
  --new-keys                Print a new pair of keys instead: TOKEN_SIGNING_KEY for this command, AUTH_JWKS for gateways.`,
  options: {
    merchant: { type: "string" },
    operator: { type: "string" },
    scope: { type: "string" },
    "expires-in-seconds": { type: "string" },
    "new-keys": { type: "boolean" },
  },
  async run(call) {
    if (call.options["new-keys"] === true) {
      const keys = await createDevelopmentKeys();
      const pair = { TOKEN_SIGNING_KEY: JSON.stringify(keys.privateKey), AUTH_JWKS: keys.jwks };
      const lines = Object.entries(pair).map(([name, value]) => `${name}='${value}'\n`);
      call.terminal.out(call.json ? `${toJson(pair)}\n` : lines.join(""));
      return EXIT.ok;
    }
    const { subject, scopes } = holderOf(call);
    const expiresInSeconds = numberOption(call, "expires-in-seconds", {
      minimum: 1,
      maximum: 31_536_000,
      otherwise: DEFAULT_SECONDS,
    });
    const signer = await signerOf(call);
    const made = await mintToken(signer, { ...signer, merchantId: subject, scopes, expiresInSeconds });
    const told = textOption(call, "operator") === undefined ? { merchant: subject } : { operator: subject };
    call.terminal.out(call.json ? `${toJson({ ...told, token: made })}\n` : `${made}\n`);
    return EXIT.ok;
  },
};

/** Who the token names, and what for. @throws UsageError */
function holderOf(call: CommandCall): { readonly subject: string; readonly scopes: readonly string[] } {
  const operator = textOption(call, "operator");
  if (operator !== undefined && textOption(call, "merchant") !== undefined) {
    throw new UsageError("Give either --merchant or --operator.");
  }
  const subject = operator ?? requiredOption(call, "merchant");
  if (!isMerchantId(subject)) {
    throw new UsageError(
      operator === undefined
        ? "--merchant is not the id of a merchant, such as m-0001."
        : "--operator is not a name of 1 to 64 letters, digits, _, . and -, such as anna.",
    );
  }
  const given = textOption(call, "scope")?.split(",");
  const unknown = given?.find((scope) => !isScope(scope));
  if (unknown !== undefined) throw new UsageError(`--scope has "${unknown}": there are ${SCOPES.join(", ")}.`);
  return { subject, scopes: given ?? (operator === undefined ? MERCHANT_SCOPES : OPERATOR_SCOPES) };
}

async function signerOf(call: CommandCall): Promise<TokenSigner> {
  const { environment } = call.configuration;
  if (environment.TOKEN_SIGNING_KEY || environment.TOKEN_SIGNING_KEY_FILE) {
    const settings = parseConfiguration(signingConfiguration, environment);
    return {
      privateKey: parseKey(settings.TOKEN_SIGNING_KEY),
      issuer: settings.AUTH_ISSUER,
      audience: settings.AUTH_AUDIENCE,
    };
  }
  const stack = await call.configuration.runningStack();
  if (stack !== undefined) {
    const [changed] = stack.keysFolder === undefined ? [] : ((await readSigningKeys(stack.keysFolder)) ?? []);
    return { ...stack.signer, ...(changed !== undefined && { privateKey: changed }) };
  }
  throw new ConfigurationError(
    "TOKEN_SIGNING_KEY is not set, and no stack runs here. `token --new-keys` makes one; gateways need its AUTH_JWKS.",
  );
}

const privateKey = z.looseObject({ kty: z.literal("EC"), crv: z.literal("P-256"), d: z.string() });

function parseKey(text: string): JWK {
  try {
    return privateKey.parse(JSON.parse(text)) as JWK;
  } catch {
    // The error is not passed on: it may quote the key.
    throw new ConfigurationError("TOKEN_SIGNING_KEY must be a private P-256 key as a JWK in JSON.");
  }
}
