import { execa } from "execa"
import { InitError } from "./copy"

/**
 * The commit that the project is at, or undefined without a Git repository that contains it.
 *
 * @throws InitError when there are uncommitted changes.
 */
export async function templateCommit(project: string): Promise<string | undefined> {
  const git = async (...args: string[]): Promise<string | undefined> => {
    const { stdout, exitCode } = await execa("git", args, { cwd: project, reject: false })
    return exitCode === 0 ? stdout : undefined
  }
  const commit = await git("rev-parse", "--verify", "HEAD")
  const status = await git("status", "--porcelain", "--", ".")
  if (status === undefined) return undefined
  // A repository around this folder may ignore it, and then can't restore its files.
  if ((await git("ls-files", "--error-unmatch", "package.json")) === undefined) return undefined
  if (status !== "") {
    const lines = status.split("\n")
    const more = lines.length > 5 ? `\n  and ${lines.length - 5} more` : ""
    throw new InitError(
      `There are uncommitted changes:\n${lines
        .slice(0, 5)
        .map((line) => `  ${line}`)
        .join("\n")}${more}\n` +
        `Commit them, or put them aside with \`git stash --include-untracked\`. Then run this again.`,
    )
  }
  return commit
}
