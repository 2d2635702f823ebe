import { setTimeout as pause } from 'node:timers/promises'
import type { Clock } from '../../shared/clock.ts'
import type { Principal } from '../../shared/principal.ts'
import { SKEW_S } from '../jwt/claims.ts'
import { createRevocationList } from './revocation-list.ts'
import type { RevocationStore } from './revocation-store.ts'
import type { Revocation, Revoked } from './revocation.ts'

/** How often the store is looked at, besides being listened to, in milliseconds: what was missed is found within 5 s. */
export const LOOK_MS = 3_000
/** How long a start waits for the list, in milliseconds; a store that is away must not keep a gateway from starting. */
const BEGIN_MS = 3_000
/** Until it was read for the first time, it is tried this often, in milliseconds: its connection may just be made. */
const FIRST_LOOK_MS = 100
/** A store that is away for this long leaves nobody sure of anything (reliability C). */
export const UNKNOWN_AFTER_MS = 60_000
/** An API key has no end of its own, and neither has its revocation: the last date there is (ECMA-262, time values). */
const NEVER_MS = 8.64e15
/** Own tokens live an hour at most; a minute for clocks that differ, on either side. */
const TOKEN_REVOKED_MS = (3600 + 2 * SKEW_S) * 1000

/** What {@link createRevocations} needs. */
export interface RevocationsParts {
  readonly clock: Clock
  readonly store: RevocationStore
  /** On this machine, beside a store that others share: what a restart of everything would forget. */
  readonly copy?: RevocationStore
  /** Other gateways write to the store as well, so that one that is away may hold what nobody here knows. */
  readonly isShared: boolean
  /** What credentials get then. */
  readonly whenUnknown: 'deny' | 'allow'
  /** The store failed, or answers again; for the log. */
  readonly onStore: (outcome: 'ok' | 'failed', reason?: string) => void
}

/** What was revoked, here or by another gateway of the same users. */
export interface Revocations {
  /** @param sha256 of the key's whole text, lower-case hex */
  keyIsRevoked (sha256: string): boolean
  /** One of the gateway's own tokens, by itself or with its user. */
  tokenIsRevoked (principal: Principal): boolean
  /** When the user's own tokens were revoked last, wall clock. */
  userRevokedAtMs (tenant: string, user: string): number | undefined
  /** Nobody knows any more, and is to be let in on it. */
  readonly isUnknown: boolean
  /** Called after each change. Returns what ends it. */
  onChange (listener: () => void): () => void
  /** Effective here at once. `here`: the store is away, and is told as soon as it is back; `everywhere`: others hear of it within 5 s. */
  revoke (revoked: Revoked): Promise<'everywhere' | 'here'>
  /** Settles when the list was read for the first time, or when three seconds have gone by without it: whoever may not come in is known before anybody does. */
  begun (): Promise<void>
  /** Looks at the store now; settles when that has ended, well or not. */
  look (): Promise<void>
  close (): void
}

/**
 * Begins to look at the store. What is known is forgotten only when it has expired: a store that was emptied is filled
 * again by whoever remembers (FR23).
 */
export function createRevocations ({ clock, store, copy, isShared, whenUnknown, onStore }: RevocationsParts): Revocations {
  const list = createRevocationList(clock)
  const listeners = new Set<() => void>()
  /** Entries that the store does not have yet. */
  const unsaved = new Set<Revocation>()
  const firstHeard = Promise.withResolvers<void>()
  let isUnknown = isShared && whenUnknown === 'deny'
  let heardAtMs: number | undefined
  let wasFailing = false
  let looking: Promise<void> | undefined
  let isClosed = false

  function changed (): void {
    for (const listener of [...listeners]) listener()
  }

  async function readStore (): Promise<void> {
    try {
      await remembered
      const found = await store.read()
      if (isClosed) return
      if (found !== undefined) {
        learn(found)
        // What the store has lost, besides what it was never told.
        for (const entry of list.missingIn(found)) unsaved.add(entry)
      }
      for (const entry of unsaved) await save(entry)
      heard()
    } catch (error) {
      failed(error)
    }
  }

  async function save (entry: Revocation): Promise<void> {
    unsaved.add(entry)
    await store.add(entry)
    unsaved.delete(entry)
  }

  function learn (entries: readonly Revocation[]): void {
    const news = list.merge(entries)
    if (news.length === 0) return
    changed()
    for (const entry of news) copy?.add(entry).catch(failed)
  }

  function heard (): void {
    heardAtMs = clock.nowMs()
    isUnknown = false
    firstHeard.resolve()
    if (wasFailing) onStore('ok')
    wasFailing = false
  }

  function failed (error: unknown): void {
    if (isClosed) return
    if (!wasFailing) onStore('failed', error instanceof Error ? error.message : String(error))
    wasFailing = true
    if (isShared && whenUnknown === 'deny') isUnknown = heardAtMs === undefined || clock.nowMs() - heardAtMs > UNKNOWN_AFTER_MS
  }

  function look (): Promise<void> {
    looking ??= readStore().finally(() => { looking = undefined })
    return looking
  }

  const remembered = copy?.read().then((entries = []) => { learn(entries) }).catch(failed)
  const endWatch = store.watch(() => { void look() })
  const timer = setInterval(() => { void look() }, LOOK_MS).unref()
  const firstLooks = setInterval(() => {
    if (heardAtMs === undefined && !isClosed) void look()
    else clearInterval(firstLooks)
  }, FIRST_LOOK_MS).unref()
  void look()

  return {
    keyIsRevoked: (sha256) => list.has({ kind: 'key', sha256 }),
    tokenIsRevoked: ({ credentialId, tenant, user, issuedAtMs = 0 }) => list.has({ kind: 'token', jti: credentialId }) || issuedAtMs <= (list.userAtMs(tenant, user) ?? -1),
    userRevokedAtMs: (tenant, user) => list.userAtMs(tenant, user),
    get isUnknown () { return isUnknown },
    onChange (listener) {
      listeners.add(listener)
      return () => { listeners.delete(listener) }
    },
    async revoke (revoked) {
      const entry: Revocation = { revoked, untilMs: revoked.kind === 'key' ? NEVER_MS : clock.wallMs() + TOKEN_REVOKED_MS }
      learn([entry])
      try {
        await save(entry)
        return 'everywhere'
      } catch (error) {
        failed(error)
        return 'here'
      }
    },
    async begun () {
      const over = new AbortController()
      await Promise.race([firstHeard.promise, pause(BEGIN_MS, undefined, over).catch(() => undefined)])
      over.abort()
    },
    look,
    close () {
      isClosed = true
      clearInterval(timer)
      clearInterval(firstLooks)
      endWatch()
      listeners.clear()
    }
  }
}
