import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { requirements, shortcoming } from './expectations.ts'
import { runSuite, type Run } from './runner.ts'

/** A run of the suite against a server. */
export interface ServerSet {
  /** As MCP names it. */
  readonly revision: string
  readonly args: readonly string[]
  /** Scenarios that have to pass. */
  readonly scenarios: readonly string[]
}

/** What the revision requires and what the suite runs beside it. */
function setOf (revision: '2025-11-25' | '2026-07-28'): ServerSet {
  const { required, unscored } = requirements(revision, 'server')
  return { revision, args: ['--requirements', revision], scenarios: [...required, ...unscored] }
}

/** 2026-07-28: 37 required, and ten of the tasks extension, JSON Schema 2020-12, headers. */
export const modernSet = (): ServerSet => setOf('2026-07-28')

/** 2025-11-25 (30 required, and session life, polling, JSON Schema), 2025-06-18, 2025-03-26. */
export const legacySets = (): ServerSet[] => [
  setOf('2025-11-25'),
  { revision: '2025-06-18', args: ['--suite', 'all', '--spec-version', '2025-06-18'], scenarios: scenariosOf20250618 },
  { revision: '2025-03-26', args: ['--suite', 'all', '--spec-version', '2025-03-26'], scenarios: ['server-session-lifecycle'] }
]

const scenariosOf20250618 = [
  'server-initialize', 'server-session-lifecycle', 'logging-set-level', 'ping', 'completion-complete', 'tools-list',
  ...['simple-text', 'image', 'audio', 'embedded-resource', 'mixed-content', 'with-logging', 'error', 'with-progress', 'sampling', 'elicitation'].map((name) => `tools-call-${name}`),
  ...['list', 'read-text', 'read-binary', 'templates-read', 'subscribe', 'unsubscribe'].map((name) => `resources-${name}`),
  ...['list', 'get-simple', 'get-with-args', 'get-embedded-resource', 'get-with-image'].map((name) => `prompts-${name}`)
]

/** Without some scenarios, each with the reason why it cannot pass there. @throws for a name that the set does not have */
export function without (set: ServerSet, reasons: Readonly<Record<string, string>>): ServerSet {
  for (const name of Object.keys(reasons)) assert.ok(set.scenarios.includes(name), `${set.revision} has no ${name}`)
  return { ...set, scenarios: set.scenarios.filter((name) => reasons[name] === undefined) }
}

/** Scenarios that read streams for half a second whatever the machine is busy with, and how often they may be run again for it. */
const TIMED: Readonly<Record<string, number>> = { 'server-stateless': 2 }

/** Runs a set once and makes one test of each scenario. @param url read when the run begins */
export function testSet (title: string, set: ServerSet, url: () => string): void {
  describe(`${title}, ${set.revision}`, () => {
    let run: Run
    before(async () => { run = await runSuite(['server', '--url', url(), ...set.args]) })
    for (const name of set.scenarios) {
      it(name, async () => {
        let wrong = shortcoming(run, name)
        for (let again = TIMED[name] ?? 0; again > 0 && wrong !== undefined; again--) wrong = await runAlone(name, set.revision, url())
        assert.equal(wrong, undefined)
      })
    }
  })
}

/** Makes one test of each scenario and runs it on its own. @param url of the server, for this scenario */
export function testAlone (title: string, set: ServerSet, url: (scenario: string) => string): void {
  describe(`${title}, ${set.revision}, one by one`, () => {
    for (const name of set.scenarios) it(name, async () => { assert.equal(await runAlone(name, set.revision, url(name)), undefined) })
  })
}

async function runAlone (name: string, revision: string, url: string): Promise<string | undefined> {
  return shortcoming(await runSuite(['server', '--url', url, '--scenario', name, '--spec-version', revision]), name)
}
