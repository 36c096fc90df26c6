import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { fromJson, type JsonValue, toBinary } from "@bufbuild/protobuf";
import { credentials, Client as GrpcClient } from "@grpc/grpc-js";
import { expect } from "chai";
import { isSealed, type Limits, limitsOf, pathParametersOf } from "../../dist/gateway/api-options.js";
import { MANAGED_METHODS, type ManagedMethod } from "../../dist/gateway/managed-methods.js";
import { checkLimits } from "../../dist/gateway/request-limits.js";
import { API_REGISTRY } from "../../dist/shared/api-descriptor.js";
import type { ExactJsonObject } from "../../dist/shared/exact-json.js";
import { collectInto } from "../../dist/shared/field-checks.js";
import { messageFromJson } from "../../dist/shared/json-reader.js";
import { messageToJson } from "../../dist/shared/json-writer.js";
import { SCOPES } from "../../dist/shared/scopes.js";
import type { Violation } from "../../dist/shared/violation.js";
import { type ApiClient, decodeFailure } from "./api-client.js";
import { useGateway } from "./gateway-for-tests.js";

type Json = { [name: string]: JsonValue };
interface Edges {
  readonly within: readonly JsonValue[];
  readonly beyond: readonly JsonValue[];
}

/** What is at the edge of each pattern of the proto. */
const PATTERNS: Readonly<Record<string, Edges>> = {
  "^[A-Za-z0-9_-]{1,64}$": { within: ["a", "a".repeat(64)], beyond: ["a".repeat(65), "a b"] },
  "^c-[A-Za-z0-9_-]{1,62}$": { within: ["c-1", `c-${"a".repeat(62)}`], beyond: ["c-", `c-${"a".repeat(63)}`, "m-1"] },
  "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$": { within: ["m", "m".repeat(64)], beyond: ["m".repeat(65), ".m"] },
  "^(?:[ABD-Zabd-z0-9][A-Za-z0-9_.-]{0,63}|[Cc](?:[A-Za-z0-9_.][A-Za-z0-9_.-]{0,62})?)$": {
    ...{ within: ["c", "c.", "m".repeat(64), "c".repeat(64)], beyond: ["c-", "C-1", "m".repeat(65), "c".repeat(65)] },
  },
  "^[12][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$": {
    ...{ within: ["1000-01-01", "2999-12-31"], beyond: ["2026-13-01", "2026-00-01", "2026-01-32", "2026-1-1"] },
  },
  "^(?:payment-succeeded|payment-declined|payment-canceled|refund-succeeded|refund-declined|payout|webhook-endpoint-disabled)$":
    { within: ["payment-succeeded"], beyond: ["payment-succeede", "payment-succeeded-"] },
  "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$": {
    within: ["en", "eng-Latn"],
    beyond: ["e", "engl", "en-A", `en${"-abcdefgh".repeat(4)}`],
  },
  "^[a-z_]{1,64}\\.[a-z_]{1,64}$": { within: ["a.b"], beyond: ["a", `a.${"b".repeat(65)}`, "a.B"] },
  "^pay_[a-z2-7]{32}$": {
    within: [`pay_${"a".repeat(32)}`],
    beyond: [`pay_${"a".repeat(31)}`, `pay_${"1".repeat(32)}`],
  },
};
/** Long patterns, by the names of their fields: their edges. */
const FIELDS: Readonly<Record<string, Edges>> = {
  event_types: {
    within: [["payment.declined"], ["refund.declined", "payment.succeeded"]],
    beyond: [["payment.decline"], ["payment.declined", "any"]],
  },
  keep_former: { within: ["0s", "604800s"], beyond: ["604800.000000001s", "604801s"] },
};

/** A field somewhere in the request of a method. */
interface Place {
  readonly method: ManagedMethod;
  readonly path: readonly DescField[];
  readonly field: DescField;
  readonly limits: Limits;
}

const PLACES: readonly Place[] = MANAGED_METHODS.flatMap((method) =>
  placesIn(method.input).map((place) => ({ method, ...place })),
);

