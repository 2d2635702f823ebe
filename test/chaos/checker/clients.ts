import { setTimeout as pause } from 'node:timers/promises'
import type { Exchange } from '../../helpers/http-exchange.ts'
import type { LegacyWire } from '../../helpers/legacy-wire.ts'
import { modernParams, type ModernWire } from '../../helpers/modern-wire.ts'
import { pick, seeded } from '../../helpers/random.ts'
import type { ReplicaSet } from '../../helpers/replicas.ts'
import { ask } from './ask.ts'
import type { History, Kind, Operation } from './history.ts'

/** What all clients of one run have in common. */
export interface Company {
  readonly set: ReplicaSet
  readonly history: History
  readonly seed: number
  /** Session ids by whoever holds them right now: for those who try others' doors. */
  readonly sessions: Map<string, string>
  /** True from the end of the run on. */
  readonly isOver: () => boolean
}

/** Between two operations of a client, in milliseconds: the same again, at most. */
const THINK_MS = 120
/** Of the client that only tries the limit of one tool. */
const METERED_EVERY_MS = 200

const LEGACY_KINDS: readonly Kind[] = ['echo', 'echo', 'inc', 'inc', 'inc', 'remote', 'put', 'put', 'get', 'get', 'get', 'list', 'cancel', 'delete', 'trespass']
const MODERN_KINDS: readonly Kind[] = ['echo', 'echo', 'inc', 'inc', 'inc', 'remote', 'put', 'get', 'list']

/** A client without a session; its user has no other. */
export async function runModernClient (company: Company, user: string, at: number): Promise<void> {
  const random = seeded(company.seed * 1000 + at)
  const wires = new Map(['ledger', 'remote'].map((server) => [server, company.set.modern(user, server)]))
  for (let turn = 0; !company.isOver(); turn++) {
    await modernTurn(company, user, wires, pick(random, MODERN_KINDS), turn)
    await pause(THINK_MS * (1 + random()))
  }
}

/** Uses one tool as fast as it can be refused. */
export async function runMeteredClient (company: Company, user: string): Promise<void> {
  const wires = new Map([['ledger', company.set.modern(user, 'ledger')]])
  for (let turn = 0; !company.isOver(); turn++) {
    await modernTurn(company, user, wires, 'metered', turn)
    await pause(METERED_EVERY_MS)
  }
}

async function modernTurn ({ history }: Company, user: string, wires: ReadonlyMap<string, ModernWire>, kind: Kind, turn: number): Promise<void> {
  const operation = history.begin({ client: user, era: 'modern', kind, nonce: `${user}.${turn}` })
  const wire = wires.get(kind === 'remote' ? 'remote' : 'ledger') as ModernWire
  const { method, params } = requestOf(kind, operation.nonce)
  const reply = await ask(operation, () => history.now(), (id) => wire.post({ jsonrpc: '2.0', id, method, params: modernParams(params) }))
  noteList(operation, reply?.result)
}

/** A client with one session at a time, opened again when it has gone. */
export async function runLegacyClient (company: Company, user: string, at: number): Promise<void> {
  const client = new LegacyClient(company, user)
  const random = seeded(company.seed * 1000 + at)
  while (!company.isOver()) {
    await client.turn(pick(random, LEGACY_KINDS), random)
    await pause(THINK_MS * (1 + random()))
  }
  await client.leave()
}

class LegacyClient {
  readonly #company: Company
  readonly #user: string
  readonly #wire: LegacyWire
  readonly #remote: LegacyWire
  #turn = 0

  constructor (company: Company, user: string) {
    this.#company = company
    this.#user = user
    this.#wire = company.set.wire(user, 'ledger')
    this.#remote = company.set.wire(user, 'remote')
  }

