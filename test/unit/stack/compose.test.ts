import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { Ajv } from 'ajv'
import { parse } from 'yaml'
import { composeFaults } from './compose-rules.ts'
import { composeSchema } from './compose-schema.ts'
import type { ComposeFile, ComposeService } from './compose-schema.ts'

const fileAt = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
const text = fileAt('docker-compose.yml')
const compose = parse(text, { merge: true }) as ComposeFile
const validate = new Ajv({ allErrors: true }).compile(composeSchema)

describe('docker-compose.yml', () => {
  it('is valid Compose', () => {
    assert.equal(validate(compose), true, JSON.stringify(validate.errors, undefined, 1))
  })

  it('keeps the rules of a production stack', () => {
    assert.deepEqual(composeFaults(compose), [])
  })

  it('asks for nothing that .env.example does not explain or a default answers', () => {
    const explained = new Set([...fileAt('.env.example').matchAll(/^#?([A-Z_]+)=/gm)].map(([, name]) => name))
    const asked = [...text.matchAll(/\$\{([A-Z_]+)(:-)?/g)]
    assert.ok(asked.length > 20)
    assert.deepEqual(asked.filter(([, name, fallback]) => !explained.has(name) && fallback === undefined).map(([, name]) => name), [])
    const assumed = new Map([...fileAt('.env.example').matchAll(/^#?([A-Z_]+)=(.+)$/gm)].map(([, name, value]) => [name, value]))
    const other = [...text.matchAll(/\$\{([A-Z_]+):-([^${}]+)\}/g)].filter(([, name, fallback]) => assumed.has(name) && assumed.get(name) !== fallback)
    assert.deepEqual(other.map(([whole]) => whole), [], 'defaults that differ from .env.example')
  })

  it('lets gateways finish what they drain', () => {
    const { drainMs, drainLeadMs = 0 } = parse(fileAt('deploy/gateway/gateway.yaml'), { merge: true }) as { drainMs: number, drainLeadMs?: number }
    const graceMs = Number.parseInt(compose.services['gateway-blue-1']?.stop_grace_period ?? '') * 1000
    assert.ok(graceMs >= drainMs + drainLeadMs + 5000, `${graceMs} ms of grace for a drain of ${drainMs + drainLeadMs} ms`)
  })

  it('begins to watch when the gateways may begin', () => {
    const { packages } = compose.services['gateway-blue-1']?.depends_on ?? {}
    assert.ok(packages)
    assert.deepEqual(compose.services['prometheus']?.depends_on, { packages })
  })

  it('gives Redis less than its container', () => {
    const mebibytes = Number(/^maxmemory (\d+)mb$/m.exec(fileAt('deploy/redis.conf'))?.[1])
    assert.equal(compose.services['redis']?.deploy?.resources.limits.memory, '1g')
    assert.ok(mebibytes <= 0.7 * 1024)
  })
})

describe('docker-compose.dev.yml', () => {
  const override = parse(fileAt('docker-compose.dev.yml'), { merge: true }) as ComposeFile

  it('is valid Compose, over services that there are', () => {
    assert.equal(validate(override), true, JSON.stringify(validate.errors, undefined, 1))
    assert.deepEqual(Object.keys(override.services).filter((name) => compose.services[name] === undefined), [])
  })

  it('publishes nothing beyond this machine', () => {
    const ports = Object.values(override.services).flatMap(({ ports = [] }) => ports)
    assert.ok(ports.length > 2)
    assert.deepEqual(ports.filter((port) => !port.startsWith('127.0.0.1:')), [])
  })
})

// eslint-disable-next-line no-template-curly-in-string -- it is Compose's template
const STATE = '${SUBNET:-172.30.240}'

/** One way to spoil the file, and what the rules say to it. */
const SPOILED: ReadonlyArray<readonly [fault: RegExp, spoil: (service: ComposeService, file: ComposeFile) => void]> = [
  [/redis: the root is not read-only/, (redis) => { redis.read_only = false }],
  [/redis: capabilities are not dropped/, (redis) => { redis.cap_drop = ['NET_RAW'] }],
  [/redis: may gain privileges/, (redis) => { redis.security_opt = ['seccomp=unconfined'] }],
  [/redis: no user, or root/, (redis) => { redis.user = '0:0' }],
  [/redis: holds the engine's socket/, (redis) => { redis.volumes = ['/var/run/docker.sock:/var/run/docker.sock:ro'] }],
  [/redis: may write to/, (redis) => { redis.volumes = ['./deploy/redis.conf:/etc/redis/redis.conf'] }],
  [/redis: no limits/, (redis) => { delete redis.deploy }],
  [/redis: its log has no bound/, (redis) => { delete redis.logging }],
  [/redis: is not started again/, (redis) => { redis.restart = 'no' }],
  [/redis: nobody can tell/, (redis) => { delete redis.healthcheck }],
  [/redis: is published/, (redis) => { redis.ports = ['6379:6379'] }],
  [/redis: the secret nowhere is declared/, (redis) => { redis.secrets = ['nowhere'] }],
  [/redis: REDIS_PASSWORD is in the environment/, (redis) => { redis.environment = { REDIS_PASSWORD: 'secret' } }],
  [/redis: the image redis:latest is not/, (redis) => { redis.image = 'redis:latest' }],
  [/packages: scripts of packages run beside the secret redis_url/, (_, { services }) => { services['packages']!.secrets = ['redis_url'] }],
  [/packages: its image may come from anywhere/, (_, { services }) => { delete services['packages']?.pull_policy }],
  [/redis: is on the default network/, (redis) => { delete redis.networks }],
  [/redis: has a way out by egress/, (redis) => { redis.networks = ['state', 'egress'] }],
  [/redis: .* may be given to somebody else/, (redis) => { redis.networks = { state: { ipv4_address: `${STATE}.50` } } }],
  [/has the address of/, (redis) => { redis.networks = { state: { ipv4_address: `${STATE}.41` } } }],
  [/the network state has a way out/, (_, { networks }) => { if (networks?.['state'] !== undefined) networks['state'].internal = false }],
  [/grafana: reaches Redis/, (_, { services }) => { if (services['grafana'] !== undefined) services['grafana'].networks = ['watch', 'state'] }],
  [/gateway-blue-1: HOST is not its address/, (_, { services }) => { services['gateway-blue-1']!.environment!['HOST'] = '0.0.0.0' }]
]

describe('the rules see a file that breaks them', () => {
  for (const [fault, spoil] of SPOILED) {
    it(fault.source, () => {
      const file = structuredClone(compose)
      const redis = file.services['redis']
      assert.ok(redis)
      spoil(redis, file)
      assert.match(composeFaults(file).join('\n'), fault)
    })
  }

  it('and the schema a key that is misspelled', () => {
    const file = structuredClone(compose)
    Object.assign(file.services['redis'] ?? {}, { readonly: true })
    assert.equal(validate(file), false)
  })
})
