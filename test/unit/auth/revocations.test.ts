/** What was revoked, wherever it is kept and whoever is away (T13, FR23, reliability C). */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { createAuthenticator, createRevocationFile, createRevocations, readRevocation, revocationText } from '../../../src/auth/index.ts'
import type { Authenticator, Revocation, Revocations, RevocationStore } from '../../../src/auth/index.ts'
import { apiKey, NOW_S, outcome, testClock } from './fixtures.ts'
import type { TestClock } from './fixtures.ts'
import { memoryStore } from './memory-store.ts'

const TEXT = 'db_laptop_0123456789012345678901234567890123456789'
const KEY = apiKey('laptop', TEXT)
const revoked = { kind: 'key', sha256: KEY.sha256 } as const

interface Gateway { readonly auth: Authenticator, readonly revocations: Revocations, readonly clock: TestClock, readonly told: string[] }

function gateway (t: TestContext, store: RevocationStore, more: Partial<Parameters<typeof createRevocations>[0]> = {}): Gateway {
  const clock = testClock()
  const told: string[] = []
  const revocations = createRevocations({ clock, store, isShared: true, whenUnknown: 'deny', onStore: (what) => { told.push(what) }, ...more })
  const auth = createAuthenticator({ apiKeys: [KEY], jwt: [] }, { clock, revocations })
  t.after(() => { auth.close(); revocations.close() })
  return { auth, revocations, clock, told }
}

describe('a revoked API key', () => {
  it('is refused at once, here and wherever the store is heard, and looks like any other that is not valid', async (t) => {
    const store = memoryStore()
    const [here, there] = [gateway(t, store), gateway(t, store)]
    await Promise.all([here.revocations.look(), there.revocations.look()])
    for (const { auth } of [here, there]) assert.equal(await outcome(auth, TEXT), 'accepted')
    assert.equal(await here.revocations.revoke(revoked), 'everywhere')
    assert.equal(await outcome(here.auth, TEXT), 'revoked')
    await there.revocations.look()
    assert.equal(await outcome(there.auth, TEXT), 'revoked')
    assert.equal(await outcome(here.auth, `${TEXT}x`), 'wrong_secret', 'and tells nobody else that it was')
    const verdict = await here.auth.authenticate(['x-api-key', TEXT], '/')
    assert.ok(!verdict.ok && verdict.error.code === 'GW_AUTH_INVALID')
  })

  it('stays so in the next snapshot of the settings; another key of its id is another key', async (t) => {
    const { revocations, clock } = gateway(t, memoryStore())
    await revocations.look()
    await revocations.revoke(revoked)
    const next = createAuthenticator({ apiKeys: [KEY], jwt: [] }, { clock, revocations })
    assert.equal(await outcome(next, TEXT), 'revoked')
    const text = TEXT.replace(/.$/, 'x')
    const replaced = createAuthenticator({ apiKeys: [apiKey('laptop', text)], jwt: [] }, { clock, revocations })
    assert.equal(await outcome(replaced, text), 'accepted')
    for (const auth of [next, replaced]) auth.close()
  })

  it('stays so when the store has lost it: whoever remembers writes it again (FR23)', async (t) => {
    const store = memoryStore()
    const { auth, revocations } = gateway(t, store)
    await revocations.revoke(revoked)
    store.texts.clear()
    await revocations.look()
    assert.equal(store.texts.size, 1)
    assert.equal(await outcome(auth, TEXT), 'revoked')
    const late = gateway(t, store)
    await late.revocations.look()
    assert.equal(await outcome(late.auth, TEXT), 'revoked')
  })

  it('is refused here while the store is away, and everywhere when it is back', async (t) => {
    const store = memoryStore()
    const { auth, revocations, told } = gateway(t, store)
    await revocations.look()
    store.isAway = true
    assert.equal(await revocations.revoke(revoked), 'here')
    assert.equal(await outcome(auth, TEXT), 'revoked')
    store.isAway = false
    await revocations.look()
    assert.equal(store.texts.size, 1)
    assert.deepEqual(told, ['failed', 'ok'])
  })
})

