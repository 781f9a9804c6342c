import dns from "node:dns"

/** Preloaded with `--import`: every name under `example.test` is this machine. For Chromium, `playwright.config.ts` says the same. */
const { lookup } = dns
dns.lookup = Object.assign(
  (hostname, ...rest) => lookup(hostname.endsWith(".example.test") ? "localhost" : hostname, ...rest),
  lookup,
)
