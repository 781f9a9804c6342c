import type { Texts } from "./index"

export const es: Texts = {
  description: "Cree una cuenta, inicie sesión y gestione sus dispositivos.",

  shared: {
    skipToContent: "Ir al contenido",
    loading: "Cargando",
    tryAgain: "Reintentar",
    signIn: "Iniciar sesión",
    signOut: "Cerrar sesión",
    mainNavigation: "Principal",
    accountNavigation: "Cuenta",
    accountMenu: "Menú de la cuenta",
    userMenu: "Su cuenta",
    nav: {
      dashboard: "Panel",
      account: "Perfil",
      settings: "Seguridad",
      devices: "Dispositivos",
      data: "Sus datos",
      admin: "Administración",
    },
    theme: { label: "Tema", system: "Sistema", light: "Claro", dark: "Oscuro" },
    error: {
      title: "Algo ha salido mal",
      text: "No hemos podido cargar esta página. Inténtelo de nuevo dentro de un momento.",
    },
    denied: {
      nothingChanged: "No se ha cambiado nada.",
      signedOut: "Su sesión está cerrada.",
      secondFactor: "Para esto se necesita su segundo factor.",
      signInTooOld: "Inició sesión hace un tiempo.",
      notVerified: "Para esto debe confirmar su dirección de correo.",
      forbidden: "No tiene permiso para hacer esto.",
      crossSite: "Este formulario se envió desde otro sitio.",
      unavailable: "Ahora mismo no podemos comprobar su sesión.",
      signIn: "Iniciar sesión y volver aquí",
      confirm: "Confirmar su identidad y volver aquí",
      verify: "Confirmar la dirección y volver aquí",
      tryAgain: "Inténtelo de nuevo.",
    },
  },

  landing: {
    heading: "Un inicio de sesión que funciona desde el primer día",
    text: "Registro, inicio de sesión, segundo factor y un panel protegido, con Ory y el App Router de Next.js. Clónelo, ejecute un comando y construya su producto.",
    createAccount: "Crear una cuenta",
    dashboard: "Ir a su panel",
    points: [
      {
        title: "Comprobado dos veces",
        text: "El middleware comprueba cada petición de una página protegida. La página vuelve a comprobar la sesión, así que el middleware nunca es la única protección.",
      },
      {
        title: "Sin sobresaltos en una caída",
        text: "Si Ory no está disponible, los usuarios ven un breve aviso. Su sesión nunca se cierra y nunca dan vueltas entre páginas.",
      },
      {
        title: "Fácil de adaptar",
        text: "Archivos pequeños, nombres claros y pruebas con un Ory Kratos real en su propio equipo.",
      },
    ],
    legal: { label: "Información legal", terms: "Condiciones", privacy: "Privacidad" },
  },

  dashboard: {
    title: "Panel",
    greeting: (firstName: string): string => `Hola, ${firstName}`,
    intro: "¿Qué desea hacer hoy?",
    account: {
      title: "Cuenta",
      verified: "Confirmada",
      notConfirmed: "Sin confirmar",
      edit: "Editar el perfil",
    },
    security: {
      title: "Seguridad",
      twoFactors: "Ha iniciado sesión con un segundo factor.",
      manage: "Gestionar el inicio de sesión",
      oneFactor:
        "Ha iniciado sesión con un solo factor. Una aplicación de autenticación le protege si alguien descubre su contraseña.",
      addFactor: "Añadir un segundo factor",
    },
    start: {
      title: "Su producto empieza aquí",
      before: "Edite",
      after: "para construirlo. Las páginas nuevas están protegidas desde el principio.",
    },
    session: {
      title: "Su sesión actual",
      since: "Sesión iniciada el",
      end: "Su sesión termina el",
      methods: "Sesión iniciada con",
      refresh: "Renovar la sesión",
    },
  },

  methods: {
    password: "Contraseña",
    code: "Código por correo electrónico",
    code_recovery: "Código de recuperación",
    link_recovery: "Enlace de recuperación",
    totp: "Aplicación de autenticación",
    lookup_secret: "Código de respaldo",
    passkey: "Clave de acceso",
    webauthn: "Llave de seguridad",
    oidc: "Cuenta de otro proveedor",
  },

  account: {
    title: "Perfil",
    intro: "Su nombre, tal como lo ven los demás.",
    unconfirmed: (email: string): string => `Su dirección ${email} todavía no está confirmada.`,
    confirm: "Confirmar la dirección",
    form: {
      firstName: "Nombre",
      lastName: "Apellidos",
      save: "Guardar",
      saving: "Guardando…",
      saved: "Guardado.",
      kept: "Hemos conservado sus cambios. Todavía no están guardados.",
    },
    notSaved: "No se ha cambiado su nombre. Inténtelo de nuevo.",
    unreachable:
      "No se ha cambiado su nombre, porque no hemos podido conectar con nuestros servidores. Inténtelo de nuevo.",
  },

  security: {
    title: "Seguridad",
    intro: "Su correo electrónico, su contraseña y las demás formas de iniciar sesión.",
    secondFactorNeeded:
      "La página que ha abierto necesita un segundo factor. Configure aquí una aplicación de autenticación o códigos de respaldo. Después volverá a esa página.",
  },

  devices: {
    title: "Dispositivos",
    intro:
      "Los dispositivos en los que tiene la sesión iniciada. Cierre la sesión en los que no reconozca y cambie su contraseña.",
    list: {
      label: "Dispositivos",
      thisDevice: "Este dispositivo, activo ahora",
      since: "Sesión iniciada el",
      until: "Caduca el",
      signOut: "Cerrar sesión",
      signingOut: "Cerrando sesión…",
      signOutOthers: "Cerrar sesión en todos los demás",
    },
    browserOnSystem: (browser: string, system: string): string => `${browser} en ${system}`,
    unknownBrowser: "Navegador desconocido",
    signOutDevice: (device: string): string => `Cerrar sesión en ${device}`,
    own: "Este es el dispositivo que está usando. Para cerrar la sesión aquí, elija «Cerrar sesión» en el menú de la cuenta.",
    alreadySignedOut: "La sesión de ese dispositivo ya está cerrada.",
    signedOut: "Se ha cerrado la sesión de ese dispositivo.",
    othersSignedOut: "Se ha cerrado la sesión en todos los demás dispositivos.",
    unconfirmed:
      "No hemos podido confirmar el cambio. Vuelva a cargar la página para comprobarlo e inténtelo de nuevo.",
  },

  data: {
    title: "Sus datos",
    intro:
      "Todo lo que guardamos sobre su cuenta, en un archivo JSON: su perfil, sus direcciones y dónde tiene la sesión iniciada. No contiene ninguna contraseña.",
    download: "Descargar mis datos",
    failed: "No hemos podido preparar su archivo. Inténtelo de nuevo dentro de un momento.",
  },

  auth: {
    signIn: "Iniciar sesión",
    createAccount: "Crear una cuenta",
    recovery: "Restablecer la contraseña",
    verification: "Confirmar la dirección",
  },

  admin: {
    title: "Administración",
    intro: "Solo los usuarios con el rol admin ven esta página.",
    email: "Sesión iniciada como",
    role: "Rol",
  },

  members: {
    title: "Miembros",
    intro: "Solo los usuarios con una dirección de correo confirmada ven esta página.",
    email: "Su dirección",
  },

  deleteAccount: {
    title: "Eliminar la cuenta",
    intro:
      "Eliminamos su perfil, sus formas de iniciar sesión y todo lo que guardamos para usted. Esta acción no se puede deshacer.",
    open: "Eliminar la cuenta…",
    form: {
      label: "Para confirmar, escriba esta dirección:",
      delete: "Eliminar mi cuenta para siempre",
      deleting: "Eliminando…",
    },
    problems: {
      address: "La dirección no coincide. Su cuenta no se ha eliminado.",
      failed: "No pudimos eliminar su cuenta. Inténtelo de nuevo en un momento. Todavía puede iniciar sesión.",
    },
    reasons: {
      subscription: "Tiene una suscripción activa. Cancélela primero y después elimine la cuenta.",
    },
  },

  notices: {
    notFound: {
      title: "Página no encontrada",
      text: "Puede que la dirección esté mal escrita o que la página se haya movido. Estas páginas existen:",
    },
    forbidden: {
      title: "No tiene acceso a esta página",
      text: "Su cuenta no tiene el rol que esta página exige. Si lo necesita, pídalo a la persona que administra su equipo.",
      back: "Ir al panel",
    },
    unavailable: {
      title: "Volvemos enseguida",
      text: "Ahora mismo no podemos comprobar su sesión. Si la tenía iniciada, sigue iniciada. Esta página se abrirá de nuevo en cuanto sea posible.",
    },
    accountDeleted: {
      title: "Su cuenta se ha eliminado",
      text: "Se ha cerrado la sesión aquí y en sus otros dispositivos. Gracias por haber estado con nosotros.",
      back: "Volver al inicio",
    },
    signedOutHere: {
      title: "Su sesión está cerrada en este navegador",
      text: "No hemos podido terminar la sesión en nuestros servidores, así que puede seguir siendo válida hasta que caduque. Si otra persona ha podido usar este dispositivo, vuelva a iniciar y cerrar sesión más tarde.",
      back: "Volver al inicio",
    },
    noCookies: {
      title: "Su navegador no ha guardado las cookies",
      text: "Para iniciar sesión se necesitan cookies. Permítalas para este sitio o abra esta página en el navegador en el que empezó.",
    },
    noSession: {
      title: "Su inicio de sesión no ha llegado",
      text: "Puede que tenga la sesión iniciada, pero su navegador no nos ha mostrado un inicio de sesión válido.",
      cure: "Inténtelo de nuevo. Si esta página vuelve a aparecer, borre las cookies de este sitio e inicie sesión otra vez. Si eso no ayuda, póngase en contacto con el servicio de asistencia.",
    },
    flowError: {
      title: "Algo ha salido mal",
      signIn: "Iniciar sesión",
    },
    crossSiteForm:
      "Este formulario se envió desde otro sitio, así que no se hizo nada. Use el formulario de nuestra propia página.",
  },

  flowErrors: {
    self_service_flow_return_to_forbidden:
      "El enlace que ha seguido lleva a una página fuera de este sitio. Abra desde aquí la página que necesita.",
    self_service_flow_expired: "Este formulario ha caducado. Empiece de nuevo.",
    self_service_flow_replaced:
      "Este formulario se ha sustituido por otro más reciente. Use el más reciente o empiece de nuevo.",
    self_service_flow_disabled: "Esto no está disponible en este momento.",
    security_csrf_violation:
      "No hemos podido confirmar que el formulario viniera de su navegador. Permita las cookies para este sitio y empiece de nuevo.",
    security_identity_mismatch: "Este formulario se empezó con otra cuenta. Empiece de nuevo.",
    session_inactive: "Su sesión está cerrada. Inicie sesión para continuar.",
    session_already_available: "Ya tiene la sesión iniciada.",
    session_aal1_required: "Inicie sesión primero. Después podrá confirmar el inicio de sesión con su segundo factor.",
    session_aal2_required: "Confirme con su segundo factor para continuar.",
    session_aal_already_fulfilled: "Ya ha confirmado con su segundo factor.",
    session_refresh_required:
      "Inició sesión hace demasiado tiempo para hacer este cambio. Vuelva a iniciar sesión primero.",
    session_verified_address_required:
      "Confirme primero su correo electrónico. Le enviamos un código cuando se registró.",
    other: "No hemos podido completar la acción. Empiece de nuevo. Si vuelve a ocurrir, inténtelo más tarde.",
  },

  forms: {
    labels: {
      identifier: "Correo electrónico",
      "traits.email": "Correo electrónico",
      "traits.name.first": "Nombre",
      "traits.name.last": "Apellidos",
    },
    needsJavaScript: "Este formulario necesita JavaScript. Actívelo para este sitio y vuelva a cargar la página.",
    notProcessed:
      "No hemos podido procesar la solicitud. Compruebe su conexión e inténtelo de nuevo dentro de un momento.",
    signInInstead: "Ya tengo una cuenta: iniciar sesión",
    createAccount: "Crear una cuenta",
    resetPassword: "Restablecer la contraseña",
    codeSentTo: "Hemos enviado el código a {email}.",
    resendCode: "Enviar el código de nuevo",
    newCodeSent: "Hemos enviado un código nuevo.",
    changeAddress: "Cambiar la dirección",
    confirmLater: "Confirmar más tarde",
    removalQuestion: "Después ya no podrá iniciar sesión con este método. ¿Desea continuar?",
    cancel: "Cancelar",
    setUp: "Configurar",
    downloadCodes: "Descargar los códigos",
    passkey: "Clave de acceso",
    securityKey: "Llave de seguridad",
    onlyWayToSignIn: "Esta es su única forma de iniciar sesión. Añada otra antes de eliminarla.",
    passkeyProblems: {
      Insecure:
        "Las claves de acceso necesitan una conexión segura. Abra esta página con https o elija otra forma de iniciar sesión.",
      Unsupported: "Este navegador no admite claves de acceso. Elija otra forma de iniciar sesión.",
      InvalidStateError: "Este dispositivo ya tiene una clave de acceso para esta cuenta.",
      NotAllowedError:
        "No se ha usado ninguna clave de acceso. Inténtelo de nuevo o elija otra forma de iniciar sesión.",
      SecurityError: "Las claves de acceso no funcionan en esta dirección. Elija otra forma de iniciar sesión.",
    },
  },

  elements: {
    "login.subtitle": "Nos alegra verle de nuevo.",
    "login.title-refresh": "Confirme que es usted",
    "login.subtitle-refresh": "Inicie sesión otra vez para continuar.",
    "registration.title": "Crear una cuenta",
    "registration.subtitle": "Introduzca sus datos para empezar.",
    "recovery.title": "Restablecer la contraseña",
    "recovery.subtitle": "Introduzca su correo electrónico. Le enviaremos un código.",
    "verification.title": "Confirmar la dirección",
    "verification.subtitle": "Introduzca su correo electrónico. Le enviaremos un código.",
    "forms.label.forgot-password": "¿Ha olvidado la contraseña?",
    "forms.label.recover-account": "¿Ha olvidado la contraseña?",
    "identities.messages.1010015": "Enviarme un código por correo",
    "settings.profile.title": "Correo electrónico",
    "settings.profile.description": "Con él inicia sesión, y en él recibe nuestros mensajes.",
    "settings.password.title": "Contraseña",
    "settings.password.description": "Use una larga que no use en ningún otro sitio.",
    "settings.passkey.title": "Claves de acceso",
    "settings.passkey.description": "Inicie sesión con su huella, su cara o el bloqueo de pantalla.",
    "settings.webauthn.title": "Llaves de seguridad",
    "settings.webauthn.description": "Confirme el inicio de sesión con una llave que conecta o acerca.",
    "settings.totp.title": "Aplicación de autenticación",
    "settings.totp.description":
      "Una aplicación en su teléfono muestra un código, que le pedimos después de la contraseña.",
    "settings.totp.info.not-linked": "Escanee la imagen con su aplicación. Después introduzca el código que muestra.",
    "settings.totp.info.linked": "Su aplicación de autenticación está configurada.",
    "settings.lookup_secret.title": "Códigos de respaldo",
    "settings.lookup_secret.description":
      "Con cada código puede iniciar sesión una vez, cuando no tenga a mano su segundo factor.",
    "settings.oidc.title": "Cuentas conectadas",
    "settings.oidc.description": "Inicie sesión con su cuenta de otro proveedor.",
    "card.header.parts.lookup_secret": "un código de respaldo",
    "login.lookup_secret.subtitle": "Introduzca uno de sus códigos de respaldo.",
    "two-step.password.description": "Inicie sesión con una contraseña.",
    "two-step.code.description": "Le enviamos un código por correo electrónico.",
    "two-step.passkey.title": "Clave de acceso",
    "two-step.passkey.description": "Use su huella, su cara o el bloqueo de pantalla.",
    "two-step.lookup_secret.title": "Código de respaldo",
    "two-step.lookup_secret.description": "Use uno de sus códigos de respaldo. Cada uno sirve una vez.",
    "identities.messages.1010007": "Código de respaldo",
    "identities.messages.1050007": "Mostrar códigos de respaldo",
    "identities.messages.1050008": "Crear códigos de respaldo",
    "identities.messages.1050010": "Estos son sus códigos de respaldo. Guárdelos en un lugar seguro.",
    "identities.messages.1050011": "Confirmar códigos de respaldo",
    "identities.messages.4000012": "Este código de respaldo ya se ha utilizado.",
    "identities.messages.4000014": "No tiene códigos de respaldo.",
    "identities.messages.4000016": "Este código de respaldo no es válido.",
  },
}