describe('a store that is away (reliability C)', () => {
  it('the last list holds for a minute, then nobody can tell: 503; until it is back', async (t) => {
    const store = memoryStore()
    const { auth, revocations, clock } = gateway(t, store)
    await revocations.look()
    store.isAway = true
    clock.advance(60_000)
    await revocations.look()
    assert.equal(await outcome(auth, TEXT), 'accepted')
    clock.advance(1)
    await revocations.look()
    assert.equal(await outcome(auth, TEXT), 'revocations_unknown')
    assert.equal(await outcome(auth, `${TEXT}x`), 'wrong_secret')
    store.isAway = false
    await revocations.look()
    assert.equal(await outcome(auth, TEXT), 'accepted')
  })

  it('at the start nobody can tell at all', async (t) => {
    const store = memoryStore()
    store.isAway = true
    const { auth, revocations } = gateway(t, store)
    await revocations.look()
    assert.equal(await outcome(auth, TEXT), 'revocations_unknown')
    const verdict = await auth.authenticate(['x-api-key', TEXT], '/')
    assert.ok(!verdict.ok && verdict.error.code === 'GW_AUTH_UNAVAILABLE')
    store.isAway = false
    await revocations.look()
    assert.equal(await outcome(auth, TEXT), 'accepted')
  })

  it('lets keys in where the operator says so, and where nobody else writes to it', async (t) => {
    for (const more of [{ whenUnknown: 'allow' }, { isShared: false }] as const) {
      const store = memoryStore()
      store.isAway = true
      const { auth, revocations, clock } = gateway(t, store, more)
      clock.advance(600_000)
      await revocations.look()
      assert.equal(await outcome(auth, TEXT), 'accepted')
    }
  })

  it('a copy on this machine says what was revoked, and nothing about what else may have been', async (t) => {
    const [store, copy] = [memoryStore(), memoryStore()]
    const first = gateway(t, store, { copy })
    await first.revocations.look()
    await first.revocations.revoke(revoked)
    assert.equal(copy.texts.size, 1)
    store.texts.clear()
    store.isAway = true
    const second = gateway(t, store, { copy, whenUnknown: 'allow' })
    await second.revocations.look()
    assert.equal(await outcome(second.auth, TEXT), 'revoked')
    const strict = gateway(t, store, { copy })
    await strict.revocations.look()
    assert.equal(strict.revocations.isUnknown, true)
    store.isAway = false
    await second.revocations.look()
    assert.equal(store.texts.size, 1, 'and it is written down again')
  })
})

describe('the list', () => {
  it('forgets tokens after their hour, and keys never', async (t) => {
    const { revocations, clock } = gateway(t, memoryStore())
    await revocations.revoke(revoked)
    await revocations.revoke({ kind: 'user', tenant: 'acme', user: 'alice', atMs: clock.wallMs() })
    clock.advance(3_719_999)
    assert.equal(revocations.userRevokedAtMs('acme', 'alice'), NOW_S * 1000)
    clock.advance(1)
    assert.equal(revocations.userRevokedAtMs('acme', 'alice'), undefined)
    clock.advance(400 * 86_400_000)
    assert.equal(revocations.keyIsRevoked(KEY.sha256), true)
  })

  it('names cannot be mistaken for each other', async (t) => {
    const { revocations, clock } = gateway(t, memoryStore())
    await revocations.revoke({ kind: 'user', tenant: 'a","b', user: 'c', atMs: clock.wallMs() })
    assert.equal(revocations.userRevokedAtMs('a', 'b","c'), undefined)
    assert.notEqual(revocations.userRevokedAtMs('a","b', 'c'), undefined)
  })

  it('an entry is one text, and only such a text is an entry', () => {
    const entries: Revocation[] = [
      { revoked, untilMs: 8.64e15 },
      { revoked: { kind: 'token', jti: 'x' }, untilMs: 5 },
      { revoked: { kind: 'user', tenant: 'a', user: 'b', atMs: 7 }, untilMs: 6 }
    ]
    for (const entry of entries) assert.deepEqual(readRevocation(revocationText(entry)), entry)
    for (const text of ['', '{}', '[]', '["key"]', '["key","5","x"]', '["other",5,"x"]', '["user",5,"a","b"]', 'null', '[']) assert.equal(readRevocation(text), undefined, text)
  })
})

describe('the file of a gateway without Redis', () => {
  function place (t: TestContext): string {
    const directory = mkdtempSync(join(tmpdir(), 'drawbridge-revoked-'))
    t.after(() => { rmSync(directory, { recursive: true, force: true }) })
    return join(directory, 'state', 'revoked')
  }

  it('keeps what was revoked over a restart, for its owner\'s eyes only; other processes see it', async (t) => {
    const file = place(t)
    const [first, beside] = [gateway(t, createRevocationFile(file), { isShared: false }), gateway(t, createRevocationFile(file), { isShared: false })]
    await Promise.all([first.revocations.look(), beside.revocations.look()])
    assert.equal(await first.revocations.revoke(revoked), 'everywhere')
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.ok(!readFileSync(file, 'utf8').includes(TEXT))
    await beside.revocations.look()
    assert.equal(await outcome(beside.auth, TEXT), 'revoked')
    const later = gateway(t, createRevocationFile(file), { isShared: false })
    await later.revocations.look()
    assert.equal(await outcome(later.auth, TEXT), 'revoked')
  })

  it('many at once are all kept; what is no entry is passed over; an unchanged file is not read again', async (t) => {
    const file = place(t)
    const store = createRevocationFile(file)
    const all = Array.from({ length: 30 }, (_, at): Revocation => ({ revoked: { kind: 'token', jti: `t${at}` }, untilMs: 8e15 }))
    await Promise.all([...all, ...all].map((entry) => store.add(entry)))
    assert.equal((await store.read())?.length, 30)
    assert.equal(await store.read(), undefined)
    writeFileSync(file, `${readFileSync(file, 'utf8')}nonsense\n`)
    assert.equal((await store.read())?.length, 30)
  })

  it('that cannot be written: refused here all the same', async (t) => {
    const { auth, revocations } = gateway(t, createRevocationFile('/dev/null/revoked'), { isShared: false })
    await revocations.look()
    assert.equal(await revocations.revoke(revoked), 'here')
    assert.equal(await outcome(auth, TEXT), 'revoked')
  })
})
