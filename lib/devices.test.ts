import { expect, test } from "vitest"
import { browserAndSystem, withoutPort } from "@/lib/devices"

const texts = {
  browserOnSystem: (browser: string, system: string) => `${browser} on ${system}`,
  unknownBrowser: "Unknown browser",
}

test.each([
  ["Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Windows"],
  [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Safari on iOS",
  ],
  [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
    "Microsoft Edge on Windows",
  ],
  ["curl/8.5.0", "Unknown browser"],
  ["<script>alert(1)</script>", "Unknown browser"],
  ["", "Unknown browser"],
  [undefined, "Unknown browser"],
])("the name for the user agent %j is %s", (userAgent, name) => {
  expect(browserAndSystem(userAgent, texts)).toBe(name)
})

test.each([
  ["127.0.0.1:39408", "127.0.0.1"],
  ["192.0.2.1", "192.0.2.1"],
  ["[2001:db8::1]:443", "2001:db8::1"],
  ["2001:db8::1", "2001:db8::1"],
  ["::1", "::1"],
  ["", ""],
  [undefined, undefined],
])("the address %j is shown as %j", (address, shown) => {
  expect(withoutPort(address)).toBe(shown)
})
