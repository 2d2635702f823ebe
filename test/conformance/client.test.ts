import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { missing } from '../helpers/programs.ts'
import { actions } from './client-actions.ts'
import { requirements, shortcoming } from './expectations.ts'
import { runSuite } from './runner.ts'

const driver = fileURLToPath(new URL('client-driver.ts', import.meta.url))
const revisions = ['2025-11-25', '2026-07-28'] as const
type Revision = typeof revisions[number]
const eras = ['legacy', 'modern'] as const

/** Every scenario of a revision that is not about authorization. */
const scenariosOf = (revision: Revision): string[] => {
  const { required, unscored } = requirements(revision, 'client')
  return [...required, ...unscored].filter((name) => !name.startsWith('auth/'))
}

/** What these look at is what the gateway does of its own accord, so the driver in its place (--direct) is not tested apart. */
describe('the suite\'s client scenarios', { skip: missing('clients'), concurrency: 2 }, () => {
  if (missing('clients') !== false) return
  for (const revision of revisions) {
    for (const era of eras) {
      describe(`the gateway before a server of ${revision}, for a ${era} client`, () => {
        for (const scenario of scenariosOf(revision).filter((name) => era === 'modern' || name !== 'http-invalid-tool-headers')) it(scenario, () => run(revision, scenario, `--client ${era} --server ${revision === '2026-07-28' ? 'modern' : 'legacy'}`))
      })
    }
  }

  it('there are some', () => {
    assert.deepEqual([...new Set(revisions.flatMap(scenariosOf))].sort(), Object.keys(actions).sort())
  })
})

async function run (revision: Revision, scenario: string, flags: string): Promise<void> {
  const outcome = await runSuite(['client', '--command', `${process.execPath} ${driver} ${flags}`, '--scenario', scenario, '--spec-version', revision])
  assert.equal(shortcoming(outcome, scenario), undefined, outcome.output.slice(-6000))
}
