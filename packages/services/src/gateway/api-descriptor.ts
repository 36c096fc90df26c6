/** The API's descriptors, as buf compiled them from the proto: for reflection, and for the JSON mapping. */
import { createFileRegistry, type DescMessage, type FileRegistry, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { PackageDefinition } from "@grpc/proto-loader";
import { descriptorSet } from "../gen/descriptor-set.js";
import { healthFile } from "./health-descriptor.js";

const PACKAGE = "quittance.payments.v1";
/** The service's full name, as health knows it. */
export const PAYMENT_SERVICE = `${PACKAGE}.PaymentService`;

const files = fromBinary(FileDescriptorSetSchema, descriptorSet);
/** Every type of the API, and of what it imports. */
export const apiRegistry: FileRegistry = createFileRegistry(files);

/** The descriptor of one of the API's messages, by its short name. */
export function messageDescriptor(name: string): DescMessage {
  const descriptor = apiRegistry.getMessage(`${PACKAGE}.${name}`);
  if (descriptor === undefined) throw new Error(`The API has no message ${name}.`);
  return descriptor;
}

const jsonNames: ReadonlyMap<string, string> = new Map(
  [...apiRegistry]
    .filter((type) => type.kind === "message" && type.file.proto.package === PACKAGE)
    .flatMap((type) => (type as DescMessage).fields.map((field) => [field.name, field.jsonName] as const)),
);

/** What JSON calls a field of the API's messages; a name that is none of theirs stays as it is. */
export function jsonName(fieldName: string): string {
  return jsonNames.get(fieldName) ?? fieldName;
}

/**
 * What reflection tells of: the API and health.
 *
 * The API's files go to reflection as they were compiled. By way of proto-loader they would lose their imports, for it
 * puts files together by package, and clients that resolve names by import (grpcurl, Python) would fail. grpc-node
 * issue 2595; when it is solved, `loadFileDescriptorSetFromBuffer` can take this place.
 */
export function reflectedFiles(): PackageDefinition {
  const api = files.file.map((file) => toBinary(FileDescriptorProtoSchema, file));
  const fileDescriptorProtos = [...api, healthFile()].map((bytes) => Buffer.from(bytes));
  // Reflection looks at nothing but the files, so that they can stand under any one name.
  const all = { format: "Protocol Buffer 3 DescriptorProto", type: {}, fileDescriptorProtos };
  return { [PACKAGE]: all as unknown as PackageDefinition[string] };
}
