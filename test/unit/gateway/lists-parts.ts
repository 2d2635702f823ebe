import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { JsonObject } from '../../../src/protocol/index.ts'
import type { ServerSettings } from '../../../src/shared/settings/server.ts'
import { runs } from '../upstream/upstream-parts.ts'
import type { TestClient } from './gateway-parts.ts'

/** A fixture server (lists.mjs) whose lists the test writes. */
export interface PlannedServer {
  readonly entry: Partial<ServerSettings>
  /** From now on it lists this. */
  plan (plan: JsonObject): void
  /** Requests of this method that reached it, each as `<who> <method> <name or cursor>`. */
  journal (method: string): string[]
}

/** @param own more of its entry; its environment is added to */
export function plannedServer (t: TestContext, plan: JsonObject, own: Partial<ServerSettings> = {}): PlannedServer {
  const dir = mkdtempSync(join(tmpdir(), 'lists-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const [planPath, journalPath] = [join(dir, 'plan.json'), join(dir, 'journal')]
  const server: PlannedServer = {
    entry: { ...runs('lists.mjs'), ...own, env: { LISTS_PLAN: planPath, LISTS_JOURNAL: journalPath, ...own.env } },
    // In one step: the server may be reading it.
    plan: (next) => {
      writeFileSync(`${planPath}.new`, JSON.stringify(next))
      renameSync(`${planPath}.new`, planPath)
    },
    journal: (method) => readFileSync(journalPath, 'utf8').split('\n').filter((line) => line.split(' ')[1] === method)
  }
  writeFileSync(journalPath, '')
  server.plan(plan)
  return server
}

/** A tool of this name, and whatever else it has. */
export function tool (name: string, more: JsonObject = {}): JsonObject {
  return { name, inputSchema: { type: 'object' }, ...more }
}

/** A tool that only its server's own app may call (MCP Apps). */
export function appOnlyTool (name: string): JsonObject {
  return tool(name, { _meta: { ui: { visibility: ['app'], resourceUri: 'ui://panel' } } })
}

/** One page of a list. */
export interface TestPage {
  readonly names: string[]
  readonly next: string | undefined
  /** What `_meta` says of servers. */
  readonly servers: unknown
  readonly error: number | undefined
}

const IDENTITY: Readonly<Record<string, readonly [string, string]>> = {
  'tools/list': ['tools', 'name'], 'prompts/list': ['prompts', 'name'], 'resources/list': ['resources', 'uri'], 'resources/templates/list': ['resourceTemplates', 'uriTemplate']
}

export async function page (client: TestClient, cursor?: string, method = 'tools/list'): Promise<TestPage> {
  const { result, error, refused } = await client.get(method, cursor === undefined ? {} : { cursor })
  const [member, key] = IDENTITY[method] ?? ['', '']
  return {
    names: (result?.[member] as Array<Record<string, string>> | undefined ?? []).map((item) => item[key] ?? ''),
    next: result?.['nextCursor'] as string | undefined,
    servers: (result?.['_meta'] as JsonObject | undefined)?.['io.drawbridge/servers'],
    error: error?.code ?? refused?.row.rpcCode
  }
}

/** All pages, one after the other. @throws when one is an error */
export async function pages (client: TestClient, method = 'tools/list'): Promise<TestPage[]> {
  const all: TestPage[] = []
  for (let cursor: string | undefined; ; cursor = all.at(-1)?.next) {
    const next = await page(client, cursor, method)
    if (next.error !== undefined) throw new Error(`${method}: ${next.error}`)
    all.push(next)
    if (next.next === undefined) return all
  }
}

/** `count` names as the aggregate shows a planned server's made-up tools. */
export function madeUp (server: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${server}__tools_${index}`)
}

/** Deadlines of these lengths pass in one second. */
export function hurry (t: TestContext, ...lengthsMs: readonly number[]): void {
  const real = globalThis.setTimeout
  t.mock.method(globalThis, 'setTimeout', (then: (...rest: unknown[]) => void, ms?: number, ...rest: unknown[]) => real(then, lengthsMs.includes(ms ?? 0) ? 1000 : ms, ...rest))
}
