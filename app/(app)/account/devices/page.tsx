import type { ReactNode } from "react"
import { DeviceList } from "./device-list"
import { PageTitle, Shell } from "@/components/shell"
import { listDevices } from "@/lib/devices"
import { pageTexts, titled } from "@/lib/language"
import { requireSession } from "@/lib/session"

export const generateMetadata = titled((texts) => texts.devices.title)
export const instant = false

export default async function DevicesPage(): Promise<ReactNode> {
  const session = await requireSession({ fresh: true })
  const texts = await pageTexts()
  const devices = await listDevices(texts)
  const { title, intro, list } = texts.devices

  return (
    <Shell session={session}>
      <PageTitle title={title}>{intro}</PageTitle>
      <DeviceList devices={devices} texts={list} />
    </Shell>
  )
}
