/** Builds the console into `dist/app`: index.html, and files whose names hold a hash of what is in them. */
import { build } from "vite";
import { VITE_OPTIONS } from "./vite-options.mjs";

await build({ ...VITE_OPTIONS, logLevel: "warn" });
