import { watch, type FSWatcher } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Editors write in several steps: nothing is read until the files have stood still this long. In milliseconds. */
const STILL_MS = 100
/** Where no event comes (network file systems, some mounts), the files are looked at this often. In milliseconds. */
const LOOK_MS = 5000

/** A watch on a set of files. */
export interface FileWatch {
  /**
   * These from now on. Absolute paths; one that does not exist is waited for.
   * @param readAtMs when they were read, in milliseconds since 1970: what was written later is a change
   * @returns when it is known what they are now. Never rejects
   */
  follow (files: Iterable<string>, readAtMs: number): Promise<void>
  close (): void
}

/**
 * Calls `onChange` when any of the files is another one than before: written in place, replaced by a rename, or by another
 * target of a link on its way, as Kubernetes does it. Called again only for the next change.
 * @param onChange must not throw
 */
export function watchFiles (onChange: () => void, timing: { readonly stillMs?: number, readonly lookMs?: number } = {}): FileWatch {
  return new Watch(onChange, timing.stillMs ?? STILL_MS, timing.lookMs ?? LOOK_MS)
}

class Watch implements FileWatch {
  readonly #onChange: () => void
  readonly #stillMs: number
  readonly #look: NodeJS.Timeout
  #files: readonly string[] = []
  #watchers = new Map<string, FSWatcher>()
  /** Of the state that was told last. */
  #told: string | undefined
  #settling: NodeJS.Timeout | undefined
  #isClosed = false

  constructor (onChange: () => void, stillMs: number, lookMs: number) {
    this.#onChange = onChange
    this.#stillMs = stillMs
    this.#look = setInterval(() => { this.#stir() }, lookMs)
    this.#look.unref()
  }

  async follow (files: Iterable<string>, readAtMs: number): Promise<void> {
    this.#files = [...new Set(files)].sort()
    const wanted = new Set(this.#files.map((file) => dirname(file)))
    for (const [directory, watcher] of this.#watchers) {
      if (wanted.has(directory)) continue
      watcher.close()
      this.#watchers.delete(directory)
    }
    for (const directory of wanted) if (!this.#watchers.has(directory)) this.#open(directory)
    this.#told = undefined
    const now = await this.#fingerprint()
    const isOlder = (await Promise.all(this.#files.map(changedAtMs))).every((atMs) => atMs < readAtMs)
    this.#told ??= isOlder ? now : ''
    this.#stir()
  }

  close (): void {
    this.#isClosed = true
    clearInterval(this.#look)
    clearTimeout(this.#settling)
    for (const watcher of this.#watchers.values()) watcher.close()
  }

  /** The directory, because a file that is replaced takes its watch with it. */
  #open (directory: string): void {
    try {
      const watcher = watch(directory, { persistent: false }, () => { this.#stir() })
      // It is looked at now and then all the same.
      watcher.on('error', () => { watcher.close() })
      this.#watchers.set(directory, watcher)
    } catch {
      // No such directory yet, or no watches left: the same.
    }
  }

  #stir (): void {
    if (this.#settling !== undefined || this.#isClosed) return
    this.#settle(undefined)
  }

  /** Waits until two looks in a row find the same, and tells it when it is not what was told last. */
  #settle (before: string | undefined): void {
    this.#settling = setTimeout(() => {
      this.#fingerprint().then((now) => {
        this.#settling = undefined
        // Not before it is known what was read.
        if (this.#isClosed || this.#told === undefined) return
        if (now !== before && now !== this.#told) return this.#settle(now)
        if (now === this.#told) return
        this.#told = now
        this.#onChange()
      }, () => { this.#settling = undefined })
    }, before === undefined ? 0 : this.#stillMs)
    this.#settling.unref()
  }

  async #fingerprint (): Promise<string> {
    return JSON.stringify(await Promise.all(this.#files.map(async (file) => {
      try {
        const real = await realpath(file)
        const { ino, size, mtimeNs } = await stat(real, { bigint: true })
        return [real, String(ino), String(size), String(mtimeNs)]
      } catch {
        return [file]
      }
    })))
  }
}

async function changedAtMs (file: string): Promise<number> {
  return await stat(file).then(({ mtimeMs, ctimeMs }) => Math.max(mtimeMs, ctimeMs), () => 0)
}
