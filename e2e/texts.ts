/**
 * The texts of this product's pages that the browser tests look for. When you reword or translate a page, change its texts here.
 * Other texts of Ory Elements are not here.
 */
export const texts = {
  nav: {
    dashboard: "Dashboard",
    account: "Profile",
    settings: "Security",
    devices: "Devices",
    userMenu: "Your account",
    signOut: "Sign out",
    skip: "Skip to the content",
  },
  theme: { label: "Theme", system: "System", dark: "Dark" },
  landing: {
    heading: "Sign-in that works from day one",
    dashboardLink: "Go to your dashboard",
  },
  dashboard: {
    greeting: (firstName: string): string => `Hello, ${firstName}`,
    session: "Your current session",
    refreshSession: "Refresh session",
    sessionEnd: "Your session ends at",
    /** How the page names the way in which the user signed in. */
    passkey: "Passkey",
    socialSignIn: "Social sign-in",
  },
  account: {
    intro: "Your name, as others see it.",
    firstName: "First name",
    lastName: "Last name",
    save: "Save",
    saved: "Saved.",
    /** Shown when the user returns after a step-up. */
    keptChanges: "We kept your changes. They are not saved yet.",
    unconfirmed: "is not confirmed yet",
    confirmAddress: "Confirm your address",
  },
  data: {
    heading: "Your data",
    download: "Download my data",
  },
  devices: {
    thisDevice: "This device",
    chromeOnUnix: /Chrome.* on (Linux|macOS)/,
    firefoxOnWindows: "Firefox on Windows",
    /** How the page names the way in which the user signed in on a device. */
    password: "Password",
    signOutDevice: (device: string): string => `Sign out ${device}`,
    signOutOthers: "Sign out everywhere else",
    deviceSignedOut: "That device is signed out.",
    deviceAlreadySignedOut: "That device is already signed out.",
    ownDevice: "This is the device you are using.",
    othersSignedOut: "You are signed out everywhere else.",
  },
  /** This app's own texts on Ory's forms: in `elements/`. */
  forms: {
    signUpTitle: "Create an account",
    confirmTitle: "Confirm your address",
    resetTitle: "Reset your password",
    forgotPassword: "Forgot password?",
    signInAgainTitle: "Confirm it is you",
    password: "Password",
    passkeys: "Passkeys",
    backupCodes: "Backup codes",
    authenticator: "Authenticator app",
    authenticatorIsSetUp: "Your authenticator app is set up.",
    signInInstead: "Sign in instead",
    createAccount: "Create an account",
    resetPassword: "Reset your password",
    confirmLater: "Confirm it later",
    setUp: "Set up",
    downloadCodes: "Download codes",
    newCodeSent: "We sent a new code",
    removalQuestion: "Do you want to continue?",
    cancel: "Cancel",
    needsJavaScript: "This form needs JavaScript.",
    passkeysUnsupported: "This browser does not support passkeys.",
    noPasskeyUsed: "No passkey was used.",
    onlyWayToSignIn: "This is your only way to sign in.",
    notProcessed: "We could not process this.",
  },
  settings: {
    secondFactorNeeded: "The page you opened needs a second factor.",
  },
  /** Results of an action that was refused. */
  denied: {
    signedOut: "Nothing was changed. You are signed out.",
    signIn: "Sign in and come back",
    signInTooOld: "Nothing was changed. You signed in a while ago.",
    confirm: "Confirm it is you and come back",
    unavailable: "Nothing was changed. We can't check your session",
  },
  /** Pages about problems. */
  notFound: "Page not found",
  outage: "Back in a moment",
  error: "Something went wrong",
  tryAgain: "Try again",
  signedOutHere: "You are signed out in this browser",
  cookiesNotKept: "Your browser did not keep the cookies",
  signInDidNotArrive: "Your sign-in did not arrive",
}
