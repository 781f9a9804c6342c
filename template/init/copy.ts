import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { basename, dirname, join, relative } from "node:path"

/** A problem that the user can solve. Its message is shown without a stack trace. */
export class InitError extends Error {}

/** Build output, local data and settings. `init` neither copies nor changes them. */
const NOT_COPIED = /^(\.git|\.next|\.ory|\.test|\.vercel|node_modules|\.env(?!\.example$).*|.*\.tsbuildinfo)$/

/**
 * A copy of the project. Edits change the copy only, and each one throws when it would change nothing. `swapIn` then moves the
 * result into the project.
 */
export class Copy {
  readonly folder: string
  readonly changed = new Set<string>()
  readonly removed = new Set<string>()

  /** `workDir` is on the project's disk, so that `swapIn` can rename. Git ignores `.test/`. */
  constructor(
    readonly project: string,
    private readonly workDir = join(project, ".test", "init"),
  ) {
    this.discard()
    this.folder = join(this.workDir, "copy")
    mkdirSync(this.folder, { recursive: true })
    for (const entry of readdirSync(project).filter((name) => !NOT_COPIED.test(name)))
      cpSync(join(project, entry), join(this.folder, entry), {
        recursive: true,
        filter: (path) => !NOT_COPIED.test(basename(path)),
      })
  }

  has(path: string): boolean {
    return existsSync(join(this.folder, path))
  }

  /** Paths of all text files, sorted. */
  files(): string[] {
    return readdirSync(this.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(this.folder, join(entry.parentPath, entry.name)))
      .filter((path) => !readFileSync(join(this.folder, path)).includes(0))
      .sort()
  }

  read(path: string): string {
    if (!this.has(path)) throw new InitError(`${path} is missing. Restore it, then run this again.`)
    return readFileSync(join(this.folder, path), "utf8")
  }

  edit(path: string, change: (text: string) => string): void {
    const before = this.read(path)
    const after = change(before)
    if (after === before) throw new InitError(`${path} was not changed, because it has none of the expected text.`)
    writeFileSync(join(this.folder, path), after)
    this.changed.add(path)
  }

  /** Replaces every occurrence of `text`, of which there is at least one. */
  replace(path: string, text: string, replacement: string): void {
    if (!this.read(path).includes(text))
      throw new InitError(`${path} has no ${JSON.stringify(text)}. Restore it, or make this change by hand afterwards.`)
    this.edit(path, (before) => before.replaceAll(text, () => replacement))
  }

  remove(path: string): void {
    if (!this.has(path)) throw new InitError(`${path} is missing. Restore it, then run this again.`)
    rmSync(join(this.folder, path), { recursive: true })
    for (const changed of this.changed)
      if (changed === path || changed.startsWith(`${path}/`)) this.changed.delete(changed)
    this.removed.add(path)
  }

  /** Synchronous, so that no signal handler runs half-way. Undoes what it did when a file cannot be moved. */
  swapIn(): void {
    const undo: (() => void)[] = []
    const move = (from: string, to: string): void => {
      mkdirSync(dirname(to), { recursive: true })
      renameSync(from, to)
      undo.unshift(() => {
        renameSync(to, from)
      })
    }
    try {
      for (const path of [...this.removed, ...this.changed]) {
        if (existsSync(join(this.project, path))) move(join(this.project, path), join(this.workDir, "before", path))
        if (this.changed.has(path)) move(join(this.folder, path), join(this.project, path))
      }
    } catch (error) {
      for (const step of undo) step()
      throw error
    }
    // Git doesn't track a folder that is now empty, such as `examples/`.
    for (const path of this.removed) {
      const parent = dirname(join(this.project, path))
      if (existsSync(parent) && readdirSync(parent).length === 0) rmdirSync(parent)
    }
  }

  /** Deletes the copy, and after `swapIn` the files that were replaced. */
  discard(): void {
    rmSync(this.workDir, { recursive: true, force: true })
  }
}
