import { hash, randomBytes, sign } from 'node:crypto'
import type { HeadKey } from './head-key.ts'

/** What a head's signature is over: its line up to the signature, and with it everything that the chain holds before. */
export function headMessage (line: string): Buffer {
  return Buffer.from(`drawbridge audit head\n${line}`)
}

/** Of a line without its line break, as it stands in the file. */
export function digestOf (line: string): string {
  return hash('sha256', line, 'base64url')
}

/**
 * Lines of which each names the digest of the one before (T60): none can be changed, left out, added or moved without the next
 * one saying so, and now and then a signed head says it of all before, so that they cannot all be made anew.
 */
export class Chain {
  /** Another one for each start of a gateway and each sink. */
  readonly id = randomBytes(9).toString('base64url')
  #seq = 0
  #prev = ''
  #unsigned = 0

  /** Number of the last line. */
  get seq (): number { return this.#seq - 1 }
  /** Digest of the last line. */
  get digest (): string { return this.#prev }
  /** Are there lines that no head speaks for? */
  get isUnsigned (): boolean { return this.#unsigned > 0 }

  /** @param body a JSON object's text without its opening brace @returns a line with its line break */
  line (body: string): string {
    const line = this.#begun(body)
    this.#seq++
    this.#prev = digestOf(line)
    this.#unsigned++
    return `${line}\n`
  }

  /** @param wallMs milliseconds since 1970 @param isLast nothing follows in this chain */
  head (key: HeadKey, wallMs: number, isLast: boolean): string {
    const body = `"time":${wallMs},"audit":"head","key":"${key.fingerprint}"${isLast ? ',"closed":true' : ''}`
    const signature = sign(null, headMessage(this.#begun(body)), key.privateKey).toString('base64url')
    const line = this.line(`${body},"signature":"${signature}"}`)
    this.#unsigned = 0
    return line
  }

  #begun (body: string): string {
    return `{"chain":"${this.id}","seq":${this.#seq},"prev":"${this.#prev}",${body}`
  }
}
