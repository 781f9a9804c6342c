import { open, openSignedIn, testStates } from "./accessibility"
import { enrolTotp, openUserMenu, signIn, signUp } from "./fixtures"
import { setRole } from "./http"
import { texts } from "./texts"

/** Checks the pages with axe. Add your own pages here. */
testStates([
  { name: "landing page", title: texts.landing.heading, reach: open("/") },
  { name: "sign-in", title: texts.ory.signInTitle, reach: open("/auth/login") },
  {
    name: "sign-in with a wrong password",
    title: texts.ory.signInTitle,
    shows: texts.ory.wrongPassword,
    reach: async ({ page, user }) => {
      await page.goto("/auth/login")
      await signIn(page, { ...user, password: "wrong password" })
      return page
    },
  },
  { name: "sign-up", title: texts.forms.signUpTitle, reach: open("/auth/registration") },
  { name: "verification", title: texts.forms.confirmTitle, reach: open("/auth/verification") },
  { name: "recovery", title: texts.forms.resetTitle, reach: open("/auth/recovery") },
  { name: "dashboard", title: texts.dashboard.title, reach: openSignedIn("/dashboard") },
  { name: "account", title: texts.nav.account, reach: openSignedIn("/account") },
  {
    name: "user menu",
    title: texts.dashboard.title,
    shows: texts.nav.signOut,
    reach: openSignedIn("/dashboard", (page) => openUserMenu(page)),
  },
  {
    name: "devices",
    title: texts.nav.devices,
    shows: texts.devices.thisDevice,
    reach: openSignedIn("/account/devices"),
  },
  {
    name: "settings",
    title: texts.nav.settings,
    shows: texts.forms.authenticator,
    reach: openSignedIn("/account/settings"),
  },
  {
    name: "data",
    title: texts.data.heading,
    reach: async ({ page, newAccount }) => {
      await signUp(page, newAccount)
      await enrolTotp(page)
      await page.goto("/account/data")
      return page
    },
  },
  {
    name: "admin",
    title: texts.admin,
    reach: async ({ openAs, user }) => {
      await setRole(user.identityId, "admin")
      const page = await openAs(user)
      await page.goto("/admin")
      return page
    },
  },
  {
    name: "page without access",
    title: texts.forbidden,
    reach: async ({ openAs, user }) => {
      const page = await openAs(user, undefined, { expectedErrors: /^403 / })
      await page.goto("/admin")
      return page
    },
  },
  { name: "deleted account", title: texts.accountDeleted, reach: open("/auth/account-deleted") },
  { name: "unknown path", title: texts.notFound, reach: openSignedIn("/no-such-page") },
  { name: "signed-out page", title: texts.signedOutHere, reach: open("/auth/signed-out") },
  { name: "error of a flow", title: texts.error, reach: open("/auth/error") },
])
