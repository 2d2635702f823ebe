/** What a worker finds open, in its environment and on command lines when it starts (T41). */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, closeSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { makeApiKey } from '../../helpers/api-keys.ts'
import { startGateway } from '../../helpers/gateway.ts'
import { createLegacyWire, textOf } from '../../helpers/legacy-wire.ts'
import { allProcesses, descendantsOf, environmentOf } from '../../helpers/processes.ts'
import { probe, roomyLimits } from '../../helpers/server-entries.ts'
import { startRedis } from '../../helpers/redis.ts'
import { until } from '../../helpers/until.ts'

const launcher = fileURLToPath(new URL('../../../bin/drawbridge.mjs', import.meta.url))

describe('what a worker inherits', () => {
  it('its three pipes and no other descriptor, whatever the gateway itself was started with', { skip: process.platform === 'linux' ? false : 'needs /proc' }, async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'drawbridge-test-'))
    t.after(() => rm(dir, { recursive: true, force: true }))
    const key = makeApiKey({ tenant: 'acme', user: 'alice' })
    const list = join(dir, 'descriptors')
    await writeFile(join(dir, 'secret'), 'SECRET')
    // No MCP server: it writes down what it finds open and is gone. `ls` adds one descriptor of its own, the directory.
    const server = { command: '/bin/sh', args: ['-c', `ls -l /proc/self/fd > ${list}.part; mv ${list}.part ${list}`], sandbox: { level: 'none' } }
    await writeFile(join(dir, 'gateway.json'), JSON.stringify({ mcpServers: { server }, auth: { apiKeys: [key.entry] } }))
    const left = openSync(join(dir, 'secret'), 'r')
    // Descriptors 3 and 40, as a shell's `3<secret` or a service manager leaves them.
    const stdio = ['ignore', 'pipe', 'ignore', left, ...Array.from({ length: 36 }, () => 'ignore' as const), left] as const
    const gateway = spawn(process.execPath, [launcher, 'serve', '--config', 'gateway.json', '--port', '0'], {
      cwd: dir, env: { PATH: process.env['PATH'], DRAWBRIDGE_MANAGEMENT_PORT: '0' }, stdio: [...stdio]
    })
    closeSync(left)
    const exited = once(gateway, 'exit')
    t.after(async () => {
      gateway.kill('SIGTERM')
      await exited
    })
    let log = ''
    gateway.stdout?.on('data', (chunk: Buffer) => { log += chunk.toString() })
    const url = await until('listening', () => /"event":"listening","url":"([^"]+)"/.exec(log)?.[1], 30_000)
    const wire = createLegacyWire(`${url}/servers/server/mcp`, { ...key.bearer })
    t.after(() => wire.close())
    await assert.rejects(wire.open(), /50201/)
    const found = (await readFile(list, 'utf8')).split('\n').filter((line) => line.includes('->'))
    assert.deepEqual(found.map((line) => / (\d+) ->/.exec(line)?.[1]), ['0', '1', '2', '3'], found.join('\n'))
    assert.ok(found.every((line) => !line.includes('secret')))
  })

  it('no secret of the gateway in its environment, nor one of anybody in what `ps` shows or in the helper process', async (t) => {
    const redis = await startRedis({ password: 'redis-canary' })
    t.after(async () => { await redis.stop() })
    const gateway = await startGateway({
      users: [{ tenant: 'acme', user: 'alice' }, { tenant: 'globex', user: 'bob' }],
      env: { DRAWBRIDGE_MANAGEMENT_TOKEN: 'management-canary-0123456789abcdef', JWT_SECRET: 'jwt-canary-0123456789abcdef0123456789', SERVER_TOKEN: 'server-canary', REDIS_URL: `redis://:redis-canary@127.0.0.1:${redis.port}`, DRAWBRIDGE_SECRET: 'replica-canary-0123456789abcdef0123456789' },
      config: {
        // eslint-disable-next-line no-template-curly-in-string -- expanded by the gateway
        mcpServers: { probe: probe({ env: { TOKEN: '${SERVER_TOKEN}' } }), other: probe() },
        auth: { jwt: [{ issuer: 'backend', audience: 'drawbridge', secretEnv: 'JWT_SECRET', algorithms: ['HS256'], tenant: 'acme', userClaim: 'sub', userPrefix: 'b-' }] },
        replica: { listen: { port: 0 } },
        limits: roomyLimits
      }
    })
    t.after(() => gateway.stop())
    for (const [user, server] of [['alice', 'probe'], ['alice', 'other'], ['bob', 'other']] as const) {
      const wire = gateway.wire(user, server)
      await wire.open()
      assert.equal(textOf(await wire.call('echo', { text: user })), user)
    }
    const canaries = ['management-canary', 'jwt-canary', 'redis-canary', 'replica-canary', gateway.keyOf('alice').text, gateway.keyOf('bob').text]
    const below = descendantsOf(gateway.pid)
    assert.ok(below.length >= 4, 'three workers and the helper that ends them')
    for (const { pid } of below) {
      const environment = environmentOf(pid).join('\n')
      for (const canary of canaries) assert.ok(!environment.includes(canary), `${pid}: ${canary}`)
    }
    assert.equal(below.filter(({ pid }) => environmentOf(pid).includes('TOKEN=server-canary')).length, 1, 'only the server whose entry names it')
    for (const { pid } of allProcesses()) {
      // The test's own Redis is given its password in its arguments.
      if (pid === redis.pid) continue
      const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
      for (const canary of [...canaries, 'server-canary']) assert.ok(!commandLine.includes(canary), commandLine)
    }
  })
})
