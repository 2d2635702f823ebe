import assert from 'node:assert/strict'
import { it } from 'node:test'
import { countByEra, statusFor } from '../../../src/gateway/status.ts'
import type { GatewayContext } from '../../../src/gateway/context.ts'
import type { Era } from '../../../src/shared/era.ts'
import type { ConnectionStatus } from '../../../src/upstream/index.ts'
import { serverSettings } from '../../helpers/server-settings.ts'
import { caller } from '../limits/callers.ts'

function eraShown (running: ReadonlyArray<Era | undefined>, known: readonly Era[] | undefined): string | undefined {
  const server = serverSettings()
  const status = (era: Era | undefined): ConnectionStatus => ({ server: server.name, tenant: undefined, user: undefined, state: era === undefined ? 'starting' : 'running', pid: undefined, inFlight: 0, idleMs: 0, era })
  const context = {
    connections: {
      status: () => running.map(status),
      eras: () => known === undefined ? undefined : { eras: known, atMs: 0 },
      lastFailure: () => undefined
    },
    policy: { servers: () => [server.name] },
    server: () => server
  } as unknown as GatewayContext
  return statusFor(context, caller('alice'))[0]?.era
}

it('eras are those of running workers and those known from before', () => {
  assert.deepEqual([
    eraShown([], undefined), eraShown([undefined], undefined), eraShown(['legacy'], undefined), eraShown([], ['modern']),
    eraShown(['modern'], ['legacy']), eraShown([undefined], ['legacy', 'modern']), eraShown(['legacy', 'legacy'], ['legacy'])
  ], ['unknown', 'unknown', 'legacy', 'modern', 'legacy, modern', 'legacy, modern', 'legacy'])
})

it('open connections are counted by server and era; starting ones are none yet', () => {
  const [one, other] = [serverSettings({ name: 'one' }).name, serverSettings({ name: 'other' }).name]
  const status = (server: typeof one, era: Era | undefined): ConnectionStatus => ({ server, tenant: undefined, user: undefined, state: 'running', pid: undefined, inFlight: 0, idleMs: 0, era })
  const counts = countByEra([status(one, 'legacy'), status(one, 'modern'), status(one, 'legacy'), status(one, undefined), status(other, undefined)])
  assert.deepEqual([...counts], [[one, { legacy: 2, modern: 1 }]])
})