function placesIn(message: DescMessage, path: readonly DescField[] = []): Omit<Place, "method">[] {
  return message.fields.flatMap((field) => {
    // Of a card the gateway has checks of its own, as Pay has; what the installation widens is its owner's to check.
    const limits = limitsOf(field);
    if (isSealed(field) || limits?.widened) return [];
    const within = field.message?.typeName.startsWith("quittance.") ? placesIn(field.message, [...path, field]) : [];
    return limits === undefined ? within : [{ path, field, limits }];
  });
}

function edgesOf({ field, limits }: Place): Edges {
  const { pattern, text, minLength, maxLength, minimum, maximum } = limits;
  const named = FIELDS[field.name];
  if (named !== undefined) return named;
  if (field.fieldKind === "map") {
    const pairs = (length: number): Json => ({ merchant: "x".repeat(length) });
    return { within: [pairs(maxLength ?? 0)], beyond: [pairs((maxLength ?? 0) + 1)] };
  }
  if (pattern !== "") {
    const edges = PATTERNS[pattern];
    if (edges === undefined) throw new Error(`The test knows no edges of ${pattern}: add some.`);
    return edges;
  }
  if (text === "CURRENCY") return { within: ["EUR"], beyond: ["eur", "XXY"] };
  if (minimum !== undefined) {
    const most = maximum ?? 2n ** 31n - 1n;
    const beyond = [minimum - 1n, ...(maximum === undefined || maximum === 2n ** 31n - 1n ? [] : [maximum + 1n])];
    return { within: [`${minimum}`, `${most}`], beyond: beyond.map(String) };
  }
  const longest = maxLength ?? 0;
  const beyond = ["x".repeat(longest + 1), ...(text === "PLAIN" ? ["a\nb"] : []), ...(minLength ? [""] : [])];
  return { within: ["x".repeat(longest), "x"], beyond };
}

/** A request that fits, with `value` in one place. */
function requestWith({ method, path, field }: Place, value: JsonValue): Json {
  const request = exampleOf(method.input);
  let at = request;
  for (const step of path) {
    const next = (at[step.jsonName] ?? exampleOf(step.message as DescMessage)) as Json | Json[];
    at[step.jsonName] = step.fieldKind === "list" ? [exampleOf(step.message as DescMessage)] : next;
    at = step.fieldKind === "list" ? ((at[step.jsonName] as Json[])[0] as Json) : (next as Json);
  }
  at[field.jsonName] = value;
  return request;
}

/** What a message is with the examples of its limits. */
function exampleOf(message: DescMessage): Json {
  const json: Json = {};
  for (const field of message.fields) {
    const example = limitsOf(field)?.example;
    if (isSealed(field)) {
      json[field.jsonName] = { number: "4242424242424242", expiryMonth: 12, expiryYear: 2030, holderName: "Ada" };
    } else if (example) json[field.jsonName] = field.fieldKind === "list" ? [example] : example;
    else if (field.fieldKind === "message" && field.message.typeName.startsWith("quittance."))
      json[field.jsonName] = exampleOf(field.message);
    else if (field.fieldKind === "scalar" && ["id", "event", "webhook_endpoint"].includes(field.name))
      json[field.jsonName] = "any";
  }
  return json;
}

function violationsOf({ input }: ManagedMethod, request: Json): Violation[] {
  const { message, violations } = messageFromJson(input, request as ExactJsonObject);
  expect(violations).to.deep.equal([]);
  const found: Violation[] = [];
  checkLimits(input, messageToJson(input, message, "set") as ExactJsonObject, collectInto(found));
  return found;
}

/** The names of a field in the proto and in JSON, with the fields that it is in. */
function nameOf({ path, field }: Place, name: "name" | "jsonName"): string {
  const steps = path.map((step) => `${step[name]}${step.fieldKind === "list" ? "[0]" : ""}`);
  return [...steps, field[name]].join(".");
}

