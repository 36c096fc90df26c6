/** The API's descriptors, as buf compiled them from the proto: for the JSON mapping, for reflection, for the doors. */
import { createFileRegistry, type DescFile, type DescMessage, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { descriptorSet } from "../gen/descriptor-set.js";

/** Every file: ours, and those that they import. */
export const API_FILES = fromBinary(FileDescriptorSetSchema, descriptorSet);

/** All that the files describe. */
export const API_REGISTRY: FileRegistry = createFileRegistry(API_FILES);

/** The files that are ours. */
export const OWN_FILES: readonly DescFile[] = [...API_REGISTRY.files].filter(({ proto }) =>
  proto.package.startsWith("quittance."),
);

/** The descriptor of one of the API's messages, by its full name. */
export function messageDescriptor(typeName: string): DescMessage {
  const descriptor = API_REGISTRY.getMessage(typeName);
  if (descriptor === undefined) throw new Error(`The API has no message ${typeName}.`);
  return descriptor;
}
