/**
 * The texts of the app's own pages and forms. `index.ts` makes this catalogue the type of all others, so a text that is missing in one
 * of them is a type error. A text with values is a function, except in `shared` and `forms`: those go to the browser, where a
 * value replaces its name in braces.
 */
export const en = {
  /** For search engines and link previews. */
  description: "Create an account, sign in and manage your devices.",

  /** For components in the browser, on every page. */
  shared: {
    skipToContent: "Skip to the content",
    loading: "Loading",
    tryAgain: "Try again",
    signIn: "Sign in",
    signOut: "Sign out",
    /** Accessible names of the navigations. */
    mainNavigation: "Main",
    accountNavigation: "Account",
    accountMenu: "Account menu",
    userMenu: "Your account",
    /** The pages in the navigations. */
    nav: {
      dashboard: "Dashboard",
      account: "Profile",
      settings: "Security",
      devices: "Devices",
      data: "Your data",
      admin: "Admin",
    },
    theme: { label: "Theme", system: "System", light: "Light", dark: "Dark" },
    /** The page for an unexpected error. */
    error: {
      title: "Something went wrong",
      text: "We couldn't load this page. Try again in a moment.",
    },
    /** Why a form was refused, and the link to the missing step. */
    denied: {
      nothingChanged: "Nothing was changed.",
      signedOut: "You are signed out.",
      secondFactor: "This needs your second factor.",
      signInTooOld: "You signed in a while ago.",
      notVerified: "This needs a confirmed email address.",
      forbidden: "You don't have permission to do this.",
      crossSite: "This form was sent from another site.",
      unavailable: "We can't check your session right now.",
      signIn: "Sign in and come back",
      confirm: "Confirm it is you and come back",
      verify: "Confirm your address and come back",
      tryAgain: "Try again.",
    },
  },

  landing: {
    heading: "Sign-in that works from day one",
    text: "Sign-up, sign-in, second factors and a protected dashboard, with Ory and the Next.js App Router. Clone it, run one command, build your product.",
    createAccount: "Create an account",
    dashboard: "Go to your dashboard",
    points: [
      {
        title: "Checked twice",
        text: "The middleware checks each request to a protected page. The page checks the session again, so the middleware is never the only guard.",
      },
      {
        title: "Calm in an outage",
        text: "When Ory is unreachable, users see a short notice. They are never signed out and never sent in circles.",
      },
      {
        title: "Yours to change",
        text: "Small files, plain names, and tests against a real Ory Kratos on your own machine.",
      },
    ],
    legal: { label: "Legal", terms: "Terms", privacy: "Privacy" },
  },

  dashboard: {
    title: "Dashboard",
    greeting: (firstName: string): string => `Hello, ${firstName}`,
    intro: "What would you like to do today?",
    account: {
      title: "Account",
      verified: "Verified",
      notConfirmed: "Not confirmed",
      edit: "Edit profile",
    },
    security: {
      title: "Security",
      twoFactors: "You signed in with a second factor.",
      manage: "Manage sign-in",
      oneFactor: "You signed in with one factor. An authenticator app protects you when a password leaks.",
      addFactor: "Add a second factor",
    },
    start: {
      title: "Your product starts here",
      /** Before and after the path of the file. */
      before: "Edit",
      after: "to build it. New pages are protected by default.",
    },
    session: {
      title: "Your current session",
      since: "Signed in since",
      end: "Your session ends on",
      methods: "Signed in with",
      refresh: "Refresh session",
    },
  },

  /** Ory's ways to sign in. */
  methods: {
    password: "Password",
    code: "Code by email",
    code_recovery: "Recovery code",
    link_recovery: "Recovery link",
    totp: "Authenticator app",
    lookup_secret: "Backup code",
    passkey: "Passkey",
    webauthn: "Security key",
    oidc: "Social sign-in",
  },

  account: {
    title: "Profile",
    intro: "Your name, as others see it.",
    unconfirmed: (email: string): string => `Your address ${email} is not confirmed yet.`,
    confirm: "Confirm your address",
    form: {
      firstName: "First name",
      lastName: "Last name",
      save: "Save",
      saving: "Saving…",
      saved: "Saved.",
      /** Shown when the user returns after a step-up. */
      kept: "We kept your changes. They are not saved yet.",
    },
    notSaved: "Your name was not changed. Try again.",
    unreachable: "Your name was not changed, because we couldn't reach our servers. Try again.",
  },

  security: {
    title: "Security",
    intro: "Your email address, your password, and the other ways you sign in.",
    secondFactorNeeded:
      "The page you opened needs a second factor. Set up an authenticator app or backup codes here. Then you return to that page.",
  },

  devices: {
    title: "Devices",
    intro: "Where you are signed in. Sign out any device you don't recognise, and change your password.",
    /** For the list, in the browser. */
    list: {
      label: "Devices",
      thisDevice: "This device, active now",
      /** Before a date and time. */
      since: "Signed in",
      until: "Expires",
      signOut: "Sign out",
      signingOut: "Signing out…",
      signOutOthers: "Sign out everywhere else",
    },
    browserOnSystem: (browser: string, system: string): string => `${browser} on ${system}`,
    unknownBrowser: "Unknown browser",
    /** The accessible name of the button that signs a device out. */
    signOutDevice: (device: string): string => `Sign out ${device}`,
    own: "This is the device you are using. To sign out here, use “Sign out” in your account menu.",
    alreadySignedOut: "That device is already signed out.",
    signedOut: "That device is signed out.",
    othersSignedOut: "You are signed out everywhere else.",
    /** The change may still have happened: a response can be lost. */
    unconfirmed: "We couldn't confirm this. Reload the page to check, then try again.",
  },

  data: {
    title: "Your data",
    intro:
      "Everything we store about your account, as a JSON file: your profile, your addresses, and where you are signed in. It contains no password.",
    download: "Download my data",
    failed: "We couldn't prepare your file. Try again in a moment.",
  },

  /** Titles of the pages with Ory's forms. The headings of the forms are in `elements` below. */
  auth: {
    signIn: "Sign in",
    createAccount: "Create an account",
    recovery: "Reset your password",
    verification: "Confirm your address",
  },

  admin: {
    title: "Admin",
    intro: "Only users with the role admin see this page.",
    email: "Signed in as",
    role: "Role",
  },

  members: {
    title: "Members",
    intro: "Only users with a confirmed email address see this page.",
    email: "Your address",
  },

  deleteAccount: {
    title: "Delete your account",
    intro: "We delete your profile, your ways to sign in, and everything we store for you. This can't be undone.",
    open: "Delete your account…",
    form: {
      label: "To confirm, type this address:",
      delete: "Delete my account for good",
      deleting: "Deleting…",
    },
    problems: {
      address: "The address does not match. Your account was not deleted.",
      failed: "We couldn't delete your account. Try again in a moment. You can still sign in.",
    },
    /** Why an account can't be deleted now. `lib/before-account-deletion.ts` decides. Add yours. */
    reasons: {
      subscription: "You have an active subscription. Cancel it first, then delete your account.",
    },
  },

  /** Pages that tell the user about a problem. */
  notices: {
    notFound: {
      title: "Page not found",
      text: "The address may be mistyped, or the page has moved. These pages exist:",
    },
    forbidden: {
      title: "You don't have access to this page",
      text: "Your account doesn't have the role that this page requires. If you need it, ask the person who manages your team.",
      back: "Go to your dashboard",
    },
    unavailable: {
      title: "Back in a moment",
      text: "We can't check your session right now. If you were signed in, you still are. This page opens again as soon as we can.",
    },
    accountDeleted: {
      title: "Your account is deleted",
      text: "You are signed out here and on your other devices. Thank you for being with us.",
      back: "Back to the start",
    },
    signedOutHere: {
      title: "You are signed out in this browser",
      text: "We couldn't end the session on our servers, so it may stay valid until it expires. If someone else may have used this device, sign in again later and sign out once more.",
      back: "Back to the start",
    },
    noCookies: {
      title: "Your browser did not keep the cookies",
      text: "Signing in needs cookies. Allow them for this site, or open this page in the browser where you started.",
    },
    noSession: {
      title: "Your sign-in did not arrive",
      text: "You may be signed in, but your browser did not show us a valid sign-in.",
      cure: "Try again. If this page comes back, delete the cookies of this site and sign in once more. If that does not help, contact support.",
    },
    flowError: {
      title: "Something went wrong",
      signIn: "Sign in",
    },
    crossSiteForm: "This form was sent from another site, so nothing was done. Use the form on our own page.",
  },

  /** Why Ory could not continue, by Ory's id of the error. `other` is for all other ids. */
  flowErrors: {
    self_service_flow_return_to_forbidden:
      "The link you followed leads to a page outside this site. Open the page you need from here instead.",
    self_service_flow_expired: "This form has expired. Start again.",
    self_service_flow_replaced: "This form was replaced by a newer one. Use the newer one, or start again.",
    self_service_flow_disabled: "This is not available at the moment.",
    security_csrf_violation:
      "We couldn't confirm that the form came from your browser. Allow cookies for this site, then start again.",
    security_identity_mismatch: "This form was started from another account. Start again.",
    session_inactive: "You are signed out. Sign in to continue.",
    session_already_available: "You are already signed in.",
    session_aal1_required: "Sign in first. You can then confirm with your second factor.",
    session_aal2_required: "Confirm with your second factor to continue.",
    session_aal_already_fulfilled: "You have already confirmed with your second factor.",
    session_refresh_required: "You signed in too long ago to make this change. Sign in again first.",
    session_verified_address_required: "Confirm your email address first. We sent you a code when you signed up.",
    other: "We couldn't complete this. Start again. If it happens again, try later.",
  },

  /** Our own texts on Ory's forms, in the browser. */
  forms: {
    /** Labels of the identity's fields, by the name of the field. Without an entry, the label is the `title` in `ory/identity.schema.json`. */
    labels: {
      identifier: "Email",
      "traits.email": "Email",
      "traits.name.first": "First name",
      "traits.name.last": "Last name",
    },
    needsJavaScript: "This form needs JavaScript. Turn it on for this site, then reload the page.",
    notProcessed: "We could not process this. Check your connection, and try again in a moment.",
    signInInstead: "Sign in instead",
    createAccount: "Create an account",
    resetPassword: "Reset your password",
    codeSentTo: "We sent the code to {email}.",
    resendCode: "Resend code",
    newCodeSent: "We sent a new code.",
    changeAddress: "Change the address",
    confirmLater: "Confirm it later",
    removalQuestion: "You can no longer use it to sign in afterwards. Do you want to continue?",
    cancel: "Cancel",
    setUp: "Set up",
    downloadCodes: "Download codes",
    passkey: "Passkey",
    securityKey: "Security key",
    onlyWayToSignIn: "This is your only way to sign in. Add another one before you remove it.",
    passkeyProblems: {
      Insecure: "Passkeys need a secure connection. Open this page with https, or choose another way to sign in.",
      Unsupported: "This browser does not support passkeys. Choose another way to sign in.",
      InvalidStateError: "This device already has a passkey for this account.",
      NotAllowedError: "No passkey was used. Try again, or choose another way to sign in.",
      SecurityError: "Passkeys do not work at this address. Choose another way to sign in.",
    },
  },

  /** In place of texts of Ory Elements, by Elements' ids. `elements/languages.ts` has all ids. */
  elements: {
    "login.subtitle": "Welcome back.",
    "login.title-refresh": "Confirm it is you",
    "login.subtitle-refresh": "Sign in again to continue.",
    "registration.title": "Create an account",
    "registration.subtitle": "Enter your details to get started.",
    "recovery.title": "Reset your password",
    "recovery.subtitle": "Enter your email address. We send you a code.",
    "verification.title": "Confirm your address",
    "verification.subtitle": "Enter your email address. We send you a code.",
    "forms.label.forgot-password": "Forgot password?",
    "forms.label.recover-account": "Forgot password?",
    "identities.messages.1010015": "Email me a code",
    "settings.profile.title": "Email address",
    "settings.profile.description": "You sign in with it, and we send messages to it.",
    "settings.password.title": "Password",
    "settings.password.description": "Use a long one that you use nowhere else.",
    "settings.passkey.title": "Passkeys",
    "settings.passkey.description": "Sign in with your fingerprint, your face or your screen lock.",
    "settings.webauthn.title": "Security keys",
    "settings.webauthn.description": "Confirm your sign-in with a key that you plug in or tap.",
    "settings.totp.title": "Authenticator app",
    "settings.totp.description": "An app on your phone shows a code, which we ask for after your password.",
    "settings.totp.info.not-linked": "Scan the picture with your app. Then enter the code that it shows.",
    "settings.totp.info.linked": "Your authenticator app is set up.",
    "settings.lookup_secret.title": "Backup codes",
    "settings.lookup_secret.description": "Each code signs you in once, when your second factor is not at hand.",
    "settings.oidc.title": "Connected accounts",
    "settings.oidc.description": "Sign in with your account at another provider.",
    "card.header.parts.lookup_secret": "a backup code",
    "login.lookup_secret.subtitle": "Enter one of your backup codes.",
    "two-step.password.description": "Sign in with a password.",
    "two-step.code.description": "We send a code to your email address.",
    "two-step.passkey.title": "Passkey",
    "two-step.passkey.description": "Use your fingerprint, your face or your screen lock.",
    "two-step.lookup_secret.title": "Backup code",
    "two-step.lookup_secret.description": "Use one of your backup codes. Each works once.",
    "identities.messages.1010007": "Backup code",
    "identities.messages.1050007": "Show backup codes",
    "identities.messages.1050008": "Create backup codes",
    "identities.messages.1050010": "These are your backup codes. Keep them in a safe place.",
    "identities.messages.1050011": "Confirm backup codes",
    "identities.messages.4000012": "This backup code has already been used.",
    "identities.messages.4000014": "You have no backup codes.",
    "identities.messages.4000016": "This backup code is not valid.",
  },
}
