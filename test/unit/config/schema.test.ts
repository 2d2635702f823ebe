import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { Ajv } from 'ajv'
import { parse } from 'yaml'
import { keyReference, replaceReference } from '../../../config/key-reference.ts'
import { editorSchema, REFERENCE_FILE, SCHEMA_FILE } from '../../../config/publish-schema.ts'
import { gatewayFile } from '../../../config/schema/gateway-file.ts'
import { PROJECT, SECRET, settingsOfFile } from './load.ts'

interface Node { description?: string, type?: string, properties?: Record<string, Node>, additionalProperties?: boolean | Node, items?: Node, minimum?: number, maximum?: number }

function eachNode (node: Node, path: string, visit: (node: Node, path: string) => void): void {
  visit(node, path)
  for (const [name, member] of Object.entries(node.properties ?? {})) eachNode(member, `${path}.${name}`, visit)
  if (typeof node.additionalProperties === 'object') eachNode(node.additionalProperties, `${path}.*`, visit)
  if (node.items !== undefined) eachNode(node.items, `${path}[]`, visit)
}

describe('the published schema', () => {
  it('is what the validator uses (npm run schema writes it)', () => {
    assert.equal(readFileSync(SCHEMA_FILE, 'utf8'), editorSchema())
  })

  it('and the reference in docs/configuration.md are fresh', () => {
    const document = readFileSync(REFERENCE_FILE, 'utf8')
    assert.equal(document, replaceReference(document, keyReference(gatewayFile)))
  })

  it('is a schema that other validators take, and that knows the examples', () => {
    const validate = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true }).compile(JSON.parse(editorSchema()) as object)
    for (const file of ['quickstart.json', 'production.yaml']) {
      assert.equal(validate(parse(readFileSync(`${PROJECT}/config/examples/${file}`, 'utf8'), { merge: true })), true, JSON.stringify(validate.errors))
    }
    assert.equal(validate({ mcpServers: {}, tennants: {} }), false)
  })

  it('is strict everywhere but inside server entries, describes every key and bounds every number', () => {
    eachNode(gatewayFile as Node, '', (node, path) => {
      const key = path.split('.').at(-1) ?? ''
      if (path !== '' && !path.endsWith('[]') && key !== '*') assert.ok((node.description ?? '') !== '', `${path} has no description`)
      if (node.type === 'integer') assert.ok(node.minimum !== undefined && node.maximum !== undefined, `${path} has no bounds`)
      const open = ['.mcpServers.*', '.servers.*'].includes(path)
      if (node.properties !== undefined) assert.equal(node.additionalProperties, open ? undefined : false, `${path} is ${open ? 'strict' : 'open'}`)
    })
  })
})

describe('the examples load', () => {
  it('quickstart.json: four real servers, pinned, nothing to warn of, data in ./data of the project', async () => {
    const settings = await settingsOfFile('config/examples/quickstart.json', { cwd: PROJECT })
    assert.deepEqual(settings.warnings, [])
    assert.deepEqual([...settings.servers.keys()], ['everything', 'filesystem', 'memory', 'sequential-thinking'])
    assert.deepEqual(settings.servers.get('filesystem' as never)?.args.at(-1), `${PROJECT}/data/{tenant}/{user}/files`)
    assert.deepEqual(settings.servers.get('memory' as never)?.env, { MEMORY_FILE_PATH: `${PROJECT}/data/{tenant}/{user}/memory.json` })
    assert.deepEqual(settings.servers.get('memory' as never)?.capabilities, { fixed: {} })
    await settingsOfFile('config/examples/quickstart.json', { cwd: PROJECT, flags: { mode: 'production' }, mayLackPackages: true })
  })

  it('production.yaml: every section, nothing to warn of', async () => {
    const settings = await settingsOfFile('config/examples/production.yaml', { cwd: PROJECT, mayLackPackages: true, env: { GITHUB_TOKEN: 'x', CRM_KEY: 'x', ACME_JWT_SECRET: SECRET } })
    assert.deepEqual(settings.warnings, [])
    assert.equal(settings.mode, 'production')
    const written = Object.keys(parse(readFileSync(`${PROJECT}/config/examples/production.yaml`, 'utf8')) as object)
    const effective = Object.entries(gatewayFile.properties).filter(([, node]) => !('x-notice' in node)).map(([key]) => key)
    assert.deepEqual(effective.filter((key) => !written.includes(key)), ['$schema', 'servers', 'include', ...written.includes('redis') ? [] : ['redis', 'replica']])
  })
})
