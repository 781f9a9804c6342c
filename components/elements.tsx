"use client"

import type { OryClientConfiguration } from "@ory/elements-react"
import { SessionProvider } from "@ory/elements-react/client"
import * as elements from "@ory/elements-react/theme"
import type { ComponentProps, ReactNode } from "react"
import type { Session } from "@/lib/session"
import "@/components/passkeys"
import "@ory/elements-react/theme/styles.css"
import "@/components/elements.css"

/** The flows as Elements types them: with `Date`s, of which it reads none, where Ory's JSON has strings. */
export interface Flows {
  login: ComponentProps<typeof elements.Login>["flow"]
  registration: ComponentProps<typeof elements.Registration>["flow"]
  recovery: ComponentProps<typeof elements.Recovery>["flow"]
  verification: ComponentProps<typeof elements.Verification>["flow"]
  settings: ComponentProps<typeof elements.Settings>["flow"]
}

/** `oryUrl` comes from the server: the browser's code holds no configuration. */
interface Props<Kind extends keyof Flows> {
  flow: Flows[Kind]
  oryUrl: string
}

export function Login({ flow, oryUrl }: Props<"login">): ReactNode {
  return <elements.Login flow={flow} config={configure(oryUrl)} />
}

export function Registration({ flow, oryUrl }: Props<"registration">): ReactNode {
  return <elements.Registration flow={flow} config={configure(oryUrl)} />
}

export function Recovery({ flow, oryUrl }: Props<"recovery">): ReactNode {
  return <elements.Recovery flow={flow} config={configure(oryUrl)} />
}

export function Verification({ flow, oryUrl }: Props<"verification">): ReactNode {
  return <elements.Verification flow={flow} config={configure(oryUrl)} />
}

/** With the session given, Elements does not ask Ory for it from the browser. The page has its own header. */
export function Settings({ flow, oryUrl, session }: Props<"settings"> & { session: Session }): ReactNode {
  return (
    <SessionProvider session={session as unknown as ComponentProps<typeof SessionProvider>["session"]}>
      <elements.Settings
        flow={flow}
        config={configure(oryUrl)}
        components={{ Page: { Header: () => null } }}
      />
    </SessionProvider>
  )
}

function configure(oryUrl: string): OryClientConfiguration {
  return {
    sdk: { url: oryUrl },
    project: {
      name: "Ory Next.js Starter",
      default_redirect_url: "/dashboard",
      error_ui_url: "/auth/error",
      login_ui_url: "/auth/login",
      registration_ui_url: "/auth/registration",
      registration_enabled: true,
      recovery_ui_url: "/auth/recovery",
      recovery_enabled: true,
      verification_ui_url: "/auth/verification",
      verification_enabled: true,
      settings_ui_url: "/account/settings",
      hide_ory_branding: true,
    },
  }
}
