import { open, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { AuditOutput, Before } from './types.ts'

/** How often it is looked whether the name belongs to another file by now, in milliseconds: logrotate renames. */
const LOOK_EVERY_MS = 1000
/** A line is far shorter: names in it are cut. */
const TAIL_BYTES = 65_536
const LINE_BREAK = 0x0A

/** A file of its own, only ever appended to. Its directory must exist. */
export class FileOutput implements AuditOutput {
  readonly kind = 'file'
  readonly #path: string
  readonly #nowMs: () => number
  #file: FileHandle | undefined
  #lookAtMs = 0
  #wantsReopen = false

  constructor (path: string, nowMs: () => number) {
    this.#path = path
    this.#nowMs = nowMs
  }

  async open (): Promise<Before> {
    const file = this.#file ??= await openFile(this.#path)
    const { size } = await file.stat()
    const length = Math.min(size, TAIL_BYTES)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length)
    const tail = buffer.subarray(0, bytesRead)
    const end = tail.lastIndexOf(LINE_BREAK)
    const lastLine = tail.toString('utf8', end <= 0 ? 0 : tail.lastIndexOf(LINE_BREAK, end - 1) + 1, Math.max(end, 0))
    return { tornBytes: tail.length - end - 1, ...(lastLine === '' ? undefined : { lastLine }) }
  }

  async prepare (): Promise<boolean> {
    const nowMs = this.#nowMs()
    if (!this.#wantsReopen && nowMs < this.#lookAtMs) return false
    this.#lookAtMs = nowMs + LOOK_EVERY_MS
    if (!this.#wantsReopen && !await this.#isElsewhere()) return false
    const old = this.#file
    this.#file = await openFile(this.#path)
    this.#wantsReopen = false
    if (old === undefined) return false
    const [before, now] = await Promise.all([old.stat(), this.#file.stat()])
    await old.close()
    return !isSame(before, now)
  }

  async write (lines: Buffer): Promise<number> {
    if (this.#file === undefined) throw new Error('the audit file is not open')
    const { bytesWritten } = await this.#file.write(lines)
    return bytesWritten
  }

  reopen (): void { this.#wantsReopen = true }

  async close (): Promise<void> {
    await this.#file?.close()
    this.#file = undefined
  }

  async #isElsewhere (): Promise<boolean> {
    const [own, named] = await Promise.all([this.#file?.stat(), stat(this.#path).catch(() => undefined)])
    return own === undefined || named === undefined || !isSame(own, named)
  }
}

interface Identity { readonly ino: number, readonly dev: number }

function isSame (one: Identity, other: Identity): boolean {
  return one.ino === other.ino && one.dev === other.dev
}

/** Appended to and read, by its owner and group: names of tenants and users are in it. */
async function openFile (path: string): Promise<FileHandle> {
  return await open(path, 'a+', 0o640)
}