describe("The limits that the proto sets for the methods of other services", () => {
  const gateway = useGateway();
  let everybody: ApiClient;
  let grpc: GrpcClient;

  before(async () => {
    everybody = await gateway().apiAs({ scopes: SCOPES });
    grpc = new GrpcClient(gateway().grpcAddress, credentials.createInsecure());
  });
  after(() => grpc.close());

  it("are many, and cover every text and number that a request of accounts has", () => {
    expect(PLACES.length).to.be.greaterThan(100);
    const texts = MANAGED_METHODS.filter(({ service }) => service.startsWith("quittance.accounts."))
      .flatMap(({ input }) => input.fields)
      .filter((field) => field.fieldKind === "scalar" && field.name !== "page_token");
    expect(texts).not.to.have.length(0);
    for (const field of texts) expect(limitsOf(field), field.toString()).not.to.equal(undefined);
  });

  it("take each value at their edges", () => {
    for (const place of PLACES) {
      for (const value of edgesOf(place).within) {
        const found = violationsOf(place.method, requestWith(place, value));
        expect(found, `${place.method.fullName} ${nameOf(place, "name")}`).to.deep.equal([]);
      }
    }
  });

  it("are kept over gRPC: each value beyond them is refused, and its field is named", async () => {
    for (const place of PLACES) {
      const { fullName, input } = place.method;
      for (const value of edgesOf(place).beyond) {
        const bytes = toBinary(input, fromJson(input, requestWith(place, value), { registry: API_REGISTRY }));
        const failure = await new Promise<ReturnType<typeof decodeFailure>>((resolve, reject) => {
          const same = (buffer: Buffer) => buffer;
          grpc.makeUnaryRequest(`/${fullName}`, same, same, Buffer.from(bytes), everybody.metadata(), (error) =>
            error === null
              ? reject(new Error(`${fullName} took ${JSON.stringify(value)}.`))
              : resolve(decodeFailure(error)),
          );
        });
        expect(failure.info?.reason, `${fullName} ${field(place)}`).to.equal("INVALID_FIELDS");
        expect(
          failure.violations.some((one) => isOf(one.field, nameOf(place, "name"))),
          field(place),
        ).to.equal(true);
      }
    }
  });

  it("are kept over HTTP: each value beyond them is refused, and its field is named", async () => {
    for (const place of PLACES) {
      const { binding } = place.method;
      const inPath = pathParametersOf(binding.path);
      for (const value of edgesOf(place).beyond) {
        // An empty part of a path is another path.
        if (value === "" && inPath.includes(place.field.name)) continue;
        const answer = await call(place.method, requestWith(place, value));
        expect(answer.json.reason, `${binding.path} ${field(place)} ${JSON.stringify(value)}`).to.equal(
          "INVALID_FIELDS",
        );
        const named = answer.json.violations.map((violation: Violation) => violation.field) as string[];
        const names = [nameOf(place, "jsonName"), nameOf(place, "name")];
        expect(
          named.some((one) => names.some((name) => isOf(one, name))),
          `${field(place)}: ${named}`,
        ).to.equal(true);
      }
    }
  });

  function call({ binding, input }: ManagedMethod, request: Json) {
    const rest = { ...request };
    const path = binding.path.replaceAll(/\{([^}]+)\}/g, (_all, name: string) => {
      const { jsonName } = input.fields.find((one) => one.name === name) as DescField;
      const value = rest[jsonName];
      delete rest[jsonName];
      return encodeURIComponent(String(value));
    });
    if (binding.hasBody) return everybody.http(path, { method: binding.verb, body: rest });
    const query = Object.entries(rest).map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
    return everybody.http(`${path}?${query.join("&")}`, { method: binding.verb });
  }
});

function field(place: Place): string {
  return nameOf(place, "name");
}

/** Whether a violation is of a field, of one of its items, or of one of its keys. */
function isOf(named: string, name: string): boolean {
  return named === name || named.startsWith(`${name}[`) || named.startsWith(`${name}.`);
}
