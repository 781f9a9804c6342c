"use client"

import { OrySettingsCard, type OryFlowComponentOverrides } from "@ory/elements-react"
import { SessionProvider } from "@ory/elements-react/client"
import * as elements from "@ory/elements-react/theme"
import type { ComponentProps, ReactNode } from "react"
import type { Session } from "@/lib/session"
import { components, configure, In, type Props } from "./elements"
import * as settings from "./settings"

/** The settings form. It is not in `elements.tsx`, so that the sign-in pages don't load its scripts. */

const settingsComponents: OryFlowComponentOverrides = {
  ...components,
  Form: {
    ...components.Form,
    TotpSettings: settings.TotpSettings,
    RecoveryCodesSettings: settings.RecoveryCodesSettings,
    PasskeySettings: settings.PasskeySettings,
    WebauthnSettings: settings.WebauthnSettings,
    SsoSettings: settings.SsoSettings,
  },
  Card: {
    ...components.Card,
    SettingsSection: settings.SettingsSection,
    SettingsSectionContent: settings.SettingsSectionContent,
    SettingsSectionFooter: settings.SettingsSectionFooter,
  },
}

/**
 * Elements gets the session as a prop, so the browser doesn't call whoami.
 *
 * If the sign-in is too old for a change, Ory re-authenticates the user and then applies the submitted change. The user returns
 * with its flow, which shows the result.
 */
export function Settings({ flow, oryUrl, language, session }: Props<"settings"> & { session: Session }): ReactNode {
  return (
    <In language={language}>
      <SessionProvider session={session as unknown as ComponentProps<typeof SessionProvider>["session"]}>
        <settings.SentSectionProvider flow={flow}>
          <elements.Settings flow={flow} config={configure(oryUrl, language)} components={settingsComponents}>
            <div className="flex flex-col gap-4">
              <settings.SettingsMessages />
              <OrySettingsCard />
            </div>
          </elements.Settings>
        </settings.SentSectionProvider>
      </SessionProvider>
    </In>
  )
}
