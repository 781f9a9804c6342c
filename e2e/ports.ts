import { randomInt } from "node:crypto"
import getPort, { portNumbers } from "get-port"

/**
 * Seven free ports. This process gets each port only once. All are below 32768, where Linux starts to take ports for outgoing
 * connections: such a connection could take a port before it is used.
 */
export async function freePorts(): Promise<[number, number, number, number, number, number, number]> {
  return Promise.all([freePort(), freePort(), freePort(), freePort(), freePort(), freePort(), freePort()])
}

/** A random start keeps processes that run side by side apart. Browsers block port 10080. */
const firstPort = randomInt(10_081, 30_000)

function freePort(): Promise<number> {
  return getPort({ port: portNumbers(firstPort, 32_767), reserve: true })
}
