/** What somebody can do to an encrypted backup who can write to it and knows how it begins, but not the passphrase: nothing. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const scripts = fileURLToPath(new URL('../../../scripts/', import.meta.url))
/** Of `openssl enc -salt`: eight letters, then the salt. */
const SALT_AT = 8
const TEXT_AT = 16

describe('an encrypted backup', () => {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-forgery-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const env = { PATH: process.env['PATH'] ?? '', DRAWBRIDGE_ENV_FILE: join(folder, '.env') }
  const passphrase = join(folder, 'passphrase')
  const written = join(folder, 'written.tar')
  const parts = join(folder, 'parts')

  before(() => {
    writeFileSync(passphrase, `${randomBytes(24).toString('base64')}\n`)
    execFileSync(join(scripts, 'init'), ['--instance', join(folder, 'instance')], { env, stdio: 'ignore' })
    execFileSync(join(scripts, 'backup'), ['--files-only', '--passphrase-file', passphrase, '--out', written], { env, stdio: 'ignore' })
    mkdirSync(parts)
    execFileSync('tar', ['-xf', written, '-C', parts])
  })

  function check (file: string): { readonly status: number | null, readonly stderr: string } {
    return spawnSync(join(scripts, 'restore'), ['--check', '--passphrase-file', passphrase, file], { env, encoding: 'utf8' })
  }

  /** The archive with some parts changed. */
  function forged (name: string, changes: Readonly<Record<string, Buffer | string>>): string {
    const file = join(folder, name)
    const to = join(folder, `${name}.parts`)
    execFileSync('cp', ['-r', parts, to])
    for (const [part, content] of Object.entries(changes)) writeFileSync(join(to, part), content)
    execFileSync('tar', ['-cf', file, '-C', to, 'settings.env', 'files.tar', 'secrets.tar', 'manifest.mac', 'manifest'])
    return file
  }

  const sha256 = (...pieces: Array<Buffer | string>): string => createHash('sha256').update(Buffer.concat(pieces.map((piece) => Buffer.from(piece)))).digest('hex')

  it('is read as it was written', () => {
    assert.equal(check(written).status, 0)
    assert.equal(check(forged('same.tar', {})).status, 0)
  })

  it('shows that a part, or the list of parts, was changed', () => {
    const part = readFileSync(join(parts, 'files.tar'))
    const changed = Buffer.from(part)
    changed[600] = (changed[600] ?? 0) ^ 1
    const manifest = readFileSync(join(parts, 'manifest'), 'utf8')
    assert.match(check(forged('part.tar', { 'files.tar': changed })).stderr, /files\.tar was changed/)
    assert.match(check(forged('list.tar', { 'files.tar': changed, manifest: manifest.replace(sha256(part), sha256(changed)) })).stderr, /the manifest was changed/)
  })

  it('is not signed by what the beginning of a known part was encrypted with', () => {
    const part = readFileSync(join(parts, 'settings.env'))
    const known = readFileSync(env.DRAWBRIDGE_ENV_FILE)
    // Encryption is by exclusive or: whoever knows a text and sees it encrypted knows the stream under this salt.
    const stream = Buffer.from(part.subarray(TEXT_AT, TEXT_AT + 64).map((byte, at) => byte ^ (known[at] ?? 0)))
    const changed = Buffer.from(part)
    changed[TEXT_AT] = (changed[TEXT_AT] ?? 0) ^ 1
    const manifest = readFileSync(join(parts, 'manifest'), 'utf8')
      .replace(sha256(part), sha256(changed))
      .replace(/^salt .*$/m, `salt ${part.subarray(SALT_AT, TEXT_AT).toString('hex')}`)
    const signed = `${sha256(stream, `${sha256(stream, manifest)}\n`)}\n`
    assert.match(check(forged('signed.tar', { 'settings.env': changed, manifest, 'manifest.mac': signed })).stderr, /the manifest was changed/)
  })
})
