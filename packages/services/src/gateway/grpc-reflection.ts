/**
 * gRPC's server reflection, by the library of gRPC. Its answers are made at the first call: most gateways never get one,
 * and making them takes as long as a quarter of the gateway's start.
 */
import type { MethodDefinition, Server, UntypedServiceImplementation } from "@grpc/grpc-js";
import { ReflectionService } from "@grpc/reflection";
import { reflectedFiles } from "./api-descriptor.js";

const VERSIONS = ["v1", "v1alpha"] as const;
const METHOD = "ServerReflectionInfo";

/** The method of one version, as the library makes it. */
interface ReflectionMethod {
  readonly definition: MethodDefinition<unknown, unknown>;
  readonly handle: NonNullable<UntypedServiceImplementation[string]>;
}

/** Adds reflection of the API and of health, in both of its versions. */
export function addReflection(server: Pick<Server, "addService">): void {
  let made: ReadonlyMap<string, ReflectionMethod> | undefined;
  for (const version of VERSIONS) {
    const path = `/grpc.reflection.${version}.ServerReflection/${METHOD}`;
    const method = (): ReflectionMethod => {
      made ??= reflectionMethods();
      const found = made.get(path);
      if (found === undefined) throw new Error(`The library of reflection has no ${path}.`);
      return found;
    };
    const definition: MethodDefinition<unknown, unknown> = {
      path,
      requestStream: true,
      responseStream: true,
      requestSerialize: (request) => method().definition.requestSerialize(request),
      requestDeserialize: (bytes) => method().definition.requestDeserialize(bytes),
      responseSerialize: (response) => method().definition.responseSerialize(response),
      responseDeserialize: (bytes) => method().definition.responseDeserialize(bytes),
    };
    const handle = (...call: unknown[]) => Reflect.apply(method().handle, undefined, call);
    server.addService({ [METHOD]: definition }, { [METHOD]: handle });
  }
}

/** By path. */
function reflectionMethods(): ReadonlyMap<string, ReflectionMethod> {
  const methods = new Map<string, ReflectionMethod>();
  new ReflectionService(reflectedFiles()).addToServer({
    addService(service, implementation) {
      for (const [name, definition] of Object.entries(service)) {
        const handle = implementation[name];
        if (handle !== undefined) methods.set(definition.path, { definition, handle });
      }
    },
  });
  return methods;
}
