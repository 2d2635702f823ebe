import cluster from 'node:cluster'
import type { ReloadOutcome } from '../shared/reload-outcome.ts'
import type { Settings } from '../shared/settings.ts'
import type { Order, Place, Report } from './messages.ts'

/** Asks all members, this one included; a member that ends meanwhile gives undefined. */
export type Gather = (question: string, of?: string) => Promise<readonly unknown[]>

/** The primary, as a member may use it. */
export interface Primary {
  /** Puts a question to every member and brings their answers. */
  readonly gather: Gather
  /** Index of the process that owns a key. */
  claim (key: string): Promise<number>
  /** Has the configuration read anew; undefined = nothing follows the files. */
  reload (): Promise<ReloadOutcome | undefined>
}

/** What a member does when the primary says so. */
export interface MemberDuties {
  /** Begins to serve. @throws what keeps it from listening */
  serve (settings: Settings, place: Place, primary: Primary): Promise<Membership>
}

/** A member that serves. */
export interface Membership {
  readonly url: string
  /** Empty where there is no management listener. */
  readonly managementUrl: string
  answer (question: string, of: string): Promise<unknown>
  reload (settings: Settings): Promise<ReloadOutcome>
  reloadRefused (faults: readonly string[]): void
  close (reason: string): Promise<void>
  closeNow (): Promise<void>
}

/**
 * Makes this process a member: it serves what the primary hands it, answers questions, and ends when told. If the primary is
 * gone, node:cluster ends it at once.
 */
export function joinPrimary (duties: MemberDuties): void {
  let membership: Membership | undefined
  const gathering = new Map<number, (answers: readonly unknown[]) => void>()
  const claiming = new Map<string, (owner: number) => void>()
  let gathered = 0
  let reloading: PromiseWithResolvers<ReloadOutcome | undefined> | undefined
  const report = (what: Report): void => { cluster.worker?.send(what) }

  const gather: Gather = (question, of = '') => {
    const id = ++gathered
    const { promise, resolve } = Promise.withResolvers<readonly unknown[]>()
    gathering.set(id, resolve)
    report({ kind: 'gather', id, question, of })
    return promise
  }

  // Each key is asked for once at a time.
  const claim = (key: string): Promise<number> => {
    const { promise, resolve } = Promise.withResolvers<number>()
    claiming.set(key, resolve)
    report({ kind: 'claim', key })
    return promise
  }

  const reload = (): Promise<ReloadOutcome | undefined> => {
    if (reloading === undefined) {
      reloading = Promise.withResolvers()
      report({ kind: 'want-reload' })
    }
    return reloading.promise
  }

  async function obey (order: Order): Promise<void> {
    switch (order.kind) {
      case 'begin':
        membership = await duties.serve(order.settings, order.place, { gather, claim, reload })
        report({ kind: 'listening', url: membership.url, managementUrl: membership.managementUrl })
        return
      case 'ask':
        report({ kind: 'answer', id: order.id, answer: await membership?.answer(order.question, order.of).catch(() => undefined) })
        return
      case 'reload':
        report({ kind: 'answer', id: order.id, answer: await membership?.reload(order.settings) })
        return
      case 'refused':
        membership?.reloadRefused(order.faults)
        return
      case 'reloaded':
        reloading?.resolve(order.outcome)
        reloading = undefined
        return
      case 'owned':
        claiming.get(order.key)?.(order.owner)
        claiming.delete(order.key)
        return
      case 'gathered':
        gathering.get(order.id)?.(order.answers)
        gathering.delete(order.id)
        return
      case 'drain':
        await membership?.close(order.reason)
        process.exit(0)
        return
      case 'stop':
        await membership?.closeNow()
        process.exit(0)
    }
  }

  process.on('message', (order) => {
    obey(order as Order).catch((thrown: unknown) => {
      report({ kind: 'failed', message: thrown instanceof Error ? thrown.message : String(thrown), details: detailsOf(thrown) })
      process.exitCode = 1
      // The report has to leave first.
      setImmediate(() => { cluster.worker?.disconnect() })
    })
  })
  // The terminal tells the whole group; it is the primary that decides.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
}

function detailsOf (thrown: unknown): Record<string, string | number> {
  const found = thrown as Readonly<Record<string, unknown>>
  return Object.fromEntries(['code', 'address', 'port', 'syscall'].flatMap((name) => {
    const value = found[name]
    return typeof value === 'string' || typeof value === 'number' ? [[name, value]] : []
  }))
}
