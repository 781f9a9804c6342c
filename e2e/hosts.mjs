import dns from "node:dns"

/** Preloaded with `--import`. Resolves every name under `example.test` to this machine, as `playwright.config.ts` does in Chromium. */
const { lookup } = dns
dns.lookup = Object.assign(
  (hostname, ...rest) => lookup(hostname.endsWith(".example.test") ? "localhost" : hostname, ...rest),
  lookup,
)
