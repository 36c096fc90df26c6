/** Either door of the gateway for tests that say the same through both: any unary method, in the types of the proto. */
import { type DescMethod, fromBinary, fromJson, type JsonObject, toBinary, toJson } from "@bufbuild/protobuf";
import { Metadata, type MethodDefinition } from "@grpc/grpc-js";
import { httpBindingOf } from "../../dist/gateway/api-options.js";
import { API_REGISTRY } from "../../dist/shared/api-descriptor.js";
import type { TestStack } from "./stack-for-tests.js";

export const DOORS = ["HTTP", "gRPC"] as const;
export type DoorName = (typeof DOORS)[number];

export interface ApiDoor {
  /**
   * Calls a method of a generated service definition. Fields that are left out have their defaults.
   * @throws Error when the call does not succeed.
   */
  call<Request, Response>(
    method: MethodDefinition<Request, Response>,
    request: Partial<NoInfer<Request>>,
  ): Promise<Response>;
}

/** The door as the caller whom the token names. */
export function openDoor(name: DoorName, system: TestStack, token: string): ApiDoor {
  const call: Call = name === "gRPC" ? callGrpc : callHttp;
  return {
    call: (method, request) =>
      call(system, token, method, { ...method.requestDeserialize(Buffer.alloc(0)), ...request }),
  };
}

type Call = <Request, Response>(
  system: TestStack,
  token: string,
  method: MethodDefinition<Request, Response>,
  request: Request,
) => Promise<Response>;

const callGrpc: Call = (system, token, method, request) => {
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  return new Promise((resolve, reject) => {
    system.grpc.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      metadata,
      (error, response) => (error ? reject(error) : resolve(response as NonNullable<typeof response>)),
    );
  });
};

/** By `google.api.http`; the JSON is written and read by protobuf's own library, not by the gateway's code. */
const callHttp: Call = async (system, token, method, request) => {
  const described = describedMethod(method.path);
  const binding = httpBindingOf(described);
  if (binding === undefined) throw new Error(`${method.path} has no path over HTTP.`);
  const { input, output } = described;
  const json = toJson(input, fromBinary(input, method.requestSerialize(request))) as JsonObject;
  const path = binding.path.replaceAll(/\{([a-z_]+)\}/g, (_all, name: string) => {
    const { jsonName } = input.fields.find((field) => field.name === name) as (typeof input.fields)[number];
    const value = String(json[jsonName]);
    delete json[jsonName];
    return encodeURIComponent(value);
  });
  const query = binding.hasBody ? "" : `?${new URLSearchParams(json as Record<string, string>)}`;
  const answer = await system.http(`${path}${query}`, {
    method: binding.verb,
    headers: { authorization: `Bearer ${token}` },
    ...(binding.hasBody && { body: JSON.stringify(json) }),
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${binding.verb} ${path} answered ${answer.status}: ${text}`);
  return method.responseDeserialize(Buffer.from(toBinary(output, fromJson(output, JSON.parse(text)))));
};

function describedMethod(path: string): DescMethod {
  const [, service = "", name = ""] = path.split("/");
  const method = API_REGISTRY.getService(service)?.methods.find((one) => one.name === name);
  if (method === undefined) throw new Error(`The API has no method ${path}.`);
  return method;
}
