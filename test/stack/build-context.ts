import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { command } from './command.ts'
import { root } from './create-stack.ts'
import type { StackRow } from './types.ts'

/** What reaches the builder of the image: shown with secrets put where operators have theirs. */
export const buildContextRow: StackRow = { name: 'no secret reaches the builder', run: withoutCanaries }

const CANARY = 'canary-that-must-not-be-in-a-layer'
const PLACES = ['.env', '.env.local', '.npmrc', 'instance/secrets/redis_url', 'instance/gateway/keys.yaml', 'src/.env', 'config/tls.key', 'config/tls.pem', 'bin/.npmrc', 'data/notes.txt', '.drawbridge/audit.key', 'drawbridge.log']
const COPIED = ['.dockerignore', 'package.json', 'bin', 'config', 'deploy']

async function withoutCanaries (): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'drawbridge-context-'))
  try {
    const context = join(folder, 'context')
    for (const name of COPIED) cpSync(join(root, name), join(context, name), { recursive: true })
    for (const place of PLACES) {
      mkdirSync(dirname(join(context, place)), { recursive: true })
      writeFileSync(join(context, place), CANARY)
    }
    writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\nCOPY . /\n')
    const out = join(folder, 'out')
    await command('docker', ['build', '--quiet', '--file', join(folder, 'Dockerfile'), '--output', `type=local,dest=${out}`, context], { cwd: root, env: { ...process.env, DOCKER_BUILDKIT: '1' } })
    const files = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    assert.ok(files.some((file) => file.endsWith('/bin/drawbridge.mjs')), 'the project itself is there')
    assert.deepEqual(files.filter((file) => readFileSync(file, 'latin1').includes(CANARY)), [])
    return `${PLACES.length} secrets planted, none of them among the ${files.length} files that the builder sees`
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
