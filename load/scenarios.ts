/**
 * What is asked of a gateway under load, as data: both runners (Node and k6) read this file, so it holds no code that only one of
 * them could run.
 */

/** Users grow or shrink evenly to `users` within `seconds`. */
export interface Stage {
  readonly users: number
  readonly seconds: number
}

/** What has to hold when a scenario is over. Shares are 0 to 1. */
export interface Thresholds {
  /** 95 of 100 requests are answered whole within this time. */
  readonly p95Ms: number
  /** Most requests that may fail: refused, cut off, or answered with something else than was asked for. */
  readonly errorShare: number
  /** Fewest journeys that have to reach their end. */
  readonly doneShare: number
}

/** Virtual users that each go through the same journey (journey.ts), again and again. */
export interface Scenario {
  /** One line for a person. */
  readonly title: string
  readonly startUsers: number
  readonly stages: readonly Stage[]
  /** What a user does after a journey: nothing, for so long. */
  readonly pauseMs: number
  readonly thresholds: Thresholds
}

/** How long users that are on their way when the time is over may go on. */
export const LINGER_SECONDS = 30

/** The scenarios by name (`npm run load -- --scenario NAME`). */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  smoke: {
    title: 'one user, 10 s: does every way in work at all?',
    startUsers: 1,
    stages: [{ users: 1, seconds: 10 }],
    pauseMs: 200,
    thresholds: { p95Ms: 1000, errorShare: 0, doneShare: 1 }
  },
  users50: {
    title: '50 users for 30 s: is it quick enough for a busy day?',
    startUsers: 50,
    stages: [{ users: 50, seconds: 30 }],
    pauseMs: 1000,
    thresholds: { p95Ms: 500, errorShare: 0.001, doneShare: 0.999 }
  },
  spike: {
    title: 'from 5 users to 200 within 5 s, and back: does it hold, and recover?',
    startUsers: 5,
    stages: [{ users: 5, seconds: 10 }, { users: 200, seconds: 5 }, { users: 200, seconds: 20 }, { users: 5, seconds: 5 }, { users: 5, seconds: 10 }],
    pauseMs: 1000,
    thresholds: { p95Ms: 2000, errorShare: 0.01, doneShare: 0.99 }
  },
  soak: {
    title: '20 users for an hour (--seconds for another time): does anything grow, or wear out?',
    startUsers: 20,
    stages: [{ users: 20, seconds: 3600 }],
    pauseMs: 1000,
    thresholds: { p95Ms: 500, errorShare: 0.0001, doneShare: 0.999 }
  }
}

/** What an operator changes of a scenario from the command line. */
export interface Changes {
  /** In place of the duration of the longest stage. */
  readonly seconds?: number | undefined
  readonly users?: number | undefined
  readonly p95Ms?: number | undefined
}

/** A scenario as it is run. `users` is the number at its height: all stages are scaled alike. @throws for a name that is not there */
export function scenarioOf (name: string, { seconds, users, p95Ms }: Changes = {}): Scenario {
  const scenario = SCENARIOS[name]
  if (scenario === undefined) throw new Error(`no scenario ${name}: there are ${Object.keys(SCENARIOS).join(', ')}`)
  const longest = Math.max(...scenario.stages.map((stage) => stage.seconds))
  const height = Math.max(...scenario.stages.map((stage) => stage.users))
  const scaled = (count: number): number => users === undefined ? count : Math.max(1, Math.round(count * users / height))
  return {
    ...scenario,
    startUsers: scaled(scenario.startUsers),
    stages: scenario.stages.map((stage) => ({ users: scaled(stage.users), seconds: seconds !== undefined && stage.seconds === longest ? seconds : stage.seconds })),
    thresholds: { ...scenario.thresholds, p95Ms: p95Ms ?? scenario.thresholds.p95Ms }
  }
}

/** How many users there are `atSeconds` after the start; undefined when the scenario is over. */
export function usersAt ({ startUsers, stages }: Pick<Scenario, 'startUsers' | 'stages'>, atSeconds: number): number | undefined {
  let from = startUsers
  let left = atSeconds
  for (const { users, seconds } of stages) {
    if (left < seconds) return Math.round(from + (users - from) * left / seconds)
    left -= seconds
    from = users
  }
  return undefined
}
