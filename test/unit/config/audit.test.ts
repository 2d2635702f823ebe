import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { faultsOf, folderWith, oneServer, SECRET, settingsOf } from './load.ts'

const PEM = generateKeyPairSync('ed25519', { privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } })

describe('audit', () => {
  it('sinks, paths made absolute, defaults', async (t) => {
    const cwd = folderWith(t, { 'own.pem': PEM.privateKey })
    const audit = { sinks: [{ type: 'log' }, { type: 'stdout' }, { type: 'file', path: 'audit.jsonl' }, { type: 'redis' }], keyFile: 'own.pem' }
    const settings = await settingsOf(oneServer({}, { audit, redis: { url: 'redis://a' } }), { cwd, env: { DRAWBRIDGE_SECRET: SECRET } })
    assert.deepEqual(settings.audit, {
      sinks: [{ kind: 'log' }, { kind: 'stdout' }, { kind: 'file', path: join(cwd, 'audit.jsonl') }, { kind: 'redis', maxRecords: 1_000_000 }],
      whenFull: 'drop',
      keyFile: join(cwd, 'own.pem')
    })
    assert.equal((await settingsOf(oneServer())).audit, undefined)
  })

  it('faults name the sink', async (t) => {
    const cwd = folderWith(t, { 'public.pem': PEM.publicKey })
    const faults = async (audit: object) => (await faultsOf(oneServer({}, { audit }), { cwd })).map(({ key, message }) => `${key}: ${message}`)
    assert.deepEqual(await faults({ sinks: [{ type: 'file' }, { type: 'redis' }, { type: 'stdout', path: 'x' }, { type: 'stdout' }, { type: 'file', path: 'none/audit.jsonl' }] }), [
      'audit.sinks[0].path: expected the file, because type is file, but the key is missing',
      'audit.sinks[1].type: expected redis to be configured, because the sink is redis',
      'audit.sinks[2].path: expected it with type file only',
      'audit.sinks[4].path: expected a file in a directory that exists',
      'audit.sinks[3]: expected each sink once, but another entry is the same'
    ])
    assert.deepEqual(await faults({ sinks: [{ type: 'log' }], keyFile: 'none.pem' }), ['audit.keyFile: the file cannot be read (ENOENT)'])
    assert.match((await faults({ sinks: [{ type: 'log' }], keyFile: 'public.pem' })).join(), /^audit\.keyFile: expected an Ed25519 private key in PEM/)
    assert.match((await faults({ sinks: [] })).join(), /^audit\.sinks:/)
  })
})
