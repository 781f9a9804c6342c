import { readFile } from "node:fs/promises"
import { expect, test } from "vitest"
import { parse } from "yaml"
import { brand } from "@/lib/brand"

test("Ory's mails, authenticator apps and passkey prompts show the same name as the app", async () => {
  const { selfservice, courier } = parse(await readFile("ory/kratos.yml", "utf8")) as {
    selfservice: {
      methods: { totp: { config: { issuer: string } }; passkey: { config: { rp: { display_name: string } } } }
    }
    courier: { smtp: { from_name: string } }
  }
  expect(selfservice.methods.totp.config.issuer).toBe(brand.name)
  expect(selfservice.methods.passkey.config.rp.display_name).toBe(brand.name)
  expect(courier.smtp.from_name).toBe(brand.name)
})
