"use client"

import type { OryClientConfiguration, OryFlowComponentOverrides } from "@ory/elements-react"
import * as elements from "@ory/elements-react/theme"
import { useRouter } from "next/navigation"
import { useRef, type ComponentProps, type CSSProperties, type ReactNode } from "react"
import { useIsStale } from "@/components/use-is-stale"
import { brand } from "@/lib/brand"
import { paths } from "@/lib/routes"
import type { FormLanguage } from "@/lib/texts"
import { Button } from "./buttons"
import { observedRequests } from "./failed-request"
import { Checkbox, CodeInput, Form as CheckedForm, Input, Label, Messages, Text } from "./fields"
import { FlowInAddress } from "./flow-in-address"
import { Card, CardHeader, SeenStep } from "./headings"
import { FormLanguageContext, useOwnTexts } from "./own-texts"
import { FooterValues, VerificationFooter } from "./verification"
import "@ory/elements-react/theme/styles.css"
import "./elements.css"

/** Our components in place of Elements' own. */
export const components: OryFlowComponentOverrides = {
  Node: { Button, Input, CodeInput, Checkbox, Label, Text },
  Form: {
    Root: CheckedForm,
  },
  Card: {
    Root: Card,
    Header: CardHeader,
  },
  Message: { Root: Messages, Toast: () => null },
}

/** The flows as Elements types them: `Date` where Ory's JSON has strings. Elements reads none of these dates. */
export interface Flows {
  login: ComponentProps<typeof elements.Login>["flow"]
  registration: ComponentProps<typeof elements.Registration>["flow"]
  recovery: ComponentProps<typeof elements.Recovery>["flow"]
  verification: ComponentProps<typeof elements.Verification>["flow"]
  settings: ComponentProps<typeof elements.Settings>["flow"]
}

/** `oryUrl` and `language` come from the server, so the browser bundle holds no configuration and at most one language. */
export interface Props<Kind extends keyof Flows> {
  flow: Flows[Kind]
  oryUrl: string
  language: FormLanguage
}

export function Login({ flow, oryUrl, language }: Props<"login">): ReactNode {
  return (
    <In language={language}>
      <FlowInAddress id={flow.id} />
      <elements.Login flow={flow} config={configure(oryUrl, language)} components={components} />
    </In>
  )
}

export function Registration({ flow, oryUrl, language }: Props<"registration">): ReactNode {
  return (
    <In language={language}>
      <FlowInAddress id={flow.id} />
      <elements.Registration flow={flow} config={configure(oryUrl, language)} components={components} />
    </In>
  )
}

export function Recovery({ flow, oryUrl, language }: Props<"recovery">): ReactNode {
  return (
    <In language={language}>
      <FlowInAddress id={flow.id} />
      <elements.Recovery flow={flow} config={configure(oryUrl, language)} components={components} />
    </In>
  )
}

/** `footer` is what our footer shows: see {@link FooterValues}. */
export function Verification({
  flow,
  oryUrl,
  language,
  footer,
}: Props<"verification"> & { footer: ComponentProps<typeof FooterValues>["value"] }): ReactNode {
  return (
    <In language={language}>
      <FlowInAddress id={flow.id} />
      <FooterValues value={footer}>
        <elements.Verification
          flow={flow}
          config={configure(oryUrl, language)}
          components={{ ...components, Card: { ...components.Card, Footer: VerificationFooter } }}
        />
      </FooterValues>
    </In>
  )
}

interface InProps {
  language: FormLanguage
  children: ReactNode
}

/** Sets the language of the form for browsers and screen readers. The page around it can be in another one. */
export function In(props: InProps): ReactNode {
  const { bfcacheId } = useRouter()
  return <Form key={bfcacheId} {...props} />
}

/** A form that the user comes back to is loaded again, so that no password or secret reappears. */
function Form({ language, children }: InProps): ReactNode {
  const seenStep = useRef(false)
  if (useIsStale()) return null
  // Between the ways to sign in: see elements.css.
  const or = JSON.stringify(language.texts["misc.or"] ?? "or")
  return (
    <div lang={language.locale} dir={language.direction} className="contents" style={{ "--or": or } as CSSProperties}>
      <FormLanguageContext value={language}>
        <NoScript />
        <SeenStep value={seenStep}>{children}</SeenStep>
      </FormLanguageContext>
    </div>
  )
}

function NoScript(): ReactNode {
  const { texts, language } = useOwnTexts()
  return (
    <noscript>
      <p {...language} className="card m-6 max-w-md p-6 text-sm">
        {texts.needsJavaScript}
      </p>
    </noscript>
  )
}

export function configure(oryUrl: string, { locale, texts }: FormLanguage): OryClientConfiguration {
  return {
    sdk: { url: oryUrl, options: observedRequests },
    intl: { locale, customTranslations: { [locale]: texts } },
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
