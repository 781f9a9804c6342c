import { symlink, unlink } from "node:fs/promises"
import { join } from "node:path"
import { execa } from "execa"
import { askForAnswers, confirmWithoutGit, parseFlags, USAGE, type Flags } from "./answers"
import { Copy, InitError } from "./copy"
import { leftovers, makeProduct } from "./edits"
import { templateCommit } from "./git"

/** `npm run init`: turns this clone of the template into your product. */
async function main(): Promise<void> {
  const project = process.cwd()
  const flags = parseFlags(process.argv.slice(2))
  if (flags === "help") {
    console.log(USAGE)
    return
  }
  const commit = await templateCommit(project)
  if (commit === undefined) await confirmWithoutGit(flags)
  const answers = await askForAnswers(flags, project)

  const copy = new Copy(project)
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => {
      copy.discard()
      console.error("\nInterrupted. Nothing was changed.")
      process.exit(1)
    })
  try {
    makeProduct(copy, answers, commit)
    await formatAndCheck(copy, flags)
    copy.swapIn()
  } finally {
    copy.discard()
  }

  console.log(`\n${answers.name} is ready. Nothing is committed yet.`)
  if (commit !== undefined)
    console.log(
      `Review the changes with git status and git diff. To undo them: git restore . (deleted files come back, too).`,
    )
  console.log(`\nNext:\n  npm install && npm run dev\n`)
}

/** Updates the lock file, formats what was changed, and runs the quick checks. All of it in the copy. */
async function formatAndCheck(copy: Copy, { skipChecks }: Flags): Promise<void> {
  const run = async (file: string, ...args: string[]): Promise<void> => {
    console.log(`\n> ${file} ${args.join(" ")}`)
    const { failed } = await execa(file, args, { cwd: copy.folder, stdio: "inherit", reject: false })
    if (failed) throw new InitError(`${file} ${args.join(" ")} failed, see above. Nothing was changed.`)
  }
  await run("npm", "install", "--package-lock-only", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund")
  copy.changed.add("package-lock.json")

  const modules = join(copy.folder, "node_modules")
  await symlink(join(copy.project, "node_modules"), modules)
  await run("npx", "prettier", "--write", "--log-level", "warn", "--ignore-unknown", ...copy.changed)
  if (!skipChecks) await run("npm", "run", "test:quick")
  await unlink(modules)

  const left = leftovers(copy)
  if (left.length > 0)
    console.log(`\nThese lines still name the template:\n${left.map((line) => `  ${line}`).join("\n")}`)
}

try {
  await main()
} catch (error) {
  if (!(error instanceof InitError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
