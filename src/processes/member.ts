import cluster from 'node:cluster'
import type { Readable } from 'node:stream'
import type { ReloadOutcome } from '../shared/reload-outcome.ts'
import type { Settings } from '../shared/settings.ts'
import type { Order, Place, Report } from './messages.ts'

/** Where a member listens. */
export interface Origins {
  readonly url: string
  /** Empty, but for the first member: it has the management listener. */
  readonly managementUrl: string
}

/** One process of the gateway, as the primary sees it. */
export interface Member {
  /** Resolves with its origins; rejects when it cannot listen, or ends before. */
  readonly listening: Promise<Origins>
  /** Resolves with how the process ended. Never rejects. */
  readonly ended: Promise<string>
  readonly stdout: Readable
  readonly stderr: Readable
  order (order: Order): void
  /** Takes over another snapshot; undefined when it ends before it answers. */
  reload (settings: Settings): Promise<unknown>
  /** One question; undefined when the member ends before it answers. */
  ask (question: string, of: string): Promise<unknown>
}

/** What a member asks of the primary. */
export interface PrimaryDuties {
  /** Puts a question to every member. */
  askAll (question: string, of: string): Promise<unknown[]>
  /** Reads the configuration anew; undefined = nothing follows the files. */
  wantReload (): Promise<ReloadOutcome | undefined>
  /** Index of the process that owns a key which has reached `claimer`. */
  ownerOf (key: string, claimer: number): number
}

/** Starts one and gives it its settings. */
export function startMember (begin: { readonly settings: Settings, readonly place: Place }, { askAll, ownerOf, wantReload }: PrimaryDuties): Member {
  const worker = cluster.fork()
  const { stdout, stderr } = worker.process
  if (stdout === null || stderr === null) throw new Error('a member without pipes')
  const listening = Promise.withResolvers<Origins>()
  const ended = Promise.withResolvers<string>()
  const questions = new Map<number, (answer: unknown) => void>()
  let asked = 0

  // What is sent to a process that has just ended is lost, as it is itself.
  const order = (what: Order): void => { if (worker.isConnected()) worker.send(what, () => {}) }
  function answerTo (question: (id: number) => Order): Promise<unknown> {
    const id = ++asked
    const { promise, resolve } = Promise.withResolvers<unknown>()
    questions.set(id, resolve)
    order(question(id))
    return promise
  }

  worker.once('online', () => { order({ kind: 'begin', ...begin }) })
  worker.on('message', (report: Report) => {
    switch (report.kind) {
      case 'listening': return listening.resolve(report)
      case 'failed': return listening.reject(Object.assign(new Error(report.message), report.details))
      case 'claim': return order({ kind: 'owned', key: report.key, owner: ownerOf(report.key, begin.place.index) })
      case 'gather':
        askAll(report.question, report.of).then((answers) => { order({ kind: 'gathered', id: report.id, answers }) }, () => {})
        return
      case 'want-reload':
        wantReload().then((outcome) => { order({ kind: 'reloaded', outcome }) }, () => { order({ kind: 'reloaded', outcome: undefined }) })
        return
      case 'answer':
        questions.get(report.id)?.(report.answer)
        questions.delete(report.id)
    }
  })
  worker.once('error', (error) => { listening.reject(error) })
  worker.once('exit', (code, signal) => {
    const how = `ended with ${signal ?? code}`
    listening.reject(new Error(how))
    for (const answer of questions.values()) answer(undefined)
    questions.clear()
    ended.resolve(how)
  })
  listening.promise.catch(() => {})

  return {
    listening: listening.promise,
    ended: ended.promise,
    stdout,
    stderr,
    order,
    reload (settings) {
      return answerTo((id) => ({ kind: 'reload', id, settings }))
    },
    ask (question, of) {
      return answerTo((id) => ({ kind: 'ask', id, question, of }))
    }
  }
}
