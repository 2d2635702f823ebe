import { missingPrograms } from '../machine/programs.ts'
import { drawbridge } from './drawbridge.ts'
import { fastifyFloor } from './fastify-floor.ts'
import { httpRivals } from './http-rivals.ts'
import { rivals, supergatewayShortIdle } from './rivals.ts'
import type { Target } from './target.ts'

const USERS = 10
const LONG_IDLE_MS = 1_800_000
/** Idle time of sessions and workers in the rows about clients that vanish (rulings 1). */
export const SHORT_IDLE_MS = 5000

const ours = { credentials: 'API keys', users: USERS, idleMs: LONG_IDLE_MS, maxSessions: 1000 } as const

/** Ours: one child for all (as most rivals do), the same with tokens, and a child per user (the default). */
const drawbridges: readonly Target[] = [
  drawbridge({ ...ours, id: 'drawbridge-shared', isolation: 'shared' }),
  drawbridge({ ...ours, id: 'drawbridge-jwt', isolation: 'shared', credentials: 'JWT HS256' }),
  drawbridge({ ...ours, id: 'drawbridge-user', isolation: 'user' }),
  drawbridge({ ...ours, id: 'drawbridge-unchecked', isolation: 'shared', validateArguments: false }),
  drawbridge({ ...ours, id: 'drawbridge-redis', isolation: 'shared', redis: true })
]

/** A thousand people with a server each, as few as a machine of two CPUs holds. */
export const MANY_USERS = 500
const many = { ...ours, users: MANY_USERS, maxSessions: MANY_USERS, isolation: 'user' } as const

/** For the rows in which each user has a worker of their own. */
export const perUser: readonly Target[] = [
  ...rivals.filter(({ children }) => children === 'session'),
  drawbridge({ ...many, id: 'drawbridge-users' }),
  drawbridge({ ...many, id: 'drawbridge-users-contained', sandbox: 'namespace' })
]

/** For the row about the first call of a new user. */
export const firstCallers: readonly Target[] = [
  ...rivals.filter(({ id }) => id === 'supergateway-stateful'),
  drawbridge({ ...many, id: 'drawbridge-cold' }),
  drawbridge({ ...many, id: 'drawbridge-warm', warm: 4 }),
  drawbridge({ ...many, id: 'drawbridge-warm-contained', warm: 4, sandbox: 'namespace' })
]

/** Spares of the target below. */
export const SPARES = 24

/** For sessions of users who were never there before. */
export const onSpares: Target = drawbridge({ ...many, id: 'drawbridge-spares', warm: SPARES })

/** Everything that takes calls, floors and rivals first, ours last. */
export const targets: readonly Target[] = [fastifyFloor, ...rivals, ...httpRivals, ...drawbridges]

const shortLived: readonly Target[] = [
  supergatewayShortIdle(SHORT_IDLE_MS),
  ...(['shared', 'user', 'session'] as const).map((isolation) =>
    drawbridge({ ...ours, id: `drawbridge-${isolation}`, isolation, idleMs: SHORT_IDLE_MS }))
]

/** For the rows about clients that leave: variants with a short idle time stand in for ours, and beside a rival that has one. */
export function withShortIdle (chosen: readonly Target[]): readonly Target[] {
  const families = new Set(chosen.map(({ family }) => family))
  return [...chosen.filter(({ family }) => family !== 'drawbridge'), ...shortLived.filter(({ family }) => families.has(family))]
}

/** What will have no figures on this machine, a sentence per program that is missing. */
export function missingOf (chosen: readonly Target[]): string[] {
  const wanting = [...chosen, ...perUser, ...firstCallers].filter(({ needs = [] }) => missingPrograms(needs).length > 0)
  const byProgram = Map.groupBy(wanting, ({ needs = [] }) => missingPrograms(needs).join(' and '))
  return [...byProgram].map(([programs, without]) => `${programs} not on the PATH: no figures of ${without.map(({ id }) => id).join(', ')}`)
}

const QUICK = new Set(['fastify', 'mcp-proxy', 'mcp-proxy-lean', 'supergateway-stateful', 'naive-shared-json', 'direct', 'nginx', 'http-proxy', 'drawbridge-shared', 'drawbridge-user'])

/** Targets for a run: those that --only names, or the short list of --quick, or all. */
export function chooseTargets ({ only, quick }: { readonly only: readonly string[], readonly quick: boolean }): readonly Target[] {
  const named = targets.filter(({ id }) => only.includes(id))
  if (named.length > 0) return named
  return quick ? targets.filter(({ id }) => QUICK.has(id)) : targets
}
