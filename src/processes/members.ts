import cluster from 'node:cluster'
import { join } from 'node:path'
import type { ReloadOutcome } from '../shared/reload-outcome.ts'
import type { Settings } from '../shared/settings.ts'
import { copyLines } from './copy-lines.ts'
import { startMember, type Member, type Origins } from './member.ts'
import type { Place } from './messages.ts'
import { createOwnerBook } from './owner-book.ts'
import { shareOf } from './share-of.ts'

/** What {@link startMembers} needs. */
export interface MembersOptions {
  readonly settings: Settings
  /** At least 2. */
  readonly count: number
  /** The program of a member: it calls `joinPrimary`. */
  readonly program: string
  /** An existing directory of our own, for the sockets between members. */
  readonly socketDir: string
  /** A member ended by itself; another is started in its place. */
  onLost (index: number, reason: string): void
}

/** The processes of one gateway, as the primary sees them. */
export interface Members {
  /** Origin that all of them listen on. */
  readonly url: string
  /** Origin of the management listener, which the first one has. */
  readonly managementUrl: string
  /** Every member takes over another snapshot; those that are started later, too. */
  reload (settings: Settings): Promise<ReloadOutcome>
  /** A configuration could not be read. */
  reloadRefused (faults: readonly string[]): void
  /** `listener` is called when a member is asked to have the configuration read anew. */
  onReloadWanted (listener: () => Promise<ReloadOutcome>): void
  /** Lets calls in flight finish. Resolves when all have ended. */
  drain (reason: string): Promise<void>
  /** Ends all at once. */
  stop (): Promise<void>
}

/** A member that lived shorter than this is not started again at once. */
const SHORT_LIFE_MS = 10_000
const FIRST_PAUSE_MS = 500
const MAX_PAUSE_MS = 30_000

/**
 * Starts `count` members and waits until they listen. Connections are dealt out by the primary, one by one (node:cluster).
 * @throws what kept a member from listening, with the system's code, address and port where there are any
 */
export async function startMembers (options: MembersOptions): Promise<Members> {
  const { settings, count, program, socketDir } = options
  cluster.setupPrimary({ exec: program, args: [], silent: true, serialization: 'advanced' })
  const sockets = Array.from({ length: count }, (_, index) => join(socketDir, `${process.pid}-${index}.sock`))
  let share = shareOf(settings, count)
  let wanted: (() => Promise<ReloadOutcome>) | undefined
  const members: Array<Member | undefined> = []
  const book = createOwnerBook(count)
  let isEnding = false
  let pauseMs = FIRST_PAUSE_MS

  async function start (index: number): Promise<Origins> {
    const place: Place = { index, count, sockets }
    const startedMs = performance.now()
    const member = startMember({ settings: share, place }, { askAll, ownerOf: book.ownerOf, wantReload: async () => await wanted?.() })
    members[index] = member
    copyLines(member.stdout, process.stdout)
    copyLines(member.stderr, process.stderr)
    member.ended.then((reason) => {
      members[index] = undefined
      if (isEnding) return
      options.onLost(index, reason)
      restart(index, performance.now() - startedMs)
    }, () => {})
    return await member.listening
  }

  function restart (index: number, livedMs: number): void {
    pauseMs = livedMs < SHORT_LIFE_MS ? Math.min(MAX_PAUSE_MS, pauseMs * 2) : FIRST_PAUSE_MS
    // What fails again is told as lost again.
    setTimeout(() => { if (!isEnding) start(index).catch(() => {}) }, livedMs < SHORT_LIFE_MS ? pauseMs : 0)
  }

  /** Answers of the members that are up, in their order. */
  async function askAll (question: string, of: string): Promise<unknown[]> {
    return await Promise.all(members.flatMap((member) => member === undefined ? [] : [member.ask(question, of)]))
  }

  async function end (how: (member: Member) => void): Promise<void> {
    isEnding = true
    await Promise.all(members.flatMap((member) => {
      if (member === undefined) return []
      how(member)
      return [member.ended]
    }))
  }

  const started = await Promise.allSettled(sockets.map((_, index) => start(index)))
  const [first] = started
  const failed = started.find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined || first?.status !== 'fulfilled') {
    await end((member) => { member.order({ kind: 'stop' }) })
    throw failed?.reason
  }
  return {
    ...first.value,
    async reload (next) {
      const before = share
      share = shareOf(next, count)
      const answers = await Promise.all(members.flatMap((member) => member === undefined ? [] : [member.reload(share)]))
      const outcomes = answers.filter((answer) => answer !== undefined) as ReloadOutcome[]
      const refused = outcomes.find(({ outcome }) => outcome === 'refused')
      // All of them read the same; what one cannot take over, none can.
      if (refused !== undefined) share = before
      return refused ?? outcomes[0] ?? { outcome: 'applied', revision: next.revision, waiting: [] }
    },
    reloadRefused (faults) { for (const member of members) member?.order({ kind: 'refused', faults }) },
    onReloadWanted (listener) { wanted = listener },
    drain: (reason) => end((member) => { member.order({ kind: 'drain', reason }) }),
    stop: () => end((member) => { member.order({ kind: 'stop' }) })
  }
}
