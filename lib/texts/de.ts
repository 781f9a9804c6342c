import type { Texts } from "./index"

export const de: Texts = {
  description: "Erstellen Sie ein Konto, melden Sie sich an und verwalten Sie Ihre Geräte.",

  shared: {
    skipToContent: "Zum Inhalt springen",
    loading: "Wird geladen",
    tryAgain: "Erneut versuchen",
    signIn: "Anmelden",
    signOut: "Abmelden",
    mainNavigation: "Hauptnavigation",
    accountNavigation: "Konto",
    accountMenu: "Kontomenü",
    userMenu: "Ihr Konto",
    nav: {
      dashboard: "Übersicht",
      account: "Profil",
      settings: "Sicherheit",
      devices: "Geräte",
      data: "Ihre Daten",
      admin: "Verwaltung",
    },
    theme: { label: "Design", system: "System", light: "Hell", dark: "Dunkel" },
    error: {
      title: "Etwas ist schiefgelaufen",
      text: "Diese Seite konnte nicht geladen werden. Versuchen Sie es gleich noch einmal.",
    },
    denied: {
      nothingChanged: "Es wurde nichts geändert.",
      signedOut: "Sie sind abgemeldet.",
      secondFactor: "Dafür ist Ihr zweiter Faktor nötig.",
      signInTooOld: "Ihre Anmeldung liegt schon länger zurück.",
      notVerified: "Dafür müssen Sie Ihre E-Mail-Adresse bestätigen.",
      forbidden: "Sie haben keine Berechtigung dafür.",
      crossSite: "Dieses Formular wurde von einer anderen Website gesendet.",
      unavailable: "Ihre Anmeldung kann gerade nicht geprüft werden.",
      signIn: "Anmelden und hierher zurückkehren",
      confirm: "Identität bestätigen und hierher zurückkehren",
      verify: "Adresse bestätigen und hierher zurückkehren",
      tryAgain: "Versuchen Sie es noch einmal.",
    },
  },

  landing: {
    heading: "Anmeldung, die vom ersten Tag an funktioniert",
    text: "Registrierung, Anmeldung, zweiter Faktor und ein geschützter Bereich, mit Ory und dem App Router von Next.js. Klonen, einen Befehl ausführen, Ihr Produkt bauen.",
    createAccount: "Konto erstellen",
    dashboard: "Zur Übersicht",
    points: [
      {
        title: "Doppelt geprüft",
        text: "Die Middleware prüft jede Anfrage an eine geschützte Seite. Die Seite prüft die Sitzung noch einmal, damit die Middleware nie der einzige Schutz ist.",
      },
      {
        title: "Ruhig bei Störungen",
        text: "Ist Ory nicht erreichbar, sehen Nutzer einen kurzen Hinweis. Sie werden weder abgemeldet noch im Kreis geschickt.",
      },
      {
        title: "Leicht anzupassen",
        text: "Kleine Dateien, klare Namen und Tests gegen ein echtes Ory Kratos auf Ihrem eigenen Rechner.",
      },
    ],
    legal: { label: "Rechtliches", terms: "Nutzungsbedingungen", privacy: "Datenschutz" },
  },

  dashboard: {
    title: "Übersicht",
    greeting: (firstName: string): string => `Hallo, ${firstName}`,
    intro: "Was möchten Sie heute tun?",
    account: {
      title: "Konto",
      verified: "Bestätigt",
      notConfirmed: "Nicht bestätigt",
      edit: "Profil bearbeiten",
    },
    security: {
      title: "Sicherheit",
      twoFactors: "Sie haben sich mit einem zweiten Faktor angemeldet.",
      manage: "Anmeldung verwalten",
      oneFactor:
        "Sie haben sich mit nur einem Faktor angemeldet. Eine Authenticator-App schützt Sie, falls Ihr Passwort bekannt wird.",
      addFactor: "Zweiten Faktor hinzufügen",
    },
    start: {
      title: "Hier beginnt Ihr Produkt",
      before: "Bearbeiten Sie",
      after: "und legen Sie los. Neue Seiten sind von Anfang an geschützt.",
    },
    session: {
      title: "Ihre aktuelle Sitzung",
      since: "Angemeldet seit",
      end: "Ihre Sitzung endet am",
      methods: "Angemeldet mit",
      refresh: "Sitzung erneuern",
    },
  },

  methods: {
    password: "Passwort",
    code: "Code per E-Mail",
    code_recovery: "Wiederherstellungscode",
    link_recovery: "Wiederherstellungslink",
    totp: "Authenticator-App",
    lookup_secret: "Ersatzcode",
    passkey: "Passkey",
    webauthn: "Sicherheitsschlüssel",
    oidc: "Konto bei einem anderen Anbieter",
  },

  account: {
    title: "Profil",
    intro: "Ihr Name, wie andere ihn sehen.",
    unconfirmed: (email: string): string => `Ihre Adresse ${email} ist noch nicht bestätigt.`,
    confirm: "Adresse bestätigen",
    form: {
      firstName: "Vorname",
      lastName: "Nachname",
      save: "Speichern",
      saving: "Wird gespeichert …",
      saved: "Gespeichert.",
      kept: "Ihre Änderungen sind noch da, aber noch nicht gespeichert.",
    },
    notSaved: "Ihr Name wurde nicht geändert. Versuchen Sie es noch einmal.",
    unreachable:
      "Ihr Name wurde nicht geändert, weil unsere Server nicht erreichbar waren. Versuchen Sie es noch einmal.",
  },

  security: {
    title: "Sicherheit",
    intro: "Ihre E-Mail-Adresse, Ihr Passwort und die anderen Wege, sich anzumelden.",
    secondFactorNeeded:
      "Die aufgerufene Seite verlangt einen zweiten Faktor. Richten Sie hier eine Authenticator-App oder Ersatzcodes ein. Danach kehren Sie zu der Seite zurück.",
  },

  devices: {
    title: "Geräte",
    intro: "Hier sind Sie angemeldet. Melden Sie Geräte ab, die Sie nicht kennen, und ändern Sie dann Ihr Passwort.",
    list: {
      label: "Geräte",
      thisDevice: "Dieses Gerät, jetzt aktiv",
      since: "Angemeldet am",
      until: "Läuft ab am",
      signOut: "Abmelden",
      signingOut: "Wird abgemeldet …",
      signOutOthers: "Überall sonst abmelden",
    },
    browserOnSystem: (browser: string, system: string): string => `${browser} auf ${system}`,
    unknownBrowser: "Unbekannter Browser",
    signOutDevice: (device: string): string => `${device} abmelden`,
    own: "Das ist das Gerät, das Sie gerade benutzen. Um sich hier abzumelden, wählen Sie „Abmelden“ im Kontomenü.",
    alreadySignedOut: "Dieses Gerät ist bereits abgemeldet.",
    signedOut: "Das Gerät ist abgemeldet.",
    othersSignedOut: "Sie sind überall sonst abgemeldet.",
    unconfirmed:
      "Wir können nicht bestätigen, dass das geklappt hat. Laden Sie die Seite neu, und versuchen Sie es dann noch einmal.",
  },

  data: {
    title: "Ihre Daten",
    intro:
      "Alles, was wir zu Ihrem Konto speichern, als JSON-Datei: Ihr Profil, Ihre Adressen und wo Sie angemeldet sind. Sie enthält kein Passwort.",
    download: "Meine Daten herunterladen",
    failed: "Ihre Datei konnte nicht erstellt werden. Versuchen Sie es gleich noch einmal.",
  },

  auth: {
    signIn: "Anmelden",
    createAccount: "Konto erstellen",
    recovery: "Passwort zurücksetzen",
    verification: "Adresse bestätigen",
  },

  admin: {
    title: "Verwaltung",
    intro: "Nur Nutzer mit der Rolle admin sehen diese Seite.",
    email: "Angemeldet als",
    role: "Rolle",
  },

  members: {
    title: "Mitglieder",
    intro: "Nur Nutzer mit bestätigter E-Mail-Adresse sehen diese Seite.",
    email: "Ihre Adresse",
  },

  deleteAccount: {
    title: "Konto löschen",
    intro:
      "Wir löschen Ihr Profil, Ihre Anmeldewege und alles, was wir für Sie speichern. Das lässt sich nicht rückgängig machen.",
    open: "Konto löschen …",
    form: {
      label: "Geben Sie zur Bestätigung diese Adresse ein:",
      delete: "Mein Konto endgültig löschen",
      deleting: "Wird gelöscht …",
    },
    problems: {
      address: "Die Adresse stimmt nicht überein. Ihr Konto wurde nicht gelöscht.",
      failed:
        "Wir konnten Ihr Konto nicht löschen. Versuchen Sie es gleich noch einmal. Sie können sich weiterhin anmelden.",
    },
    reasons: {
      subscription: "Sie haben ein laufendes Abonnement. Kündigen Sie es zuerst, dann können Sie Ihr Konto löschen.",
    },
  },

  notices: {
    notFound: {
      title: "Seite nicht gefunden",
      text: "Vielleicht ist die Adresse falsch geschrieben, oder die Seite ist umgezogen. Diese Seiten gibt es:",
    },
    forbidden: {
      title: "Sie haben keinen Zugriff auf diese Seite",
      text: "Ihrem Konto fehlt die Rolle, die diese Seite erfordert. Wenn Sie sie brauchen, wenden Sie sich an die Person, die Ihr Team verwaltet.",
      back: "Zur Übersicht",
    },
    unavailable: {
      title: "Gleich wieder da",
      text: "Ihre Anmeldung kann gerade nicht geprüft werden. Wenn Sie angemeldet waren, sind Sie es weiterhin. Diese Seite öffnet sich von selbst, sobald es wieder geht.",
    },
    accountDeleted: {
      title: "Ihr Konto ist gelöscht",
      text: "Sie sind hier und auf Ihren anderen Geräten abgemeldet. Danke, dass Sie bei uns waren.",
      back: "Zur Startseite",
    },
    signedOutHere: {
      title: "Sie sind in diesem Browser abgemeldet",
      text: "Die Sitzung konnte auf unseren Servern nicht beendet werden. Sie bleibt vielleicht gültig, bis sie abläuft. Falls jemand anderes dieses Gerät benutzt haben könnte, melden Sie sich später noch einmal an und wieder ab.",
      back: "Zur Startseite",
    },
    noCookies: {
      title: "Ihr Browser hat die Cookies nicht gespeichert",
      text: "Für die Anmeldung sind Cookies nötig. Erlauben Sie sie für diese Website, oder öffnen Sie diese Seite in dem Browser, in dem Sie begonnen haben.",
    },
    noSession: {
      title: "Ihre Anmeldung ist nicht angekommen",
      text: "Sie sind vielleicht angemeldet, aber Ihr Browser hat uns keine gültige Anmeldung gezeigt.",
      cure: "Versuchen Sie es noch einmal. Wenn diese Seite wieder erscheint, löschen Sie die Cookies dieser Website und melden Sie sich neu an. Wenn das nicht hilft, wenden Sie sich an den Support.",
    },
    flowError: {
      title: "Etwas ist schiefgelaufen",
      signIn: "Anmelden",
    },
    crossSiteForm:
      "Dieses Formular wurde von einer anderen Website gesendet, deshalb ist nichts geschehen. Nutzen Sie das Formular auf unserer eigenen Seite.",
  },

  flowErrors: {
    self_service_flow_return_to_forbidden:
      "Der Link, dem Sie gefolgt sind, führt zu einer Seite außerhalb dieser Website. Öffnen Sie die gewünschte Seite stattdessen von hier aus.",
    self_service_flow_expired: "Dieses Formular ist abgelaufen. Beginnen Sie von vorn.",
    self_service_flow_replaced:
      "Dieses Formular wurde durch ein neueres ersetzt. Verwenden Sie das neuere, oder beginnen Sie von vorn.",
    self_service_flow_disabled: "Das ist im Moment nicht verfügbar.",
    security_csrf_violation:
      "Wir konnten nicht bestätigen, dass das Formular aus Ihrem Browser kam. Erlauben Sie Cookies für diese Website, und beginnen Sie von vorn.",
    security_identity_mismatch: "Dieses Formular wurde mit einem anderen Konto begonnen. Beginnen Sie von vorn.",
    session_inactive: "Sie sind abgemeldet. Melden Sie sich an, um fortzufahren.",
    session_already_available: "Sie sind bereits angemeldet.",
    session_aal1_required:
      "Melden Sie sich zuerst an. Danach können Sie die Anmeldung mit Ihrem zweiten Faktor bestätigen.",
    session_aal2_required: "Bestätigen Sie die Anmeldung mit Ihrem zweiten Faktor, um fortzufahren.",
    session_aal_already_fulfilled: "Sie haben die Anmeldung bereits mit Ihrem zweiten Faktor bestätigt.",
    session_refresh_required:
      "Ihre Anmeldung liegt für diese Änderung zu lange zurück. Melden Sie sich zuerst noch einmal an.",
    session_verified_address_required:
      "Bestätigen Sie zuerst Ihre E-Mail-Adresse. Den Code haben wir Ihnen bei der Registrierung gesendet.",
    other:
      "Das konnte nicht abgeschlossen werden. Beginnen Sie von vorn. Wenn es wieder passiert, versuchen Sie es später.",
  },

  forms: {
    labels: {
      identifier: "E-Mail-Adresse",
      "traits.email": "E-Mail-Adresse",
      "traits.name.first": "Vorname",
      "traits.name.last": "Nachname",
    },
    needsJavaScript:
      "Dieses Formular benötigt JavaScript. Schalten Sie es für diese Website ein, und laden Sie die Seite neu.",
    notProcessed:
      "Das konnte nicht verarbeitet werden. Prüfen Sie Ihre Verbindung, und versuchen Sie es gleich noch einmal.",
    signInInstead: "Stattdessen anmelden",
    createAccount: "Konto erstellen",
    resetPassword: "Passwort zurücksetzen",
    codeSentTo: "Wir haben den Code an {email} gesendet.",
    resendCode: "Code erneut senden",
    newCodeSent: "Wir haben einen neuen Code gesendet.",
    changeAddress: "Adresse ändern",
    confirmLater: "Später bestätigen",
    removalQuestion: "Danach können Sie sich damit nicht mehr anmelden. Möchten Sie fortfahren?",
    cancel: "Abbrechen",
    setUp: "Einrichten",
    downloadCodes: "Codes herunterladen",
    passkey: "Passkey",
    securityKey: "Sicherheitsschlüssel",
    onlyWayToSignIn:
      "Das ist Ihr einziger Weg, sich anzumelden. Fügen Sie einen weiteren hinzu, bevor Sie ihn entfernen.",
    passkeyProblems: {
      Insecure:
        "Passkeys brauchen eine sichere Verbindung. Öffnen Sie diese Seite mit https, oder melden Sie sich auf einem anderen Weg an.",
      Unsupported: "Dieser Browser unterstützt keine Passkeys. Melden Sie sich auf einem anderen Weg an.",
      InvalidStateError: "Dieses Gerät hat bereits einen Passkey für dieses Konto.",
      NotAllowedError:
        "Es wurde kein Passkey verwendet. Versuchen Sie es noch einmal, oder melden Sie sich auf einem anderen Weg an.",
      SecurityError: "Unter dieser Adresse funktionieren Passkeys nicht. Melden Sie sich auf einem anderen Weg an.",
    },
  },

  elements: {
    "login.subtitle": "Willkommen zurück.",
    "login.title-refresh": "Bestätigen Sie, dass Sie es sind",
    "login.subtitle-refresh": "Melden Sie sich noch einmal an, um fortzufahren.",
    "registration.title": "Konto erstellen",
    "registration.subtitle": "Geben Sie Ihre Daten ein.",
    "recovery.title": "Passwort zurücksetzen",
    "recovery.subtitle": "Geben Sie Ihre E-Mail-Adresse ein. Wir senden Ihnen einen Code.",
    "verification.title": "Adresse bestätigen",
    "verification.subtitle": "Geben Sie Ihre E-Mail-Adresse ein. Wir senden Ihnen einen Code.",
    "forms.label.forgot-password": "Passwort vergessen?",
    "forms.label.recover-account": "Passwort vergessen?",
    "identities.messages.1010015": "Code per E-Mail senden",
    "settings.profile.title": "E-Mail-Adresse",
    "settings.profile.description": "Damit melden Sie sich an, und dorthin senden wir Nachrichten.",
    "settings.password.title": "Passwort",
    "settings.password.description": "Wählen Sie ein langes, das Sie sonst nirgends verwenden.",
    "settings.passkey.title": "Passkeys",
    "settings.passkey.description": "Melden Sie sich mit Fingerabdruck, Gesicht oder Bildschirmsperre an.",
    "settings.webauthn.title": "Sicherheitsschlüssel",
    "settings.webauthn.description":
      "Bestätigen Sie Ihre Anmeldung mit einem Schlüssel, den Sie anschließen oder berühren.",
    "settings.totp.title": "Authenticator-App",
    "settings.totp.description":
      "Eine App auf Ihrem Telefon zeigt einen Code an. Nach dem Passwort fragen wir auch nach diesem Code.",
    "settings.totp.info.not-linked":
      "Scannen Sie das Bild mit Ihrer App. Geben Sie dann den Code ein, den sie anzeigt.",
    "settings.totp.info.linked": "Ihre Authenticator-App ist eingerichtet.",
    "settings.lookup_secret.title": "Ersatzcodes",
    "settings.lookup_secret.description":
      "Mit jedem Code können Sie sich einmal anmelden, wenn Ihr zweiter Faktor nicht zur Hand ist.",
    "settings.oidc.title": "Verbundene Konten",
    "settings.oidc.description": "Melden Sie sich mit Ihrem Konto bei einem anderen Anbieter an.",
    "card.header.parts.lookup_secret": "einem Ersatzcode",
    "login.lookup_secret.subtitle": "Geben Sie einen Ihrer Ersatzcodes ein.",
    "two-step.password.description": "Melden Sie sich mit einem Passwort an.",
    "two-step.code.description": "Wir senden Ihnen einen Code per E-Mail.",
    "two-step.passkey.title": "Passkey",
    "two-step.passkey.description": "Verwenden Sie Fingerabdruck, Gesicht oder Bildschirmsperre.",
    "two-step.lookup_secret.title": "Ersatzcode",
    "two-step.lookup_secret.description": "Verwenden Sie einen Ihrer Ersatzcodes. Jeder gilt einmal.",
    "identities.messages.1010007": "Ersatzcode",
    "identities.messages.1050007": "Ersatzcodes anzeigen",
    "identities.messages.1050008": "Ersatzcodes erzeugen",
    "identities.messages.1050010": "Das sind Ihre Ersatzcodes. Bewahren Sie sie sicher auf.",
    "identities.messages.1050011": "Ersatzcodes bestätigen",
    "identities.messages.4000012": "Dieser Ersatzcode wurde schon verwendet.",
    "identities.messages.4000014": "Sie haben keine Ersatzcodes.",
    "identities.messages.4000016": "Dieser Ersatzcode ist ungültig.",
  },
}
