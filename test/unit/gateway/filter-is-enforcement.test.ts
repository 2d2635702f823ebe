/** What lists show can be used and what they hide cannot, for every kind and face of one gateway, under random rules (T54, R11). */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import type { Principal } from '../../../src/shared/principal.ts'
import type { PatternRules, RoleSettings } from '../../../src/shared/settings/access.ts'
import { createPolicy, type Policy } from '../../../src/tenancy/index.ts'
import { access, server, tenantId } from '../tenancy/entries.ts'
import { seeded } from '../../helpers/random.ts'
import { startGateway, routeTo } from './gateway-parts.ts'

const fixture = fileURLToPath(new URL('../../fixtures/stdio-servers/lists.mjs', import.meta.url))
const NAMES = ['read', 'read_all', 'write', 'drop']
const PATTERNS = ['*', 'read*', '*_all', 'write', '*drop', 'fs__*', 'fs__read', '*__write', 'fs+list://read*', 'fs+*', 'list://w*']
const ok = { content: [], messages: [], contents: [] }

test('40 random policies: lists and uses agree, in sessions, modern requests and plain JSON, at the server and over all servers', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'drawbridge-filter-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const plan = join(dir, 'plan')
  writeFileSync(plan, JSON.stringify({
    tools: NAMES.map((name) => ({ name, inputSchema: {} })),
    prompts: NAMES.map((name) => ({ name })),
    resources: NAMES.map((name) => ({ uri: `list://${name}`, name })),
    results: Object.fromEntries(NAMES.flatMap((name) => [[name, ok], [`list://${name}`, ok]]))
  }))
  let policy = createPolicy({ servers: new Map() })
  const current: Policy = {
    tenantKnown: (...args) => policy.tenantKnown(...args),
    servers: (...args) => policy.servers(...args),
    mayUseServer: (...args) => policy.mayUseServer(...args),
    missingListScope: (...args) => policy.missingListScope(...args),
    decision: (...args) => policy.decision(...args),
    visible: (...args) => policy.visible(...args),
    refusal: (...args) => policy.refusal(...args)
  }
  const bench = await startGateway(t, { servers: { fs: { args: [fixture], env: { LISTS_PLAN: plan } } }, change: (options) => ({ ...options, policy: current }) })
  const random = seeded(54)
  const some = (): string[] => PATTERNS.filter(() => random() < 0.25)
  const rules = (): PatternRules => ({ deny: some(), ...(random() < 0.5 ? { allow: some() } : {}) })
  const features = (): Record<'tools' | 'prompts' | 'resources', PatternRules> => ({ tools: rules(), prompts: rules(), resources: rules() })
  const role = (): RoleSettings => access(features())
  let shown = 0
  let hidden = 0
  for (let round = 0; round < 40; round++) {
    policy = createPolicy({ servers: new Map([server('fs', random() < 0.5 ? {} : features())]), tenants: new Map([[tenantId('acme'), { ...access(features()), limits: {} }]]), roles: new Map([['a', role()], ['b', role()]]) })
    const own: Partial<Principal> = random() < 0.5 ? { tenant: tenantId('acme') } : { tenant: tenantId('acme'), roles: ['a', 'b'].filter(() => random() < 0.7) }
    if (own.roles?.length === 0) continue
    for (const [route, tools, uris] of [['fs', '', ''], ['/', 'fs__', 'fs+']] as const) {
      const session = await bench.client('alice', route, undefined, own)
      const modern = bench.modern('alice', route, undefined, own)
      for (const [list, member, key, use, of] of [['tools/list', 'tools', 'name', 'tools/call', tools], ['prompts/list', 'prompts', 'name', 'prompts/get', tools], ['resources/list', 'resources', 'uri', 'resources/read', uris]] as const) {
        for (const [face, get] of [['session', session.get], ['modern', modern.get]] as const) {
          const { result } = await get(list)
          const listed = (result?.[member] as Array<Record<string, string>>).map((item) => item[key])
          for (const name of NAMES) {
            const asked = of + (key === 'uri' ? `list://${name}` : name)
            const answer = await get(use, { [key]: asked })
            const context = `round ${round}, ${face} at ${route}: ${use} ${asked}, listed: ${listed.join(' ')}`
            assert.equal(answer.error === undefined && answer.refused === undefined, listed.includes(asked), context)
            if (use === 'tools/call') {
              const plain = await bench.gateway.callTool(bench.caller('alice', own), routeTo(route), { toolName: asked, arguments: {} }, new AbortController().signal)
              assert.equal(plain.ok, listed.includes(asked), `plain, ${context}`)
            }
            if (listed.includes(asked)) shown++
            else hidden++
          }
        }
      }
    }
  }
  assert.ok(shown > 100 && hidden > 100, `${shown} shown, ${hidden} hidden`)
})
