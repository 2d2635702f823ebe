import { PROMISE_MS } from './ask.ts'
import type { History, Operation } from './history.ts'

/** What the servers wrote down: how often each nonce ran. */
export type Ledger = ReadonlyMap<string, number>

/** What one tool of one tenant may be used in a minute. */
export const METERED_LIMIT = 20
const WINDOW_MS = 60_000
/** Beyond what was promised, for the clock of a busy machine. */
const SLACK_MS = 1000
/** Kinds whose answers begin with whose worker gave them. */
const SIGNED = new Set(['echo', 'inc', 'put', 'get', 'list', 'cancel', 'trespass', 'metered', 'stray'])
/** Kinds whose answers are what was sent. */
const ECHOED = new Set(['echo', 'inc', 'put', 'cancel', 'metered', 'remote'])

/** Holds a finished run to the seven promises that its history can tell of; the eighth is about what is left. */
export function judge (history: History, ledger: Ledger, remote: Ledger): void {
  for (const operation of history.operations) {
    judgeOwner(history, operation)
    judgeEcho(history, operation)
    if (operation.kind === 'inc') judgeRuns(history, operation, ledger.get(operation.nonce) ?? 0)
    if (operation.kind === 'remote') judgeRuns(history, operation, remote.get(operation.nonce) ?? 0)
    if (operation.kind === 'stray' && operation.fate === 'ok') history.violated(5, 'a session was used after its delete', operation)
    judgeTime(history, operation)
  }
  judgeValues(history)
  judgeLimit(history)
}

/** Whose worker said it: `<user>-<hash> …`. */
function ownerIn (text: string): string {
  return text.split('-')[0] ?? ''
}

/** (1) Nobody is given what another one's worker says, and nobody's session serves another. */
function judgeOwner (history: History, operation: Operation): void {
  const { client, kind, fate, text } = operation
  if (fate !== 'ok') return
  if (kind === 'trespass') history.violated(1, 'somebody else\'s session was served', operation)
  else if (SIGNED.has(kind) && text !== undefined && ownerIn(text) !== client) history.violated(1, `an answer of ${ownerIn(text)}`, operation)
}

/** (2) The answer is to what was asked. */
function judgeEcho (history: History, operation: Operation): void {
  const { kind, fate, text = '', nonce } = operation
  if (fate === 'ok' && ECHOED.has(kind) && text.split(' ').at(-1) !== nonce) history.violated(2, 'the answer to another request', operation)
}

/** (3) At most once; once if it was answered, never if it was refused. */
function judgeRuns (history: History, operation: Operation, times: number): void {
  if (times > 1) history.violated(3, `it ran ${times} times`, operation)
  else if (operation.fate === 'ok' && times === 0) history.violated(3, 'it was answered and never ran', operation)
  else if (operation.fate === 'clean' && times > 0) history.violated(3, 'it was refused and ran', operation)
}

/** (7) Every request has its end in time. */
function judgeTime (history: History, operation: Operation): void {
  const { startedMs, endedMs } = operation
  if (endedMs === undefined) history.violated(7, 'it never ended', operation)
  else if (endedMs - startedMs > PROMISE_MS + SLACK_MS) history.violated(7, `it took ${endedMs - startedMs} ms`, operation)
}

/** What a `get` may give: what was put last, or what may have been put since; nothing, if a loss was declared. */
interface Held { readonly may: Set<string>, isLossDeclared: boolean }

/** (4) A session reads what it wrote last, or was told that it is lost; never something older, never another's. */
function judgeValues (history: History): void {
  const sessions = new Map<string, Held>()
  for (const operation of history.operations) {
    const { client, era, session, kind, fate, text = '', nonce } = operation
    if (kind === 'trespass' || fate === undefined) continue
    const key = era === 'modern' ? client : `${client} ${session ?? ''}`
    const held = sessions.get(key) ?? { may: new Set(['?']), isLossDeclared: false }
    sessions.set(key, held)
    // A request without a session has nowhere to be told that a worker has gone.
    if (operation.isLossDeclared === true || era === 'modern') held.isLossDeclared = true
    if (kind === 'put' && fate === 'ok') {
      held.may.clear()
      held.may.add(nonce)
      held.isLossDeclared = era === 'modern'
    } else if (kind === 'put' && fate !== 'clean') held.may.add(nonce)
    else if (kind === 'get' && fate === 'ok') judgeValue(history, operation, held, text.split(' ').at(-1) ?? '')
  }
}

function judgeValue (history: History, operation: Operation, held: Held, value: string): void {
  // Of a session's first moments nothing is known: the worker is the user's, and may hold what an earlier session put.
  const isUnknown = held.may.has('?')
  if (value === 'nothing' ? held.isLossDeclared || isUnknown : held.may.has(value) || (isUnknown && value.startsWith(`${operation.client}.`))) return
  history.violated(4, value === 'nothing' ? 'what was put is gone, and nobody said so' : `${value}, which was overwritten before`, operation)
}

/**
 * (6) No window of a minute admits more than the limit, and as much again for each time that Redis forgot or was away, or a replica
 * was replaced. A Redis that did not answer in time is away for that moment, whoever made it so (docs/limits.md): what replicas admit alone
 * is no more than one limit a minute, however many such moments there are in it.
 */
function judgeLimit (history: History): void {
  const { operations, disturbances, slowMoments } = history
  const admitted = operations.filter(({ kind, fate }) => kind === 'metered' && fate === 'ok')
  for (const [index, first] of admitted.entries()) {
    const endMs = first.startedMs + WINDOW_MS
    const touches = (fromMs: number, toMs: number): boolean => fromMs < endMs && toMs > first.startedMs - WINDOW_MS
    const inWindow = admitted.slice(index).filter(({ startedMs }) => startedMs < endMs).length
    const made = disturbances.filter(({ name, startedMs, healedMs = Infinity }) => /redis|replica/.test(name) && touches(startedMs, healedMs)).length
    const excuses = made === 0 && slowMoments.some(({ fromMs, toMs }) => touches(fromMs, toMs)) ? 1 : made
    if (inWindow <= METERED_LIMIT * (1 + excuses)) continue
    return history.violated(6, `${inWindow} in a minute with a limit of ${METERED_LIMIT} and ${excuses} disturbances`, first)
  }
}