  async turn (kind: Kind, random: () => number): Promise<void> {
    const wire = kind === 'remote' ? this.#remote : this.#wire
    if (wire.sessionId === undefined && !await this.#open(wire)) return
    if (kind === 'delete') await this.#delete()
    else if (kind === 'cancel') await this.#cancel()
    else if (kind === 'trespass') await this.#trespass(random)
    else await this.#use(wire, kind)
  }

  async leave (): Promise<void> {
    for (const wire of [this.#wire, this.#remote]) if (wire.sessionId !== undefined) await wire.end().catch(() => undefined)
  }

  #begin (kind: Kind, wire?: LegacyWire): Operation {
    return this.#company.history.begin({ client: this.#user, era: 'legacy', kind, nonce: `${this.#user}.${this.#turn++}`, session: wire?.sessionId?.slice(0, 12) })
  }

  async #ask (operation: Operation, send: (id: string) => Promise<Exchange>, hasReply?: boolean): ReturnType<typeof ask> {
    return await ask(operation, () => this.#company.history.now(), send, hasReply)
  }

  async #open (wire: LegacyWire): Promise<boolean> {
    const operation = this.#begin('open')
    let opened: Exchange | undefined
    await this.#ask(operation, async (id) => {
      opened = await wire.post({ jsonrpc: '2.0', id, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'checker', version: '1.0.0' } } })
      return opened
    })
    const sessionId = opened?.headers['mcp-session-id']
    if (operation.fate !== 'ok' || typeof sessionId !== 'string') return false
    wire.sessionId = sessionId
    if (wire === this.#wire) this.#company.sessions.set(this.#user, sessionId)
    await wire.tell({ method: 'notifications/initialized' }).catch(() => undefined)
    return true
  }

  async #use (wire: LegacyWire, kind: Kind): Promise<void> {
    const operation = this.#begin(kind, wire)
    const { method, params } = requestOf(kind, operation.nonce)
    const reply = await this.#ask(operation, (id) => wire.post({ jsonrpc: '2.0', id, method, params }))
    noteList(operation, reply?.result)
    if (operation.detail === 'HTTP 404') this.#forget(wire)
  }

  #forget (wire: LegacyWire): void {
    wire.sessionId = undefined
    if (wire === this.#wire) this.#company.sessions.delete(this.#user)
  }

  /** What is begun is taken back; whichever comes first, nothing else may come of it. */
  async #cancel (): Promise<void> {
    const operation = this.#begin('cancel', this.#wire)
    const wire = this.#wire
    const asking = this.#ask(operation, (id) => wire.post({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'slow', arguments: { nonce: id } } }))
    await pause(THINK_MS)
    await wire.tell({ method: 'notifications/cancelled', params: { requestId: operation.nonce } }).catch(() => undefined)
    await asking
    // A cancelled request has no answer: its stream just ends (MCP cancellation).
    if (operation.fate === 'lost' && /ended|without a reply/.test(operation.detail ?? '')) Object.assign(operation, { fate: 'clean', detail: 'cancelled' })
    if (operation.detail === 'HTTP 404') this.#forget(wire)
  }

  async #delete (): Promise<void> {
    const wire = this.#wire
    const operation = this.#begin('delete', wire)
    await this.#ask(operation, () => wire.end(), false)
    if (operation.fate !== 'ok') return
    const stray = this.#begin('stray', wire)
    await this.#ask(stray, (id) => wire.post({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'echo', arguments: { nonce: id } } }))
    this.#forget(wire)
  }

  /** With its own credential, at somebody else's session. */
  async #trespass (random: () => number): Promise<void> {
    const others = [...this.#company.sessions].filter(([user]) => user !== this.#user)
    if (others.length === 0) return
    const [, sessionId] = pick(random, others)
    const own = this.#wire.sessionId
    const operation = this.#company.history.begin({ client: this.#user, era: 'legacy', kind: 'trespass', nonce: `${this.#user}.${this.#turn++}`, session: sessionId.slice(0, 12) })
    await this.#ask(operation, (id) => this.#wire.post({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'get', arguments: {} } }, { 'mcp-session-id': sessionId }))
    this.#wire.sessionId = own
  }
}

function requestOf (kind: Kind, nonce: string): { readonly method: string, readonly params: Record<string, unknown> } {
  if (kind === 'list') return { method: 'tools/list', params: {} }
  const name = kind === 'remote' ? 'echo' : kind
  return { method: 'tools/call', params: { name, arguments: { nonce, text: nonce } } }
}

/** Of a list, whose tools they are. */
function noteList (operation: Operation, result: Record<string, unknown> | undefined): void {
  const tools = result?.['tools'] as ReadonlyArray<{ readonly name: string }> | undefined
  const own = tools?.find(({ name }) => name.startsWith('of-'))
  if (own !== undefined) operation.text = `${own.name.slice('of-'.length)} list`
}
