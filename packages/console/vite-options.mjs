/** How Vite builds the console. */
import { fileURLToPath } from "node:url";

export const VITE_OPTIONS = {
  root: fileURLToPath(new URL(".", import.meta.url)),
  configFile: false,
  build: {
    outDir: "dist/app",
    emptyOutDir: true,
    target: "es2023",
    // The content security policy lets no data: URL in but images, and needs no polyfill in the page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
};
