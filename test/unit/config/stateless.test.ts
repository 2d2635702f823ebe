import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ServerName } from '../../../src/shared/ids.ts'
import { faultsOf, oneServer, settingsOf } from './load.ts'

const one = 'one' as ServerName

describe('what a replica leaves behind', () => {
  it('a server is stateless when its entry says so, and not before', async () => {
    assert.equal((await settingsOf(oneServer())).servers.get(one)?.stateless, undefined)
    assert.equal((await settingsOf(oneServer({ stateless: true }))).servers.get(one)?.stateless, true)
    assert.equal((await settingsOf(oneServer({ stateless: false }))).servers.get(one)?.stateless, false)
    const [fault] = await faultsOf(oneServer({ stateless: 'yes' }))
    assert.match(`${fault?.key}`, /stateless/)
  })

  it('drainLeadMs is left to the gateway unless it is written, and 0 can be', async () => {
    assert.equal((await settingsOf(oneServer())).drainLeadMs, undefined)
    assert.equal((await settingsOf(oneServer({}, { drainLeadMs: 0 }))).drainLeadMs, 0)
    assert.equal((await settingsOf(oneServer({}, { drainLeadMs: 15_000 }))).drainLeadMs, 15_000)
    assert.match(`${(await faultsOf(oneServer({}, { drainLeadMs: -1 })))[0]?.key}`, /drainLeadMs/)
  })
})
