import { FieldLines } from './field-lines.ts'

/** RFC 9112 4; the blank after the status is left out by some who have no reason to give. */
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?\r\n/
/** 15 digits are a safe integer. */
const LENGTH = /^[0-9]{1,15}$/

/** The body is chunked. */
export const CHUNKED = -1
/** The body ends with the connection. */
export const UNTIL_CLOSE = -2

/** Status line and headers of an answer. */
export class AnswerHead {
  readonly status: number
  /** Of HTTP/1.1. */
  readonly isOne: boolean
  readonly #lines: FieldLines

  private constructor (status: number, isOne: boolean, lines: FieldLines) {
    this.status = status
    this.isOne = isOne
    this.#lines = lines
  }

  /**
   * Undefined: not the head of an answer of HTTP/1.0 or 1.1.
   * @param text Latin-1; ends with the CRLF of the last line, without the empty line
   */
  static parse (text: string): AnswerHead | undefined {
    const line = STATUS_LINE.exec(text)
    if (line === null) return undefined
    const lines = FieldLines.parse(text, line[0].length)
    return lines && new AnswerHead(Number(line[2]), line[1] === '1', lines)
  }

  /** @param name in lower case; repeated lines are one list */
  get (name: string): string | undefined {
    return this.#lines.get(name)
  }

  /**
   * Bytes of the body, {@link CHUNKED} or {@link UNTIL_CLOSE} (RFC 9112 6.3). Undefined: it cannot be told for sure, so that
   * somebody else may see another answer in it (T49): both ways at once, a length twice or not a number, other encodings.
   */
  get framing (): number | undefined {
    const encoding = this.get('transfer-encoding')
    const length = this.get('content-length')
    if (length !== undefined && !LENGTH.test(length)) return undefined
    if (encoding !== undefined && (length !== undefined || !this.isOne || encoding.toLowerCase() !== 'chunked')) return undefined
    if (this.#isBare) return 0
    if (encoding !== undefined) return CHUNKED
    return length === undefined ? UNTIL_CLOSE : Number(length)
  }

  /** Never has a body, whatever its headers say (RFC 9112 6.3). */
  get #isBare (): boolean { return this.status === 204 || this.status === 304 }

  /** Does the connection stay open after this answer, as far as the server says (RFC 9112 9.3)? Not after a body that may not be there but is announced. */
  get isKept (): boolean {
    if (this.#isBare && (this.get('transfer-encoding') ?? this.get('content-length') ?? '0') !== '0') return false
    const connection = this.get('connection')
    if (connection === undefined || connection === 'keep-alive') return this.isOne || connection !== undefined
    const options = connection.toLowerCase().split(',').map((option) => option.trim())
    return !options.includes('close') && (this.isOne || options.includes('keep-alive'))
  }
}
