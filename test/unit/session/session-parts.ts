import type { Exchange, NewSession, Session, SessionRegistry, SessionRoute, StreamWriter } from '../../../src/session/index.ts'
import { createSessionRegistry } from '../../../src/session/index.ts'
import type { TestContext } from 'node:test'
import type { ServerName } from '../../../src/shared/ids.ts'
import { brandAs } from '../../../src/shared/ids.ts'
import type { Principal } from '../../../src/shared/principal.ts'
import { createSseParser } from '../../helpers/sse-parser.ts'
import type { SseEvent } from '../../helpers/sse-parser.ts'
import { caller, testClock } from '../limits/callers.ts'
import type { TestClock } from '../limits/callers.ts'

/** The endpoint of one server. */
export function serverRoute (name: string): SessionRoute {
  return { kind: 'server', server: brandAs<ServerName>(name) }
}

/** A reader that takes what it is given, until it is told not to. */
export interface TestReader extends StreamWriter {
  readonly events: SseEvent[]
  /** The texts of the messages, in the order of arrival. */
  readonly texts: () => string[]
  ended: boolean
  /** From now on nothing arrives. */
  broken: boolean
  /** Id of the last event, as a client keeps it. */
  lastId: () => string | undefined
}

export function testReader (): TestReader {
  const events: SseEvent[] = []
  const parse = createSseParser((event) => { events.push(event) })
  const reader: TestReader = {
    events,
    texts: () => events.flatMap(({ data }) => data === undefined || data === '' ? [] : [data]),
    lastId: () => events.findLast(({ id }) => id !== undefined)?.id,
    ended: false,
    broken: false,
    write (frame) {
      if (reader.broken || reader.ended) return false
      parse(frame)
      return true
    },
    end () { reader.ended = true }
  }
  return reader
}

/** What a route would have answered to one request. */
export interface TestExchange extends Exchange {
  readonly log: string[]
}

export function testExchange (): TestExchange {
  const log: string[] = []
  return {
    log,
    emit: (text) => { log.push(`emit ${text}`) },
    finish: (id, reply) => { log.push(`finish ${JSON.stringify(id)} ${JSON.stringify(reply)}`) },
    drop: () => { log.push('drop') },
    refuse: (error, id) => { log.push(`refuse ${JSON.stringify(id)} ${error.code}`) }
  }
}

export interface TestRegistry {
  readonly registry: SessionRegistry
  readonly clock: TestClock
  readonly told: string[]
  open (wanted?: Partial<NewSession>): Session
}

/** A registry with its clock in the test's hands. */
export function testRegistry (t: TestContext, { idleMs = 60_000, maxPerUser = 100 }: { idleMs?: number, maxPerUser?: number } = {}): TestRegistry {
  const clock = testClock()
  const told: string[] = []
  const registry = createSessionRegistry({
    idleMs,
    maxPerUser,
    nowMs: clock.nowMs,
    events: {
      opened: (session) => { told.push(`opened ${session.principal.user}`) },
      closed: (session) => { told.push(`closed ${session.principal.user}`) },
      ownerMismatch: (principal: Principal) => { told.push(`mismatch ${principal.user}`) },
      eventDropped: () => { told.push('dropped') }
    }
  })
  t.after(() => registry.closeAll())
  return {
    registry,
    clock,
    told,
    open (wanted) {
      const session = registry.open({ principal: caller('alice'), route: serverRoute('fs'), face: 'http', ...wanted })
      if (session === undefined) throw new Error('no place for another session')
      return session
    }
  }
}
