import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, it } from 'node:test'
import { createEgress } from '../../../../src/sandbox/egress/index.ts'

const PROGRAM = fileURLToPath(new URL('./namespace-host.ts', import.meta.url))
const ORDINARY = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--']
const USERS: ReadonlyArray<readonly [string, readonly string[]]> = process.getuid?.() === 0 ? [['root', []], ['an ordinary user', ORDINARY]] : [['an ordinary user', []]]
const NOT_LISTED = 'is not among the hosts in mcpServers.files.sandbox.network'

describe('a worker in its own network namespace (T42)', () => {
  for (const [who, user] of USERS) {
    it(`reaches an allowed name through the proxy and nothing else; nothing is left: ${who}`, async (test) => {
      const [file = '', ...args] = [...user, process.execPath, PROGRAM]
      const { stdout } = await promisify(execFile)(file, args, { cwd: '/', timeout: 90_000, signal: test.signal })
      const { seen, refused, neighbour, own } = JSON.parse(stdout) as { seen: Record<string, string | string[]>, refused: string[], neighbour: string, own: string }
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
      assert.match(neighbour, /^curl: \(7\) /)
      assert.equal(own, 'up')
    })
  }

  it('says why when there can be none', async () => {
    const common = { resolve: async () => [], classify: () => 'public' as const, ownPorts: () => [], events: { refused () {} } }
    await assert.rejects(createEgress(common).open({ server: 'x', allow: [] }), /no network namespace can be made: bubblewrap is missing/)
    await assert.rejects(createEgress({ ...common, bwrap: '/bin/false' }).open({ server: 'x', allow: [] }), /no network namespace could be made: bubblewrap ended with 1/)
  })
})
