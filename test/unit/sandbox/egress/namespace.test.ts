import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, it } from 'node:test'
import { runners } from '../../../helpers/runners.ts'
import { createEgress } from '../../../../src/sandbox/egress/index.ts'

const PROJECT = fileURLToPath(new URL('../../../..', import.meta.url)).replace(/\/$/, '')
const PROGRAM = fileURLToPath(new URL('./namespace-host.ts', import.meta.url))
const NOT_LISTED = 'is not among the hosts in mcpServers.files.sandbox.network'

describe('a worker in its own network namespace (T42)', () => {
  for (const { name, make } of runners()) {
    it(`reaches an allowed name through the proxy and nothing else; nothing is left: ${name}`, async (test) => {
      const { prefix, project, remove } = make()
      test.after(remove)
      const [file = '', ...args] = [...prefix, ...[process.execPath, PROGRAM].map((path) => path.replace(PROJECT, project))]
      const { stdout } = await promisify(execFile)(file, args, { cwd: '/', timeout: 90_000, signal: test.signal })
      const { seen, refused, heard } = JSON.parse(stdout) as { seen: Record<string, string | string[]>, refused: string[], heard: string[] }
      const { hostLoopback, withoutProxy, resolver, ...rest } = seen
      assert.deepEqual(rest, {
        curl: 'canary /curl of good.example',
        tunnel: 'canary /tunnel of good.example',
        node: 'canary /node of good.example',
        python: 'canary /python of good.example',
        otherName: `other.example:PORT ${NOT_LISTED}`,
        otherPort: `good.example:9 ${NOT_LISTED}`,
        byAddress: `127.0.0.1:PORT ${NOT_LISTED}`,
        ownListener: 'own.example:OWN is the gateway itself',
        rebound: ['canary /first of rebinding.example', 'rebinding.example leads to an address that no worker may reach'],
        interfaces: 'lo'
      })
      assert.match(String(hostLoopback), /^curl: \(7\) Failed to connect to 127\.0\.0\.1 port PORT/)
      assert.match(String(withoutProxy), /^curl: \(7\) /)
      assert.match(String(resolver), /^E(CONNREFUSED|TIMEOUT)$/)
      assert.deepEqual(refused, ['host other.example:PORT', 'host good.example:9', 'host 127.0.0.1:PORT', 'gateway own.example:OWN', 'address rebinding.example:PORT'])
      assert.equal(heard[0], 'heard')
      assert.match(heard[1] ?? '', /^curl: \(7\) /)
    })
  }

  it('says why when there can be none', async () => {
    const common = { resolve: async () => [], classify: () => 'public' as const, ownPorts: () => [], events: { refused () {} } }
    await assert.rejects(createEgress(common).open({ server: 'x', allow: [] }), /no network namespace can be made: bubblewrap is missing/)
    await assert.rejects(createEgress({ ...common, bwrap: '/bin/false' }).open({ server: 'x', allow: [] }), /no network namespace could be made: bubblewrap ended with 1/)
  })
})
