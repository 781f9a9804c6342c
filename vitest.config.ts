import { randomBytes } from "node:crypto"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

export default defineConfig({
  resolve: {
    alias: {
      "@": path("."),
      // What Next gives its server: the package itself throws everywhere else.
      "server-only": path("node_modules/next/dist/compiled/server-only/empty.js"),
    },
  },
  test: {
    // Unit tests stand beside the code that they test.
    include: ["**/*.test.ts"],
    exclude: ["**/node_modules/**", ".next/**", ".test/**", "examples/**"],
    // `lib/env.ts` reads these when it is first imported. Nothing listens on this port.
    env: {
      ORY_SDK_URL: "http://localhost:9",
      APP_URL: "http://localhost:3000",
      SESSION_SECRET: randomBytes(32).toString("base64"),
      SESSION_CACHE_SECONDS: "30",
    },
  },
})
