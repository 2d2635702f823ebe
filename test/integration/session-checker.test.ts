/** The session checker (npm run checker) for a short while: no promise is broken under trouble, and a gateway that does not look whose a session is is caught (T01, FR20-FR32). */
import assert from 'node:assert/strict'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { textOf, type History } from '../chaos/checker/history.ts'
import { NEMESES } from '../chaos/checker/nemeses.ts'
import { runCheck } from '../chaos/checker/run-check.ts'

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
const SEED = 1

const told = ({ violations }: History): string => violations.map(({ invariant, what, operation }) => `(${invariant}) ${what}: ${operation === undefined ? '' : textOf(operation)}`).join('\n')

/** A temporary copy of what runs, with one text of one file replaced; to be removed. */
async function patchedCopy (file: string, from: string, to: string): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'drawbridge-patched-'))
  for (const part of ['src', 'plugins', 'routes', 'config', 'bin', 'app.ts', 'server.ts', 'management.ts', 'listener.ts', 'primary.ts', 'member-process.ts', 'running-gateway.ts', 'package.json']) await cp(join(root, part), join(copy, part), { recursive: true })
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'))
  const text = await readFile(join(copy, file), 'utf8')
  assert.equal(text.split(from).length, 2, `${file} has it once`)
  await writeFile(join(copy, file), text.replace(from, to))
  return copy
}

describe('the session checker', () => {
  it('finds nothing in twenty seconds of trouble', async () => {
    const history = await runCheck({ seed: SEED, seconds: 20 })
    assert.equal(told(history), '')
    // How much was done at all is a matter of the machine.
    assert.ok(history.disturbances.length >= 2 && history.operations.length > 200, `${history.operations.length} operations`)
    assert.deepEqual(history.disturbances.filter(({ name, healedMs }) => !Object.hasOwn(NEMESES, name) || healedMs === undefined), [])
  })

  it('finds a gateway that does not look whose a session is', async () => {
    const project = await patchedCopy('src/session/registry.ts', 'if (!timingSafeEqual(entry.owner, owner)) {', 'if (entry.owner.length !== owner.length) {')
    try {
      const history = await runCheck({ seed: SEED, seconds: 6, nemeses: [], clients: 9, project })
      assert.ok(history.violations.some(({ invariant }) => invariant === 1), told(history))
      assert.deepEqual([...new Set(history.violations.map(({ operation }) => operation?.kind))], ['trespass'])
    } finally {
      await rm(project, { recursive: true })
    }
  })
})
