/** What the proto says of methods, fields and errors beside their types: options of google.api, and of our own. */
import {
  type DescEnumValue,
  type DescExtension,
  type DescField,
  type DescMethod,
  getOption,
  hasOption,
} from "@bufbuild/protobuf";
import { apiRegistry } from "./api-descriptor.js";
import type { ApiErrorCode, ApiErrorReason } from "./api-error.js";

/** Where a method is over HTTP (google.api.HttpRule). */
export interface HttpBinding {
  readonly verb: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With parameters in braces, and a custom verb behind a colon: `/v1/payments/{id}:refund`. */
  readonly path: string;
  /** Whether the body holds the fields that the path does not; otherwise they are query parameters. */
  readonly hasBody: boolean;
}

/** What a field is for in requests and answers (AIP-203). */
export type FieldBehavior = "OPTIONAL" | "REQUIRED" | "OUTPUT_ONLY" | "INPUT_ONLY" | "IMMUTABLE";

/** What values a field of a request takes (quittance.api.v1.Limits). */
export interface Limits {
  readonly pattern: string;
  readonly text: "UNSPECIFIED" | "PLAIN" | "CURRENCY";
  readonly minLength: number | undefined;
  readonly maxLength: number | undefined;
  readonly minimum: bigint | undefined;
  readonly maximum: bigint | undefined;
  readonly example: string;
  readonly maxPairs: number | undefined;
  readonly keyPattern: string;
  /** Whether an installation may take more. */
  readonly widened: boolean;
}

/** What is said of a reason (quittance.api.v1.ErrorTerms). */
export interface ErrorTerms {
  readonly code: ApiErrorCode;
  /** 0 for that of the code. */
  readonly httpStatus: number;
  readonly occurs: "UNSPECIFIED" | "EVERY_CALL" | "EVERY_BODY" | "NO_METHOD" | "OWNED";
}

/** Who may call a method, and who answers it (quittance.api.v1.Access). */
export interface Access {
  readonly scope: string;
  /** Empty where the gateway answers by itself. */
  readonly owner: string;
}

const HTTP = extensionOf("google.api.http");
const FIELD_BEHAVIOR = extensionOf("google.api.field_behavior");
const ACCESS = extensionOf("quittance.api.v1.access");
const GRPC_ONLY = extensionOf("quittance.api.v1.grpc_only");
const SEALED = extensionOf("quittance.api.v1.sealed");
const LIMITS = extensionOf("quittance.api.v1.limits");
const ERRORS = extensionOf("quittance.api.v1.errors");
const ERROR = extensionOf("quittance.api.v1.error");

/** Where a method is over HTTP; undefined for one that is gRPC's alone. */
export function httpBindingOf(method: DescMethod): HttpBinding | undefined {
  if (!hasOption(method, HTTP)) return undefined;
  const { pattern, body } = getOption(method, HTTP) as unknown as {
    readonly pattern: { readonly case: string; readonly value: string };
    readonly body: string;
  };
  if (body !== "" && body !== "*") throw new Error(`${method}: a body is all of the request or nothing.`);
  return { verb: pattern.case.toUpperCase() as HttpBinding["verb"], path: pattern.value, hasBody: body === "*" };
}

/** The names of the parameters in a path. */
export function pathParametersOf(path: string): readonly string[] {
  return [...path.matchAll(/\{([a-z0-9_]+)\}/g)].map(([, name = ""]) => name);
}

/** @throws Error for a method that does not say it: nobody may call it. */
export function accessOf(method: DescMethod): Access {
  if (!hasOption(method, ACCESS)) throw new Error(`${method} says nobody who may call it.`);
  return getOption(method, ACCESS) as unknown as Access;
}

/** Whether a field has no place over HTTP. */
export function isGrpcOnly(field: DescField): boolean {
  return hasOption(field, GRPC_ONLY);
}

/** Whether a field is a card; its owner never sees the number. */
export function isSealed(field: DescField): boolean {
  return hasOption(field, SEALED);
}

export function behaviorsOf(field: DescField): ReadonlySet<FieldBehavior> {
  const numbers = getOption(field, FIELD_BEHAVIOR) as unknown as readonly number[];
  return new Set(numbers.map((number) => enumName("google.api.FieldBehavior", number) as FieldBehavior));
}

/** The limits of a field; undefined when the proto sets none. */
export function limitsOf(field: DescField): Limits | undefined {
  if (!hasOption(field, LIMITS)) return undefined;
  const limits = getOption(field, LIMITS) as unknown as Omit<Limits, "text"> & { readonly text: number };
  return { ...limits, text: enumName("quittance.api.v1.TextKind", limits.text) as Limits["text"] };
}

/** The reasons that a method names, and those that its owner brings: in addition to those of every call. */
export function reasonsOf(method: DescMethod): readonly ApiErrorReason[] {
  const numbers = getOption(method, ERRORS) as unknown as readonly number[];
  const named = numbers.map((number) => enumName("quittance.api.v1.ErrorReason", number) as ApiErrorReason);
  if (accessOf(method).owner === "") return named;
  const owned = [...ERROR_TERMS].flatMap(([reason, { occurs }]) => (occurs === "OWNED" ? [reason] : []));
  return [...named, ...owned];
}

/** Every reason, as the proto has it. */
export const ERROR_TERMS: ReadonlyMap<ApiErrorReason, ErrorTerms> = new Map(
  (apiRegistry.getEnum("quittance.api.v1.ErrorReason")?.values ?? [])
    .filter(({ number }) => number !== 0)
    .map((value) => [value.localName as ApiErrorReason, termsOf(value)]),
);

function termsOf(value: DescEnumValue): ErrorTerms {
  const { code, httpStatus, occurs } = getOption(value, ERROR) as unknown as {
    readonly code: number;
    readonly httpStatus: number;
    readonly occurs: number;
  };
  return {
    code: enumName("google.rpc.Code", code) as ApiErrorCode,
    httpStatus,
    occurs: enumName("quittance.api.v1.ErrorOccurrence", occurs) as ErrorTerms["occurs"],
  };
}

/** A value's name without what all names of its enum begin with. */
function enumName(typeName: string, number: number): string {
  const name = apiRegistry.getEnum(typeName)?.value[number]?.localName;
  if (name === undefined) throw new Error(`${typeName} has no value ${number}.`);
  return name;
}

function extensionOf(typeName: string): DescExtension {
  const extension = apiRegistry.getExtension(typeName);
  if (extension === undefined) throw new Error(`The API's descriptors have no option ${typeName}.`);
  return extension;
}
