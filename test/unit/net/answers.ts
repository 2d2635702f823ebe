import { request } from 'node:http'
import { Duplex } from 'node:stream'
import type { AnswerHead } from '../../../src/net/index.ts'
import { AnswerReader } from '../../../src/net/answer-reader.ts'

/** What a reader made of some bytes, followed by the end of the connection. */
export interface Outcome {
  readonly status: number
  /** Latin-1. */
  readonly body: string
}

/** A repeatable source of numbers in 0 … below; xorshift32. */
export function seeded (seed: number): (below: number) => number {
  let state = seed | 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

/** Bytes of a text in Latin-1. */
export const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')

/** Cuts bytes at the given places. */
export function cut (bytes: Buffer, places: readonly number[]): Buffer[] {
  const edges = [0, ...[...places].sort((one, other) => one - other), bytes.length]
  return edges.slice(1).map((end, index) => bytes.subarray(edges[index], end)).filter((piece) => piece.length > 0)
}

/** Reads pieces with the reader of src/net, each from memory that is overwritten afterwards, as sockets do. Undefined: refused, or cut short. */
export function readOurs (pieces: readonly Buffer[]): Outcome & { readonly head: AnswerHead, readonly rest: number } | undefined {
  let body = ''
  let head: AnswerHead | undefined
  const reader = new AnswerReader({ onHead: (given) => { head = given }, onData: (piece) => { body += piece.toString('latin1') } })
  const room = Buffer.alloc(65_536)
  let rest = 0
  for (const piece of pieces) {
    if (reader.isDone) {
      rest += piece.length
      continue
    }
    piece.copy(room)
    const at = reader.push(room, piece.length)
    room.fill('#')
    if (typeof at !== 'number') return undefined
    rest = piece.length - at
  }
  return head !== undefined && (reader.isDone || reader.endsWithConnection) ? { status: head.status, body, head, rest } : undefined
}

/** Reads bytes with Node's own client. Undefined: refused, or cut short. */
export async function readNodes (bytes: Buffer): Promise<Outcome | undefined> {
  return await new Promise((resolve) => {
    const wire = new Duplex({ read () {}, write (_chunk, _encoding, callback) { callback() } })
    const asked = request({ host: 'x', method: 'POST', createConnection: () => wire }, (response) => {
      let body = ''
      response.on('data', (piece: Buffer) => { body += piece.toString('latin1') })
      response.on('error', () => resolve(undefined))
      response.on('end', () => resolve(response.complete ? { status: response.statusCode ?? 0, body } : undefined))
    })
    asked.on('error', () => resolve(undefined))
    asked.on('upgrade', () => resolve(undefined))
    asked.end('{}')
    asked.on('finish', () => {
      wire.push(bytes)
      wire.push(null)
    })
  })
}
