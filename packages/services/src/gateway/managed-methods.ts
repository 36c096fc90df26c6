/**
 * The methods of the API that other services own, as their proto describes them: the gateway knows their paths, their
 * scopes and their owners, and nothing of what they do.
 */
import type { DescMessage, DescMethod } from "@bufbuild/protobuf";
import { OWN_FILES } from "../shared/api-descriptor.js";
import { MANAGEMENT_KINDS, type MethodOwner } from "../shared/management-messages.js";
import { isScope, type Scope } from "../shared/scopes.js";
import { accessOf, behaviorsOf, type HttpBinding, httpBindingOf, isSealed } from "./api-options.js";

/** One of them. */
export interface ManagedMethod {
  /** For example `quittance.accounts.v1.ClientService/GetClient`. */
  readonly fullName: string;
  /** For example `GetClient`. */
  readonly name: string;
  /** The full name of its service. */
  readonly service: string;
  readonly scope: Scope;
  readonly owner: MethodOwner;
  readonly input: DescMessage;
  readonly output: DescMessage;
  /** The field of the request that is a card, by its name in TypeScript: it is sealed. */
  readonly card: { readonly name: string; readonly isRequired: boolean } | undefined;
  readonly binding: HttpBinding;
}

/** Every method that has an owner. */
export const MANAGED_METHODS: readonly ManagedMethod[] = OWN_FILES.flatMap(({ services }) =>
  services.flatMap(({ methods }) => methods.flatMap(managedMethod)),
);

function managedMethod(method: DescMethod): ManagedMethod[] {
  const { scope, owner } = accessOf(method);
  if (owner === "") return [];
  const { name, input, output, parent } = method;
  const fullName = `${parent.typeName}/${name}`;
  if (!isScope(scope)) throw new Error(`${fullName} needs a scope that there is not: ${scope}.`);
  if (!Object.hasOwn(MANAGEMENT_KINDS, owner)) throw new Error(`${fullName} has no owner that can be asked: ${owner}.`);
  if (method.methodKind !== "unary") throw new Error(`${fullName} streams, which no owner can answer.`);
  const binding = httpBindingOf(method);
  if (binding === undefined) throw new Error(`${fullName} has no path over HTTP.`);
  const sealed = input.fields.find(isSealed);
  const card = sealed && { name: sealed.localName, isRequired: behaviorsOf(sealed).has("REQUIRED") };
  return [
    { fullName, name, service: parent.typeName, scope, owner: owner as MethodOwner, input, output, card, binding },
  ];
}
