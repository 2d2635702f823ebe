import { Chain, digestOf } from './chain.ts'
import type { HeadKey } from './head-key.ts'
import type { AuditEvents, AuditOutput, Before } from './types.ts'

/** A record is written no later than this, in milliseconds, or as soon as there are {@link EARLY_CHARS} of them. */
const WRITE_MS = 100
const EARLY_CHARS = 32_768
/** How often a sink that fails is tried, in milliseconds. */
const RETRY_MS = 250
/** At most so long after a record a signed head speaks for it, in milliseconds. */
const HEAD_MS = 5000
/** How long the end of the process waits for a sink, in milliseconds. */
const LAST_WAIT_MS = 2000
const LINE_BREAK = 0x0A

export interface SpoolOptions {
  readonly key: HeadKey
  readonly events: AuditEvents
  readonly wallMs: () => number
  /** Most characters that wait for the sink; what comes then is given up. */
  readonly maxChars: number
  /** Said of the gateway at the start of the chain: version, replica. JSON members, each followed by a comma. */
  readonly about: string
}

/**
 * Records on their way to one sink: numbered and chained in the order in which they came, written in batches, never waited for.
 * What the sink cannot take is given up, counted, and a line in the chain says how many there were (FR38).
 */
export class Spool {
  readonly #output: AuditOutput
  readonly #options: SpoolOptions
  readonly #chain = new Chain()
  #bodies: string[] = []
  #chars = 0
  #lost = 0
  #isOpen = false
  #isWriting = false
  #isFailing = false
  #isClosing = false
  #wantsHead = false
  #hasLastHead = false
  /** Lines that are being written, and how many of their bytes have been. */
  #lines: Buffer | undefined
  #written = 0
  #timer: NodeJS.Timeout | undefined
  #headTimer: NodeJS.Timeout | undefined
  #onClosed = (): void => {}

  constructor (output: AuditOutput, options: SpoolOptions) {
    this.#output = output
    this.#options = options
    this.#writeLater(0)
  }

  /** The sink fails, or half of what may wait does. */
  get isBehind (): boolean { return this.#isFailing || this.#chars > this.#options.maxChars / 2 }

  /** @param body a JSON object's text without its opening brace */
  record (body: string): void {
    if (this.#chars + body.length > this.#options.maxChars) {
      this.#lost++
      this.#options.events.dropped(this.#output.kind)
      return
    }
    this.#bodies.push(body)
    this.#chars += body.length
    if (this.#chars > EARLY_CHARS && !this.#isFailing) this.#write()
    else this.#writeLater(WRITE_MS)
  }

  reopen (): void {
    this.#output.reopen()
    this.#writeLater(0)
  }

  /** Writes what waits and the last head, within {@link LAST_WAIT_MS}. */
  async close (): Promise<void> {
    this.#isClosing = true
    clearTimeout(this.#headTimer)
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, LAST_WAIT_MS)
      this.#onClosed = () => {
        clearTimeout(timer)
        resolve()
      }
      this.#write()
    })
    clearTimeout(this.#timer)
    await this.#output.close()
  }

  #writeLater (delayMs: number): void {
    this.#timer ??= setTimeout(() => { this.#write() }, delayMs).unref()
  }

  #write (): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#isWriting) return
    this.#isWriting = true
    this.#writeAll().then(() => { this.#settled(undefined) }, (error: unknown) => { this.#settled(error) })
  }

  #settled (error: unknown): void {
    this.#isWriting = false
    if (error === undefined) {
      if (this.#isFailing) this.#options.events.recovered(this.#output.kind)
      this.#isFailing = false
      if (this.#hasLastHead) this.#onClosed()
      else if (this.#isClosing) this.#write()
      return
    }
    if (!this.#isFailing) this.#options.events.failing(this.#output.kind, error instanceof Error ? error.message : String(error))
    this.#isFailing = true
    this.#writeLater(RETRY_MS)
  }

  async #writeAll (): Promise<void> {
    if (!this.#isOpen) {
      this.#begin(await this.#output.open())
      this.#isOpen = true
    }
    for (;;) {
      this.#lines ??= this.#nextLines()
      if (this.#lines === undefined) return
      if (await this.#output.prepare()) this.#backToLineStart(this.#lines)
      this.#written += await this.#output.write(this.#lines.subarray(this.#written))
      if (this.#written >= this.#lines.length) this.#lines = undefined
    }
  }

  /** What is left of a line in a file that is not written to any more is not the end of a line in the next one. */
  #backToLineStart (lines: Buffer): void {
    this.#written = this.#written === 0 ? 0 : lines.lastIndexOf(LINE_BREAK, this.#written - 1) + 1
  }

  #begin ({ lastLine, tornBytes }: Before): void {
    const { key, about, wallMs } = this.#options
    const follows = lastLine === undefined ? '' : `"follows":"${digestOf(lastLine)}",`
    const torn = tornBytes === 0 ? '' : `"torn":${tornBytes},`
    const first = this.#chain.line(`"time":${wallMs()},"audit":"chain","sink":"${this.#output.kind}",${about}${follows}${torn}"key":"${key.fingerprint}","public_key":"${key.publicKey}"}`)
    this.#lines = Buffer.from((tornBytes === 0 ? '' : '\n') + first + this.#head(false))
    this.#written = 0
  }

  #nextLines (): Buffer | undefined {
    this.#written = 0
    const bodies = this.#bodies
    const lost = this.#lost
    this.#bodies = []
    this.#chars = 0
    this.#lost = 0
    let text = ''
    for (const body of bodies) text += this.#chain.line(body)
    if (lost > 0) text += this.#chain.line(`"time":${this.#options.wallMs()},"audit":"lost","records":${lost}}`)
    if (this.#isClosing && !this.#hasLastHead) {
      this.#hasLastHead = true
      text += this.#head(true)
    } else if (this.#wantsHead && this.#chain.isUnsigned) {
      this.#wantsHead = false
      text += this.#head(false)
    } else if (text !== '') this.#headLater()
    return text === '' ? undefined : Buffer.from(text)
  }

  #headLater (): void {
    this.#headTimer ??= setTimeout(() => {
      this.#headTimer = undefined
      this.#wantsHead = true
      this.#write()
    }, HEAD_MS).unref()
  }

  #head (isLast: boolean): string {
    const line = this.#chain.head(this.#options.key, this.#options.wallMs(), isLast)
    this.#options.events.head(this.#output.kind, this.#chain.id, this.#chain.seq, this.#chain.digest)
    return line
  }
}
