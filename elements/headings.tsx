"use client"

import { useOryFlow } from "@ory/elements-react"
import { DefaultCardHeader, DefaultCurrentIdentifierButton } from "@ory/elements-react/theme"
import {
  createContext,
  use,
  useEffect,
  useRef,
  type PropsWithChildren,
  type ReactElement,
  type ReactNode,
  type RefObject,
} from "react"
import { AuthCard } from "@/components/auth-card"
import { FailedRequest } from "./failed-request"
import { PasskeyProblem } from "./passkeys"

/** Whether this page has shown a step of its flow before. */
export const SeenStep = createContext<RefObject<boolean>>({ current: false })

/** The card of a form. */
export function Card({ children }: PropsWithChildren): ReactNode {
  return (
    <AuthCard>
      <div className="ory-elements grid grid-cols-1 gap-6">{children}</div>
    </AuthCard>
  )
}

/**
 * The title and text of a flow's step. The title is the page's `h1`. It gets the focus when a step without a field follows another,
 * because the button that led here is gone.
 */
export function CardHeader(): ReactNode {
  const { flow, formState } = useOryFlow()
  const { current: step } = formState
  // Ory's message says that the address is confirmed. Elements' text would ask for the address again.
  const isDone = "state" in flow && flow.state === "passed_challenge"
  // Elements exports no function for these texts, but its header returns an element that has them.
  const { title, text } = (DefaultCardHeader() as ReactElement<{ title: string; text: string }>).props
  const heading = useRef<HTMLHeadingElement>(null)
  const seenStep = use(SeenStep)
  useEffect(() => {
    // Later than Elements, which focuses the first field of a step.
    const timer = setTimeout(() => {
      if (seenStep.current && document.activeElement === document.body) heading.current?.focus()
      seenStep.current = true
    })
    return () => {
      clearTimeout(timer)
    }
  }, [seenStep, step])
  return (
    <header className="flex flex-col gap-1.5">
      <h1 ref={heading} tabIndex={-1} className="text-xl font-semibold tracking-tight">
        {title}
      </h1>
      {!isDone && <p className="text-sm text-muted-foreground">{text}</p>}
      <PasskeyProblem />
      <FailedRequest />
      <DefaultCurrentIdentifierButton />
    </header>
  )
}
