import languages from "../elements/languages"
import { catalogues, defaultLocale } from "../lib/texts"

/**
 * The texts that the browser tests look for, in the product's default language: the app's own from `lib/texts/`, and those of Ory's forms.
 * When a test of yours needs another one, add it here.
 */
const own = catalogues[defaultLocale]
const {
  shared,
  landing,
  dashboard,
  methods,
  account,
  admin,
  members,
  deleteAccount,
  data,
  devices,
  auth,
  notices,
  forms,
  elements,
} = own
const { denied, nav } = shared

/** A text of Ory Elements by its id, for example `identities.messages.1070003`. */
function ory(id: keyof NonNullable<typeof languages.en>): string {
  const replaced: Partial<Record<string, string>> = elements
  const text = replaced[id] ?? languages[defaultLocale]?.[id]
  if (text === undefined) throw new Error(`Ory Elements has no text "${id}" in the language "${defaultLocale}".`)
  return text
}

/** Matches one of these texts, in which `.*` stands for any characters. */
const pattern = (...parts: string[]): RegExp => new RegExp(parts.join("|"))

export const texts = {
  nav: {
    ...nav,
    userMenu: shared.userMenu,
    accountMenu: shared.accountMenu,
    accountNavigation: shared.accountNavigation,
    signIn: shared.signIn,
    signOut: shared.signOut,
    skip: shared.skipToContent,
  },
  theme: shared.theme,
  landing: { heading: landing.heading, dashboardLink: landing.dashboard },
  dashboard: {
    title: dashboard.title,
    greeting: dashboard.greeting,
    session: dashboard.session.title,
    refreshSession: dashboard.session.refresh,
    sessionEnd: dashboard.session.end,
    passkey: methods.passkey,
    socialSignIn: methods.oidc,
  },
  account: {
    ...account.form,
    intro: account.intro,
    keptChanges: account.form.kept,
    unconfirmed: pattern(account.unconfirmed(".*")),
    confirmAddress: account.confirm,
  },
  admin: admin.title,
  adminIntro: admin.intro,
  members: members.title,
  deleteAccount,
  accountDeleted: notices.accountDeleted.title,
  forbidden: notices.forbidden.title,
  data: { heading: data.title, download: data.download, failed: data.failed },
  devices: {
    list: devices.list.label,
    thisDevice: devices.list.thisDevice,
    chromeOnUnix: pattern(devices.browserOnSystem("Chrome.*", "(Linux|macOS)")),
    firefoxOnWindows: devices.browserOnSystem("Firefox", "Windows"),
    password: methods.password,
    signOutDevice: devices.signOutDevice,
    signOutOthers: devices.list.signOutOthers,
    deviceSignedOut: devices.signedOut,
    deviceAlreadySignedOut: devices.alreadySignedOut,
    ownDevice: devices.own,
    othersSignedOut: devices.othersSignedOut,
  },
  /** The app's own texts on Ory's forms. */
  forms: {
    ...forms,
    email: forms.labels.identifier,
    signUpTitle: elements["registration.title"],
    confirmTitle: elements["verification.title"],
    enterAddress: elements["verification.subtitle"],
    resetTitle: elements["recovery.title"],
    forgotPassword: elements["forms.label.forgot-password"],
    signInAgainTitle: elements["login.title-refresh"],
    password: elements["settings.password.title"],
    passkeys: elements["settings.passkey.title"],
    backupCodes: elements["settings.lookup_secret.title"],
    authenticator: elements["settings.totp.title"],
    authenticatorIsSetUp: elements["settings.totp.info.linked"],
    passkeysUnsupported: forms.passkeyProblems.Unsupported,
    noPasskeyUsed: forms.passkeyProblems.NotAllowedError,
  },
  /** Texts of Ory's forms that the app does not replace. */
  ory: {
    signInTitle: ory("login.title"),
    signInWithPassword: ory("identities.messages.1010022"),
    signInWithPasskey: ory("identities.messages.1010021"),
    sendSignInCode: ory("identities.messages.1010015"),
    signUp: ory("identities.messages.1040001"),
    /** The beginning of the buttons that choose a method. A description follows. */
    choosePassword: pattern(`^${ory("two-step.password.title")}`),
    choosePasskey: pattern(`^${ory("two-step.passkey.title").replace(/ \(.*/, "")}`),
    continue: ory("identities.messages.1070009"),
    /** The button that submits a code: it depends on the flow. */
    submitCode: pattern(ory("identities.messages.1070009"), ory("identities.messages.1010005"), ory("login.title")),
    email: ory("identities.messages.1070007"),
    resendCode: ory("identities.messages.1070008"),
    wrongPassword: ory("identities.messages.4000006"),
    wrongSignInCode: ory("identities.messages.4010008"),
    wrongAuthenticatorCode: ory("identities.messages.4000008"),
    save: ory("identities.messages.1070003"),
    saved: ory("identities.messages.1050001"),
    password: ory("identities.messages.1070001"),
    verifyCode: ory("identities.messages.1070006"),
    enableBackupCodes: ory("identities.messages.1050008"),
    confirmBackupCodes: ory("identities.messages.1050011"),
    disableMethod: ory("identities.messages.1050016"),
    unlinkAuthenticator: ory("identities.messages.1050004"),
    addPasskey: ory("identities.messages.1050019"),
    removePasskey: pattern(ory("identities.messages.1050020").replace("{display_name}", ".*")),
  },
  settings: { title: own.security.title, secondFactorNeeded: own.security.secondFactorNeeded },
  auth,
  /** Results of an action that was refused. */
  denied: {
    signedOut: `${denied.nothingChanged} ${denied.signedOut}`,
    signIn: denied.signIn,
    signInTooOld: `${denied.nothingChanged} ${denied.signInTooOld}`,
    confirm: denied.confirm,
    unavailable: `${denied.nothingChanged} ${denied.unavailable}`,
  },
  /** Pages about problems. */
  notFound: notices.notFound.title,
  outage: notices.unavailable.title,
  error: notices.flowError.title,
  flowErrors: own.flowErrors,
  tryAgain: shared.tryAgain,
  signedOutHere: notices.signedOutHere.title,
  cookiesNotKept: notices.noCookies.title,
  signInDidNotArrive: notices.noSession.title,
}
