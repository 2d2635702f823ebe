import { digestOf } from './chain.ts'

/** One line of a chain, read. */
export interface ChainLine {
  readonly chain: string
  readonly seq: number
  readonly prev: string
  readonly timeMs: number
  /** `chain`, `head`, `lost`, or what was recorded. */
  readonly audit: string
  readonly digest: string
  readonly text: string
  readonly members: Readonly<Record<string, unknown>>
}

/** @returns undefined = no line of an audit chain; `isJson` says whether it is a line of something else, a log for example */
export function readChainLine (text: string): { readonly line?: ChainLine, readonly isJson: boolean } {
  const members = parsed(text)
  if (members === undefined) return { isJson: false }
  const { chain, seq, prev, time, audit } = members
  if (typeof chain !== 'string' || typeof seq !== 'number' || typeof prev !== 'string' || typeof audit !== 'string') return { isJson: true }
  return { isJson: true, line: { chain, seq, prev, audit, timeMs: typeof time === 'number' ? time : 0, digest: digestOf(text), text, members } }
}

function parsed (text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Record<string, unknown> : undefined
  } catch {
    return undefined
  }
}
