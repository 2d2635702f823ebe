import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { until } from '../helpers/until.ts'
import { callPlainly } from './calls.ts'
import { servicesOf } from './deployments.ts'
import type { Stack, StackRow, StackUser } from './types.ts'

/** Calls that the tenant of this row may make in a month. */
const QUOTA = 3

/** Everything is written to a file, wiped, and had again from the file alone. */
export const backupRow: StackRow = {
  name: 'backup, wipe, restore',
  run: async (stack) => {
    const folder = dirname(stack.env['DRAWBRIDGE_ENV_FILE'] ?? '')
    const [archive, passphrase] = [join(folder, 'stack.backup.tar'), join(folder, 'passphrase')]
    writeFileSync(passphrase, randomBytes(24).toString('base64'), { mode: 0o600 })
    const before = await leaveTraces(stack)
    const backupMs = await timed(() => stack.script('backup', '--passphrase-file', passphrase, '--out', archive))
    assert.equal(statSync(archive).mode & 0o777, 0o600)
    await refusesWhatWasChanged(stack, archive, passphrase)
    await wipe(stack)
    const restoreMs = await timed(() => stack.script('restore', archive, '--passphrase-file', passphrase))
    const { records } = await findTraces(stack, before)
    return `${statSync(archive).size} bytes in ${(backupMs / 1000).toFixed(0)} s; restored and healthy in ${(restoreMs / 1000).toFixed(0)} s: key, certificate, memory, quota, revocation, ${records} audit records`
  }
}

interface Traces {
  readonly guest: StackUser
  readonly revoked: StackUser
  readonly certificate: string
}

/** What has to be there afterwards: knowledge of a server, a quota that is nearly used up, a revoked key. */
async function leaveTraces (stack: Stack): Promise<Traces> {
  // Other names in another run, on a stack that was kept.
  const tenant = `quota-${randomBytes(3).toString('hex')}`
  const [guest, revoked] = [newUser(tenant), newUser(tenant)]
  addTenant(stack, [guest, revoked])
  for (const { key } of [guest, revoked]) await until('the key is known', async () => await isLetIn(stack, key), 20_000)
  await ok(stack, stack.key, 'memory__create_entities', { entities: [{ name: 'bridge', entityType: 'thing', observations: ['is drawn'] }] })
  for (let call = 1; call < QUOTA; call++) await ok(stack, guest.key, 'everything__echo', { message: 'hello' })
  const [replica = ''] = servicesOf(stack)
  await stack.exec(replica, 'node', '-e', `
    const token = require('node:fs').readFileSync('/run/secrets/management_token', 'utf8').trim()
    fetch('http://' + process.env.DRAWBRIDGE_MANAGEMENT_HOST + ':8081/admin/keys/${idOf(revoked)}/revoke', { method: 'POST', headers: { authorization: 'Bearer ' + token } })
      .then((answer) => { if (answer.status !== 200) throw new Error('revoke: ' + answer.status) })`)
  await until('the key is revoked', async () => !await isLetIn(stack, revoked.key), 20_000)
  return { guest, revoked, certificate: readFileSync(stack.ca, 'utf8') }
}

async function findTraces (stack: Stack, { guest, revoked, certificate }: Traces): Promise<{ readonly records: number }> {
  assert.equal(readFileSync(stack.ca, 'utf8'), certificate)
  assert.match(await ok(stack, stack.key, 'memory__read_graph', {}), /is drawn/)
  assert.equal((await callPlainly(stack, revoked.key, 'everything__echo', { message: 'x' })).status, 401, 'a revoked key stays revoked')
  await ok(stack, guest.key, 'everything__echo', { message: 'the last one' })
  assert.equal((await callPlainly(stack, guest.key, 'everything__echo', { message: 'one too many' })).status, 429, 'what was counted stays counted')
  let records = 0
  for (const replica of servicesOf(stack)) {
    const file = '/var/lib/drawbridge/audit.jsonl'
    const said = await stack.exec(replica, 'node', '/app/bin/drawbridge.mjs', 'audit', 'verify', '--json', '--key', '/var/lib/drawbridge/audit.pub', file)
    const verdict = JSON.parse(said) as { readonly ok: boolean, readonly records: number, readonly chains: number }
    assert.ok(verdict.ok && verdict.chains > 1, said)
    records += verdict.records
  }
  return { records }
}

/** One byte of the middle is another one. */
async function refusesWhatWasChanged (stack: Stack, archive: string, passphrase: string): Promise<void> {
  const bytes = readFileSync(archive)
  const at = bytes.indexOf('redis.rdb') + 600
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(`${archive}.changed`, bytes)
  await assert.rejects(stack.script('restore', `${archive}.changed`, '--passphrase-file', passphrase, '--check'), /redis\.rdb was changed/)
  rmSync(`${archive}.changed`)
}

async function wipe (stack: Stack): Promise<void> {
  await stack.compose('--profile', '*', 'down', '-v', '--remove-orphans')
  rmSync(stack.instanceDir, { recursive: true })
  rmSync(stack.env['DRAWBRIDGE_ENV_FILE'] ?? '')
}

/** By a request that counts as no call. */
async function isLetIn (stack: Stack, key: string): Promise<boolean> {
  const answer = await fetch(`${stack.url}/mcp`, { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream' }, body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' })
  await answer.text()
  return answer.status !== 401
}

async function ok (stack: Stack, key: string, tool: string, args: Record<string, unknown>): Promise<string> {
  const answer = await callPlainly(stack, key, tool, args)
  const body = await answer.text()
  assert.equal(answer.status, 200, body)
  assert.match(body, /"ok":true/)
  return body
}

function newUser (tenant: string): StackUser {
  const user = `guest${randomBytes(4).toString('hex')}`
  return { tenant, user, key: `db_${user}_${randomBytes(32).toString('base64url')}` }
}

function idOf ({ user }: StackUser): string {
  return user
}

function addTenant (stack: Stack, users: readonly StackUser[]): void {
  const file = join(stack.instanceDir, 'gateway', 'keys.yaml')
  const entries = users.map(({ tenant, user, key }) => `    - { id: ${user}, sha256: "${createHash('sha256').update(key).digest('hex')}", tenant: ${tenant}, user: ${user} }`)
  const text = [readFileSync(file, 'utf8').replace(/^tenants:$/m, `tenants:\n  ${users[0]?.tenant ?? ''}: { limits: { callsPerMonth: ${QUOTA} } }`).trimEnd(), ...entries, ''].join('\n')
  writeFileSync(`${file}.new`, text, { mode: 0o444 })
  renameSync(`${file}.new`, file)
}

async function timed (work: () => Promise<unknown>): Promise<number> {
  const beginMs = performance.now()
  await work()
  return performance.now() - beginMs
}
