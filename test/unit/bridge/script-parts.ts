import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { JsonObject } from '../../../src/protocol/index.ts'
import type { Era } from '../../../src/shared/era.ts'
import type { ServerSettings } from '../../../src/shared/settings/server.ts'
import { until } from '../../helpers/until.ts'
import type { TestAnswer, TestModernClient, TestModernRequest } from '../gateway/gateway-parts.ts'

const program = fileURLToPath(new URL('scripted-server.mjs', import.meta.url))

/** A scripted server, and everything that reached it. */
export interface Scripted {
  /** Its entry. */
  readonly entry: Partial<ServerSettings>
  /** Messages it got, oldest first, over all its processes. */
  got (fits?: (message: JsonObject) => boolean): JsonObject[]
  /** Waits for such a message. */
  gets (what: string, fits: (message: JsonObject) => boolean): Promise<JsonObject>
  /** Requests of that method that it got. */
  ran (method?: string): JsonObject[]
  /** Lets whoever waits at this gate go on. */
  open (gate: string): void
  /** Its newest process. */
  pid (): number
}

/** All journals of this process. Removed last of all: servers write until they have ended. */
let scratch: string | undefined
let journals = 0

function newJournal (): string {
  if (scratch === undefined) {
    const dir = mkdtempSync(join(tmpdir(), 'scripted-'))
    process.once('exit', () => { rmSync(dir, { recursive: true, force: true, maxRetries: 5 }) })
    scratch = dir
  }
  return join(scratch, `journal-${++journals}`)
}

/** @param own of the entry; `env` is added to */
export function scripted (era: Era = 'legacy', own: Partial<ServerSettings> = {}): Scripted {
  const journal = newJournal()
  writeFileSync(journal, '')
  const lines = (): Array<{ pid: number, message: JsonObject }> => readFileSync(journal, 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as { pid: number, message: JsonObject })
  const got: Scripted['got'] = (fits = () => true) => lines().map(({ message }) => message).filter(fits)
  return {
    entry: { command: process.execPath, args: [program], ...own, env: { SCRIPT_ERA: era, SCRIPT_JOURNAL: journal, ...own.env } },
    got,
    gets: (what, fits) => until(`the server gets ${what}`, () => got(fits)[0]),
    ran: (method = 'tools/call') => got((message) => message['method'] === method),
    open: (gate) => { writeFileSync(`${journal}.${gate}`, '') },
    pid: () => lines().at(-1)?.pid ?? 0
  }
}

/** Everything a client can be asked. */
export const ABLE: JsonObject = { sampling: {}, elicitation: { form: {}, url: {} }, roots: {} }

/** Questions as servers ask them. */
export const FORM = { method: 'elicitation/create', params: { message: 'Sure?', requestedSchema: { type: 'object', properties: {} } } }
export const PAGE = { method: 'elicitation/create', params: { mode: 'url', message: 'Sign in', url: 'https://example.com/sign-in', elicitationId: 'e-1' } }
export const SAMPLE = { method: 'sampling/createMessage', params: { messages: [], maxTokens: 10 } }
export const ROOTS = { method: 'roots/list' }

export const accept = (content: JsonObject = {}): JsonObject => ({ action: 'accept', content })

/** tools/call of the scripted server's tool. */
export function run (client: TestModernClient, args: JsonObject, self?: Parameters<TestModernClient['ask']>[2]): TestModernRequest {
  return client.ask('tools/call', { name: 'run', arguments: args }, self)
}

/** What an `input_required` answer asks, by key. */
export async function askedIn (request: TestModernRequest): Promise<Readonly<Record<string, { readonly method: string, readonly params?: JsonObject }>>> {
  const { result, error } = await request.answer()
  if (result?.['resultType'] !== 'input_required') throw new Error(`asked nothing: ${JSON.stringify(result ?? error)}`)
  return result['inputRequests'] as Record<string, { method: string, params?: JsonObject }>
}

/** The JSON in the text of a tool's answer. */
export function saidIn ({ result, error, refused }: TestAnswer): unknown {
  const content = result?.['content'] as Array<{ text: string }> | undefined
  if (content?.[0] === undefined) throw new Error(`said nothing: ${JSON.stringify(result ?? error ?? refused)}`)
  return JSON.parse(content[0].text)
}

export const isCancel = ({ method }: JsonObject): boolean => method === 'notifications/cancelled'
/** The client's answer to the server's n-th question. */
export const answersAsk = (n: number) => ({ id, method }: JsonObject): boolean => id === `ask-${n}` && method === undefined
