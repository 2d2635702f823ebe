import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { faultsOf, oneServer, settingsOf, SHA } from './load.ts'

const schema = { type: 'object', properties: { path: { type: 'string', pattern: '^/home/' } }, required: ['path'] }
const rule = { tools: ['one__write_*'], arguments: schema, effect: 'allow' }
const key = (own: object) => ({ auth: { apiKeys: [{ id: 'k1', sha256: SHA, tenant: 'acme', user: 'alice', ...own }] } })

async function faultLines (rest: Record<string, unknown>): Promise<string[]> {
  return (await faultsOf(oneServer({}, rest))).map(({ key: at, message }) => `${at}: ${message}`)
}

describe('roles and rules', () => {
  it('are read as they stand, with servers by name and absent lists absent', async () => {
    const role = { servers: ['one'], tools: { allow: ['one__read_*'] }, resources: { deny: ['one+file:///x'] }, scopes: ['tools:call'], rules: [{ ...rule, message: 'No.' }] }
    const settings = await settingsOf(oneServer({}, { roles: { analyst: role }, tenants: { acme: { prompts: { allow: [] }, roles: { own: {} } } }, ...key({ roles: ['analyst', 'own'] }) }))
    assert.deepEqual(settings.roles?.get('analyst'), { ...role, tools: { allow: ['one__read_*'], deny: [] }, resources: role.resources })
    const acme = [...settings.tenants?.values() ?? []][0]
    assert.deepEqual(acme, { tools: { deny: [] }, prompts: { allow: [], deny: [] }, roles: acme?.roles, limits: {} })
    assert.deepEqual(acme?.roles?.get('own'), { tools: { deny: [] } })
    assert.deepEqual(settings.auth.apiKeys[0]?.roles, ['analyst', 'own'])
    assert.deepEqual(settings.warnings, [])
  })

  it('name unknown roles and servers by their key', async () => {
    assert.deepEqual(await faultLines({ roles: { analyst: { servers: ['oen'] } }, ...key({ roles: ['analyst', 'anlyst'] }) }), [
      'roles.analyst.servers[0]: expected the name of a server, but there is no "oen"; did you mean "one"?',
      'auth.apiKeys[0].roles[1]: expected one of the roles of this configuration, but there is no "anlyst"; did you mean "analyst"?'
    ])
    const ofAnother = await faultLines({ tenants: { acme: {}, globex: { roles: { own: {} } } }, ...key({ roles: ['own'] }) })
    assert.match(ofAnother.join(), /^auth\.apiKeys\[0\]\.roles\[0\]: expected one of the roles/)
    assert.match((await faultLines({ roles: { 'two words': {} } })).join(), /^roles\["two words"\]: expected a name/)
  })

  it('refuse a schema that could not be held to, each by its key', async () => {
    const wrong: ReadonlyArray<readonly [schema: object, message: RegExp]> = [
      [{ type: 'strng' }, /expected a JSON Schema, but .*type/],
      [{ requried: ['path'] }, /expected a JSON Schema, but .*requried/],
      [{ properties: { path: { $ref: 'https://example.com/schema.json' } } }, /refers to nothing outside/],
      [{ properties: { path: { pattern: '(?=a)b' } } }, /without look-around/]
    ]
    for (const [schema, message] of wrong) {
      const [line = '', ...others] = await faultLines({ tenants: { acme: { rules: [rule, { ...rule, arguments: schema }] } } })
      assert.ok(line.startsWith('tenants.acme.rules[1].arguments: '), line)
      assert.match(line, message)
      assert.deepEqual(others, [])
    }
  })

  it('warn of what protects nobody', async () => {
    const { warnings } = await settingsOf(oneServer({}, { roles: { r: { tools: { deny: ['two__x'] }, resources: { deny: ['one__x'] }, scopes: ['tool:call'], rules: [{ ...rule, tools: ['eno__x'] }, { ...rule, effect: 'deny', arguments: { properties: { path: {} } } }] } } }))
    assert.deepEqual(warnings, [
      'roles.r.scopes[0]: is a scope that grants nothing; known are tools:read, tools:call[:<pattern>], resources:read, prompts:read and *',
      'roles.r.rules[1].arguments: is fitted also by calls without path, because "required" does not name it',
      'roles.r.tools.deny[0]: matches no tool: expected a pattern over <server>__<tool> with the name of a server',
      'roles.r.resources.deny[0]: matches no resource: expected a pattern over <server>+<uri> with the name of a server',
      'roles.r.rules[0].tools[0]: matches no tool: expected a pattern over <server>__<tool> with the name of a server'
    ])
  })
})

describe('policy.hook', () => {
  it('has defaults that fail closed', async () => {
    const { policyHook } = await settingsOf(oneServer({}, { policy: { hook: { url: 'https://decisions.example.com/v1' } } }))
    assert.deepEqual(policyHook, { url: 'https://decisions.example.com/v1', headers: {}, timeoutMs: 500, maxConcurrent: 32, whenAway: 'deny', sendArguments: false, allowPrivateNetwork: false })
    assert.equal((await settingsOf(oneServer())).policyHook, undefined)
  })

  it('is held to the rules for outbound connections', async () => {
    assert.match((await faultLines({ policy: { hook: { url: 'http://10.0.0.1/x' } } })).join(), /^policy\.hook\.url: expected/)
    assert.match((await faultLines({ policy: { hook: { url: 'https://169.254.169.254/x', allowPrivateNetwork: true } } })).join(), /^policy\.hook\.url: expected/)
    assert.match((await faultLines({ policy: { hook: { url: 'https://a.example.com', headers: { Host: 'b' } } } })).join(), /^policy\.hook\.headers\.Host: expected another header/)
  })
})

it('validateArguments stays absent unless it is said', async () => {
  for (const [entry, expected] of [[{}, undefined], [{ validateArguments: false }, false]] as const) {
    const { servers } = await settingsOf(oneServer(entry))
    assert.equal([...servers.values()][0]?.validateArguments, expected)
  }
})
