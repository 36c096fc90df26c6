/** The descriptor of gRPC's health service, in a form that every client takes. */
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { type DescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { loadSync } from "@grpc/proto-loader";
import { protoPath } from "grpc-health-check";

/**
 * The file that declares `grpc.health.v1.Health`.
 *
 * protobufjs, which compiles it, names the entry of a map field `statuses` `Statuses`; protoc says `StatusesEntry`, and
 * Go's clients (grpcurl) refuse a file that has it otherwise. The entries are renamed here; a file that is right
 * already stays as it is.
 */
export function healthFile(): Uint8Array {
  const [compiled] = Object.values(loadSync(protoPath)).flatMap((type) =>
    "fileDescriptorProtos" in type ? (type.fileDescriptorProtos as Buffer[]) : [],
  );
  if (compiled === undefined) throw new Error("grpc-health-check brings no health.proto.");
  const file = fromBinary(FileDescriptorProtoSchema, compiled);
  for (const message of file.messageType) renameMapEntries(message);
  return toBinary(FileDescriptorProtoSchema, file);
}

function renameMapEntries(message: DescriptorProto): void {
  for (const entry of message.nestedType) {
    if (entry.options?.mapEntry !== true || entry.name.endsWith("Entry")) continue;
    const renamed = `${entry.name}Entry`;
    for (const field of message.field) if (field.typeName === entry.name) field.typeName = renamed;
    entry.name = renamed;
  }
}
