"use client"

import type { OryClientConfiguration } from "@ory/elements-react"
import { SessionProvider } from "@ory/elements-react/client"
import * as elements from "@ory/elements-react/theme"
import { useRouter } from "next/navigation"
import { useEffect, type ComponentProps, type ReactNode } from "react"
import { useIsStale } from "@/components/use-is-stale"
import { brand } from "@/lib/brand"
import type { Language } from "@/lib/language"
import { paths } from "@/lib/routes"
import type { Session } from "@/lib/session"
import "./passkeys"
import "@ory/elements-react/theme/styles.css"
import "./elements.css"

/** The flows as Elements types them: `Date` where Ory's JSON has strings. Elements reads none of these dates. */
export interface Flows {
  login: ComponentProps<typeof elements.Login>["flow"]
  registration: ComponentProps<typeof elements.Registration>["flow"]
  recovery: ComponentProps<typeof elements.Recovery>["flow"]
  verification: ComponentProps<typeof elements.Verification>["flow"]
  settings: ComponentProps<typeof elements.Settings>["flow"]
}

/** `oryUrl` and `language` come from the server, so the browser bundle holds no configuration and at most one language. */
interface Props<Kind extends keyof Flows> {
  flow: Flows[Kind]
  oryUrl: string
  language: Language
}

export function Login({ flow, oryUrl, language }: Props<"login">): ReactNode {
  return (
    <In language={language}>
      <elements.Login flow={flow} config={configure(oryUrl, language)} />
    </In>
  )
}

export function Registration({ flow, oryUrl, language }: Props<"registration">): ReactNode {
  return (
    <In language={language}>
      <elements.Registration flow={flow} config={configure(oryUrl, language)} />
    </In>
  )
}

export function Recovery({ flow, oryUrl, language }: Props<"recovery">): ReactNode {
  return (
    <In language={language}>
      <elements.Recovery flow={flow} config={configure(oryUrl, language)} />
    </In>
  )
}

export function Verification({ flow, oryUrl, language }: Props<"verification">): ReactNode {
  return (
    <In language={language}>
      <elements.Verification flow={flow} config={configure(oryUrl, language)} />
    </In>
  )
}

/**
 * Elements gets the session as a prop, so the browser doesn't call whoami. The page has its own header.
 *
 * If the sign-in is too old for a change, Ory re-authenticates the user and then applies the submitted change. The result is
 * in the flow that the user returns with: show its message, and scroll to the section that needs attention.
 */
export function Settings({ flow, oryUrl, language, session }: Props<"settings"> & { session: Session }): ReactNode {
  const done = flow.ui.messages?.find(({ type }) => type === "success")
  const open = unfinished(flow)
  useEffect(() => {
    if (open) document.querySelector(`[data-testid="ory/screen/settings/group/${open}"]`)?.scrollIntoView()
  }, [open])
  return (
    <In language={language}>
      <p role="status" className="mt-4 text-sm font-medium empty:hidden">
        {done && (language.texts?.[`identities.messages.${done.id}`] ?? done.text)}
      </p>
      <SessionProvider session={session as unknown as ComponentProps<typeof SessionProvider>["session"]}>
        <elements.Settings
          flow={flow}
          config={configure(oryUrl, language)}
          components={{ Page: { Header: () => null } }}
        />
      </SessionProvider>
    </In>
  )
}

/** The section that has an error or shows new backup codes. */
function unfinished({ ui }: Flows["settings"]): string | undefined {
  return ui.nodes.find(
    ({ messages, attributes }) =>
      messages.some(({ type }) => type === "error") ||
      ("name" in attributes && attributes.name === "lookup_secret_confirm"),
  )?.group
}

interface InProps {
  language: Language
  children: ReactNode
}

/** Sets the language of the form for browsers and screen readers. The page around it is in English. */
function In(props: InProps): ReactNode {
  const { bfcacheId } = useRouter()
  return <Form key={bfcacheId} {...props} />
}

/** A form that the user comes back to is loaded again, so that no password or secret reappears. */
function Form({ language, children }: InProps): ReactNode {
  if (useIsStale()) return null
  return (
    <div lang={language.locale} dir={language.direction} className="contents">
      {children}
    </div>
  )
}

function configure(oryUrl: string, { locale, texts }: Language): OryClientConfiguration {
  return {
    sdk: { url: oryUrl },
    intl: { locale, customTranslations: texts && { [locale]: texts } },
    project: {
      name: brand.name,
      default_redirect_url: paths.dashboard,
      error_ui_url: paths.error,
      login_ui_url: paths.login,
      registration_ui_url: paths.registration,
      registration_enabled: true,
      recovery_ui_url: paths.recovery,
      recovery_enabled: true,
      verification_ui_url: paths.verification,
      verification_enabled: true,
      settings_ui_url: paths.settings,
      hide_ory_branding: true,
    },
  }
}
