import type { Metadata } from "next"
import type { ReactNode } from "react"
import { DeviceList } from "./device-list"
import { PageTitle, Shell } from "@/components/shell"
import { listDevices } from "@/lib/devices"
import { requireSession } from "@/lib/session"

export const metadata: Metadata = { title: "Devices" }
export const instant = false

export default async function DevicesPage(): Promise<ReactNode> {
  const session = await requireSession({ fresh: true })
  const devices = await listDevices()

  return (
    <Shell session={session}>
      <PageTitle title="Devices">
        Where you are signed in. Sign out any device you don't recognise, and change your password.
      </PageTitle>
      <DeviceList devices={devices} />
    </Shell>
  )
}
