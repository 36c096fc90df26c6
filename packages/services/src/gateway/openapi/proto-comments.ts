/** The comments of the proto, which are the API's documentation. */
import type {
  DescEnum,
  DescEnumValue,
  DescField,
  DescFile,
  DescMessage,
  DescMethod,
  DescService,
} from "@bufbuild/protobuf";

/** What has a comment. */
export type Commented = DescEnum | DescEnumValue | DescField | DescMessage | DescMethod | DescService;

/** Field numbers of google.protobuf's descriptors: the paths of source locations are made of them. */
const PACKAGE = 2;
const MESSAGE = 4;
const ENUM = 5;
const SERVICE = 6;
const FIELD_OF_MESSAGE = 2;
const NESTED_MESSAGE = 3;
const NESTED_ENUM = 4;
const VALUE_OF_ENUM = 2;
const METHOD_OF_SERVICE = 2;

const commentsOfFiles = new WeakMap<DescFile, ReadonlyMap<string, string>>();

/** The comment above something, without line ends inside its paragraphs, which are Markdown; empty when there is none. */
export function commentOf(element: Commented): string {
  return commentAt(fileOf(element), pathOf(element));
}

/** What a file says above its package. */
export function commentOfPackage(file: DescFile): string {
  return commentAt(file, [PACKAGE]);
}

function commentAt(file: DescFile, path: readonly number[]): string {
  let comments = commentsOfFiles.get(file);
  if (comments === undefined) {
    const locations = file.proto.sourceCodeInfo?.location ?? [];
    comments = new Map(locations.map((location) => [location.path.join("."), location.leadingComments]));
    commentsOfFiles.set(file, comments);
  }
  return flowing(comments.get(path.join(".")) ?? "");
}

/** Lines joined to paragraphs. */
function flowing(comment: string): string {
  return comment
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.trim().replaceAll(/\s*\n\s*/g, " "))
    .filter((paragraph) => paragraph !== "")
    .join("\n\n");
}

function pathOf(element: Commented): number[] {
  switch (element.kind) {
    case "service":
      return [SERVICE, element.file.services.indexOf(element)];
    case "rpc":
      return [...pathOf(element.parent), METHOD_OF_SERVICE, element.parent.methods.indexOf(element)];
    case "message":
      return element.parent === undefined
        ? [MESSAGE, element.file.messages.indexOf(element)]
        : [...pathOf(element.parent), NESTED_MESSAGE, element.parent.nestedMessages.indexOf(element)];
    case "field":
      return [...pathOf(element.parent), FIELD_OF_MESSAGE, element.parent.fields.indexOf(element)];
    case "enum":
      return element.parent === undefined
        ? [ENUM, element.file.enums.indexOf(element)]
        : [...pathOf(element.parent), NESTED_ENUM, element.parent.nestedEnums.indexOf(element)];
    case "enum_value":
      return [...pathOf(element.parent), VALUE_OF_ENUM, element.parent.values.indexOf(element)];
  }
}

function fileOf(element: Commented): DescFile {
  if (element.kind === "rpc" || element.kind === "field" || element.kind === "enum_value")
    return fileOf(element.parent);
  return element.file;
}
