import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { clientFile } from '../helpers/programs.ts'
import type { Check, Run } from './runner.ts'

type Revision = '2025-11-25' | '2026-07-28'

interface RequirementsFile {
  readonly server: readonly string[]
  readonly client: readonly string[]
  readonly not_scored: ReadonlyArray<{ readonly scenario: string, readonly leg: 'server' | 'client' }>
}

/** What a revision requires of a server or client, and what the suite runs beside it: the suite's own frozen lists. */
export function requirements (revision: Revision, leg: 'server' | 'client'): { readonly required: readonly string[], readonly unscored: readonly string[] } {
  const file = parse(readFileSync(clientFile(`@modelcontextprotocol/conformance/requirements/${revision}.yaml`), 'utf8')) as RequirementsFile
  return { required: file[leg], unscored: file.not_scored.filter((entry) => entry.leg === leg).map((entry) => entry.scenario) }
}

/** Scenarios in which this version of the suite checks nothing. */
const EMPTY = new Set([
  // Skipped by the suite itself, whatever the server does.
  'tasks-status-notifications'
])

/** Why a scenario of a run does not count as passed; undefined = it passed. Warnings count: what SHOULD be, is. */
export function shortcoming (run: Run, name: string): string | undefined {
  const scenario = run.scenarios.find((entry) => entry.name === name)
  if (scenario === undefined) return `${name}: not run\n${run.output.slice(-2000)}`
  const wrong = scenario.checks.filter((check) => check.status === 'FAILURE' || check.status === 'WARNING')
  if (wrong.length > 0) return wrong.map((check) => `${name}: ${describe(check)}`).join('\n')
  if (!scenario.checks.some((check) => check.status === 'SUCCESS') && !EMPTY.has(name)) return `${name}: checked nothing (${scenario.checks.map((check) => `${check.id} ${check.status}`).join(', ')})`
  return undefined
}

function describe ({ id, status, description, errorMessage, details }: Check): string {
  return `${id} ${status}: ${errorMessage ?? description} ${JSON.stringify(details ?? null).slice(0, 1500)}`
}
