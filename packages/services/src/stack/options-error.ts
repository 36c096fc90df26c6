/** Thrown when the options of `npm start` make no sense; the message says which and what to write instead. */
export class OptionsError extends Error {
  override readonly name = "OptionsError";
}
