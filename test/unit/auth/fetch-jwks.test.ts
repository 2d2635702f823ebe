import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { fetchJwks, MAX_JWKS_BYTES } from '../../../src/auth/jwks/fetch-jwks.ts'
import { OutboundError } from '../../../src/net/index.ts'
import { jwksServer } from './fixtures.ts'

const never = new AbortController().signal

it('fetches JSON from a loopback server', async () => {
  await using server = await jwksServer()
  assert.deepEqual(await fetchJwks(server.url, never, {}), { keys: [] })
  assert.deepEqual(await fetchJwks(server.url.replace('127.0.0.1', 'localhost'), never, {}), { keys: [] })
})

it('follows no redirect', async () => {
  await using server = await jwksServer()
  for (const status of [301, 302, 303, 307, 308]) {
    server.status = status
    server.hits = 0
    await assert.rejects(fetchJwks(server.url, never, {}))
    assert.equal(server.hits, 1)
  }
})

it('takes nothing but a 200', async () => {
  await using server = await jwksServer()
  for (const status of [201, 204, 400, 404, 500, 503]) {
    server.status = status
    await assert.rejects(fetchJwks(server.url, never, {}), /status \d+/)
  }
})

it('takes nothing that is not JSON, and quotes nothing of it', async () => {
  await using server = await jwksServer()
  for (const body of ['', '<html>', '{']) {
    server.body = body
    await assert.rejects(fetchJwks(server.url, never, {}), { message: 'the answer is not JSON' })
  }
})

it('stops at 256 KiB, and reads nothing compressed', async () => {
  await using server = await jwksServer()
  server.body = JSON.stringify('x'.repeat(MAX_JWKS_BYTES - 2))
  assert.equal(String(await fetchJwks(server.url, never, {})).length, MAX_JWKS_BYTES - 2)
  server.body = JSON.stringify('x'.repeat(MAX_JWKS_BYTES - 1))
  await assert.rejects(fetchJwks(server.url, never, {}), /larger than/)
  const bomb = createServer((_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{"keys":[]}'))).listen(0, '127.0.0.1')
  await once(bomb, 'listening')
  await assert.rejects(fetchJwks(`http://127.0.0.1:${(bomb.address() as AddressInfo).port}/`, never, {}), /content-encoding/)
  bomb.closeAllConnections()
  bomb.close()
})

it('refuses plain http to anywhere else, private addresses, other schemes and no URL, before any connection', async () => {
  for (const url of ['http://idp.example/jwks', 'http://10.0.0.1/jwks', 'https://10.0.0.1/jwks', 'https://169.254.169.254/', 'https://127.1.evil.localhost/', 'file:///etc/passwd', 'data:application/json,{}', 'ftp://127.0.0.1/', '']) {
    await assert.rejects(fetchJwks(url, never, {}), OutboundError, url)
  }
})

it('a name that leads inside is refused when it is resolved, and nobody is called (T47)', async () => {
  await using canary = await jwksServer()
  const { port } = new URL(canary.url)
  const inside = (): Promise<Array<{ address: string, family: number }>> => Promise.resolve([{ address: '127.0.0.1', family: 4 }])
  for (const host of ['idp.example', '127.0.0.1.evil.example', 'localhost.evil.example']) {
    await assert.rejects(fetchJwks(`https://${host}:${port}/jwks`, never, {}, inside), /loopback or private/, host)
  }
  assert.equal(canary.hits, 0)
  assert.deepEqual(await fetchJwks(`http://idp.example:${port}/jwks`, never, { allowPrivateNetwork: true }, inside), { keys: [] })
})

it('ends with its signal', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const abort = new AbortController()
  const fetching = fetchJwks(`http://127.0.0.1:${(silent.address() as AddressInfo).port}/`, abort.signal, {})
  await once(silent, 'request')
  abort.abort(new Error('enough'))
  await assert.rejects(fetching, /enough/)
  silent.closeAllConnections()
  silent.close()
})
