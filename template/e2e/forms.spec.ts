import { readFile } from "node:fs/promises"
import { addAuthenticator, expect, expectSettingsSaved, settle, signIn, submitTraits, test } from "../../e2e/fixtures"
import { createUser } from "../../e2e/http"
import { texts } from "../../e2e/texts"

/** Forms with settings of Ory's that this template does not use, but that a product may add. */

interface Schema {
  properties: {
    traits: { properties: { email: { "ory.sh/kratos": { credentials: object } }; terms?: object }; required: string[] }
  }
}

/** Settings of Kratos with the changed identity schema. */
async function withSchema(change: (schema: Schema) => void): Promise<Record<string, string>> {
  const schema = JSON.parse(await readFile("ory/identity.schema.json", "utf8")) as Schema
  change(schema)
  return { IDENTITY_SCHEMAS_0_URL: `base64://${Buffer.from(JSON.stringify(schema)).toString("base64")}` }
}

test("a checkbox that must be checked shows its error and gets the focus", async ({
  openPage,
  ownServers,
  newAccount,
}) => {
  const kratos = await withSchema(({ properties: { traits } }) => {
    traits.properties.terms = { type: "boolean", const: true, title: "I accept the terms" }
    traits.required.push("terms")
  })
  const servers = await ownServers({ kratos })
  const page = await openPage(servers.appUrl)
  await page.goto("/auth/registration")
  await submitTraits(page, newAccount.email)
  const password = page.getByRole("button", { name: /^Password/ })
  const terms = page.getByRole("checkbox", { name: "I accept the terms" })
  // Kratos 26.2 checks the traits before it offers the methods. Kratos 1.3.1 checks them with the method.
  await expect(password.or(page.locator("input[aria-invalid=true]"))).toBeVisible()
  if (await password.isVisible()) {
    await password.click()
    await page.locator("input[name=password]").fill(newAccount.password)
    await page.getByRole("button", { name: "Sign up" }).click()
  }
  await expect(terms).toHaveAttribute("aria-invalid", "true")
  await expect(terms).toHaveAccessibleDescription(/const|must be|true/i)
  await expect(terms).toBeFocused()
})

test("a security key has a name and a date, and is removed only after a question", async ({ openAs, ownServers }) => {
  const schema = await withSchema(({ properties: { traits } }) => {
    Object.assign(traits.properties.email["ory.sh/kratos"].credentials, { webauthn: { identifier: true } })
  })
  const servers = await ownServers({ kratos: { ...schema, SELFSERVICE_METHODS_WEBAUTHN_ENABLED: "true" } })
  const page = await openAs(await createUser(servers), servers.appUrl)
  const authenticator = await addAuthenticator(page)
  await page.goto("/account/settings")
  const form = page.locator("form#webauthn-settings")
  await form.locator("input[name=webauthn_register_displayname]").fill("Blue key")
  await authenticator.whileTouched(async () => {
    await form.locator("button[name=webauthn_register_trigger]").click()
    await expectSettingsSaved(page)
  })

  const key = form.getByRole("listitem")
  await expect(key).toContainText("Blue key")
  await expect(key.locator("time")).toContainText(String(new Date().getFullYear()))
  await test.step("Enter in the name of a new key removes none", async () => {
    await form.locator("input[name=webauthn_register_displayname]").fill("Red key")
    await form.locator("input[name=webauthn_register_displayname]").press("Enter")
    await settle(page)
    await page.reload()
    await expect(key.filter({ hasText: "Blue key" })).toHaveCount(1)
  })
  const remove = key.getByRole("button")
  await remove.click()
  const dialog = page.getByRole("dialog")
  await expect(dialog).toContainText(texts.forms.removalQuestion)
  await dialog.getByRole("button", { name: texts.forms.cancel }).click()
  await expect(remove).toBeFocused()
  await expect(key).toHaveCount(1)

  await remove.click()
  await dialog.locator("button[name=webauthn_remove]").click()
  await expectSettingsSaved(page)
  await expect(key).toHaveCount(0)
})

for (const style of ["unified", "identifier_first"])
  test(`with account_enumeration.mitigate and no sign-in codes, style ${style} shows the same for an unknown address`, async ({
    openPage,
    ownServers,
    newAccount,
  }) => {
    const servers = await ownServers({
      kratos: {
        SECURITY_ACCOUNT_ENUMERATION_MITIGATE: "true",
        SELFSERVICE_METHODS_CODE_PASSWORDLESS_ENABLED: "false",
        SELFSERVICE_FLOWS_LOGIN_STYLE: style,
      },
    })
    const known = await createUser(servers)
    const shown: string[] = []
    for (const email of [known.email, newAccount.email]) {
      const page = await openPage(servers.appUrl)
      await page.goto("/auth/login")
      if (style === "unified") await signIn(page, { email, password: "wrong password" })
      else {
        await page.locator("input[name=identifier]").fill(email)
        await page.getByRole("button", { name: "Continue" }).click()
        const methods = page.locator("main").getByRole("button", { name: /^(Password|Passkey|Send code)/ })
        await expect(methods.first()).toBeVisible()
        shown.push((await methods.allInnerTexts()).join())
        await methods.filter({ hasText: "Password" }).click()
        await page.locator("input[name=password]").fill("wrong password")
        await page.getByRole("button", { name: "Sign in with password" }).click()
      }
      const alert = page.getByRole("alert").filter({ hasText: texts.forms.createAccount })
      await expect(alert).toBeVisible()
      shown.push(await alert.innerText())
    }
    expect(shown.slice(0, shown.length / 2)).toEqual(shown.slice(shown.length / 2))
  })
