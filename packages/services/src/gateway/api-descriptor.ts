/** What the doors know of the API beside its types: names in JSON, and the files for reflection. */
import { type DescMessage, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { PackageDefinition } from "@grpc/proto-loader";
import * as api from "../shared/api-descriptor.js";
import { healthFile } from "./health-descriptor.js";

const PACKAGE = "quittance.payments.v1";
/** The service's full name, as health knows it. */
export const PAYMENT_SERVICE = `${PACKAGE}.PaymentService`;

/** Every type of the API, and of what it imports. */
export const apiRegistry = api.API_REGISTRY;

/** The descriptor of one of the messages of payments, by its short name. */
export function messageDescriptor(name: string): DescMessage {
  return api.messageDescriptor(`${PACKAGE}.${name}`);
}

const jsonNames: ReadonlyMap<string, string> = new Map(
  api.OWN_FILES.flatMap(({ messages }) => messages.flatMap(withNested)).flatMap(({ fields }) =>
    fields.map((field) => [field.name, field.jsonName] as const),
  ),
);

function withNested(message: DescMessage): DescMessage[] {
  return [message, ...message.nestedMessages.flatMap(withNested)];
}

/** What JSON calls a field of the API's messages; a name that is none of theirs stays as it is. */
export function jsonName(fieldName: string): string {
  return jsonNames.get(fieldName) ?? fieldName;
}

/**
 * What reflection shows: the API and health.
 *
 * The API's files go to reflection as they were compiled. By way of proto-loader they would lose their imports, for it
 * puts files together by package, and clients that resolve names by import (grpcurl, Python) would fail. grpc-node
 * issue 2595; when it is solved, `loadFileDescriptorSetFromBuffer` can take this place.
 */
export function reflectedFiles(): PackageDefinition {
  const files = api.API_FILES.file.map((file) => toBinary(FileDescriptorProtoSchema, file));
  const fileDescriptorProtos = [...files, healthFile()].map((bytes) => Buffer.from(bytes));
  // Reflection looks at nothing but the files, so that they can stand under any one name.
  const all = { format: "Protocol Buffer 3 DescriptorProto", type: {}, fileDescriptorProtos };
  return { [PACKAGE]: all as unknown as PackageDefinition[string] };
}
