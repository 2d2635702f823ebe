import { digestOf } from './chain.ts'
import { ChainCheck } from './verify-chain.ts'
import type { Finding, LinePlace } from './verify-chain.ts'
import type { KnownKey } from './verify-heads.ts'
import { readChainLine } from './verify-line.ts'
import type { ChainLine } from './verify-line.ts'

/** What a verification has found; no problem = nothing was altered, removed or moved as far as the chains go. */
export interface AuditReport {
  readonly records: number
  readonly chains: number
  /** Signed heads whose signatures are right. */
  readonly heads: number
  /** In the order of the lines. */
  readonly problems: readonly Finding[]
  readonly notices: readonly Finding[]
}

export interface VerifyOptions {
  /** The key that all heads must be signed with. Absent = each chain's own, which proves less. */
  readonly key?: KnownKey
  /** Digests of heads that must be there: noted elsewhere, they show that a file was cut short. */
  readonly heads?: readonly string[]
  /** The beginning was given up to make room, as streams do: chains may begin in the middle. */
  readonly isTrimmed?: boolean
}

/** How many lines before the beginning of a chain are looked through for the one that it names: several processes may write to one file. */
const LINES_BEFORE = 5000

/** Verifies lines of one or more files, oldest first; several chains may be mixed, and other lines stand between them (T60). */
export class Verification {
  readonly #options: VerifyOptions
  readonly #chains = new Map<string, ChainCheck>()
  readonly #own: { problems: Finding[], notices: Finding[] } = { problems: [], notices: [] }
  readonly #missingHeads: Set<string>
  #records = 0
  #others = 0
  #place: LinePlace | undefined
  readonly #files: string[] = []
  /** Of this file: digests of the last lines, the line before if it is no whole one, and the last whole one. */
  #recent: string[] = []
  #torn: LinePlace | undefined
  #whole: LinePlace | undefined

  constructor (options: VerifyOptions = {}) {
    this.#options = options
    this.#missingHeads = new Set(options.heads)
  }

  /** A line without its line break. */
  line (text: string, place: LinePlace): void {
    if (this.#place?.file !== place.file) this.#newFile(place.file)
    this.#place = place
    const { line, isJson } = readChainLine(text)
    if (line !== undefined) this.#chained(line, place)
    else if (isJson) this.#others++
    else this.#own.notices.push({ ...place, message: 'is no whole line: its writer was killed, the disk was full, or it was altered' })
    this.#torn = isJson ? undefined : place
    if (!isJson) return
    this.#whole = place
    this.#recent.push(line?.digest ?? digestOf(text))
    if (this.#recent.length > 2 * LINES_BEFORE) this.#recent = this.#recent.slice(-LINES_BEFORE)
  }

  end (): AuditReport {
    for (const check of this.#chains.values()) check.end()
    const place = this.#place ?? { file: '', number: 0 }
    for (const head of this.#missingHeads) this.#own.problems.push({ ...place, message: `ends the files, and the head ${head} is not in them: they were cut short, or are others` })
    if (this.#others > 0) this.#own.notices.push({ ...place, message: `ends the files; ${this.#others} lines in them belong to no audit chain` })
    const checks = [...this.#chains.values()]
    return {
      records: this.#records,
      chains: checks.length,
      heads: checks.reduce((sum, { heads }) => sum + heads, 0),
      problems: this.#inOrder([...this.#own.problems, ...checks.flatMap(({ problems }) => problems)]),
      notices: this.#inOrder([...this.#own.notices, ...checks.flatMap(({ notices }) => notices)])
    }
  }

  #chained (line: ChainLine, place: LinePlace): void {
    this.#missingHeads.delete(line.digest)
    if (!['chain', 'head', 'lost'].includes(line.audit)) this.#records++
    const check = this.#chains.get(line.chain) ?? this.#begun(line, place)
    check.line(line, place, this.#torn)
  }

  #begun (line: ChainLine, place: LinePlace): ChainCheck {
    const check = new ChainCheck(line, place, this.#options.key)
    this.#chains.set(line.chain, check)
    if (line.seq === 0 && line.audit === 'chain') this.#followed(line, place)
    else if (this.#torn !== undefined && line.seq === 1) this.#own.problems.push({ ...this.#torn, message: 'was altered: it began a chain' })
    else if (this.#options.isTrimmed === true || (this.#chains.size === 1 && place.number === 1)) this.#own.notices.push({ ...place, message: `begins in the middle of a chain, at its record ${line.seq}` })
    else this.#own.problems.push({ ...place, message: `comes where the beginning of its chain is missing: ${line.seq} records were removed, or moved` })
    return check
  }

  /** A chain that begins in a file with lines names the last whole one that it found there. */
  #followed ({ members }: ChainLine, place: LinePlace): void {
    const { follows, torn, sink } = members
    if (torn !== undefined) this.#own.notices.push({ ...place, message: 'begins a chain behind a gap: the gateway before it was killed while it wrote, or the disk was full' })
    if (sink !== 'file' || typeof follows !== 'string' || this.#recent.includes(follows)) return
    if (this.#whole === undefined) this.#own.problems.push({ ...place, message: 'begins a chain behind lines that were removed' })
    else this.#own.problems.push({ ...this.#whole, message: 'was altered, or lines behind it were removed or added: the next chain names another one before it' })
  }

  #newFile (file: string): void {
    if (!this.#files.includes(file)) this.#files.push(file)
    this.#recent = []
    this.#torn = undefined
    this.#whole = undefined
  }

  #inOrder (findings: Finding[]): Finding[] {
    return findings.toSorted((one, other) => this.#files.indexOf(one.file) - this.#files.indexOf(other.file) || one.number - other.number)
  }
}
