import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { containmentFindings } from '../../../src/cli/doctor/containment.ts'
import type { HostSupport } from '../../../src/sandbox/index.ts'
import type { Settings } from '../../../src/shared/settings.ts'
import { oneServer, settingsOf } from '../config/load.ts'

const resources = { kind: 'prlimit', controllers: [], parents: [], sentence: 'limits in words' } as const
const weak: HostSupport = {
  strongest: 'process',
  process: { setpriv: '/usr/bin/setpriv', by: 'user' },
  resources,
  shortcomings: [{ level: 'namespace', why: 'bubblewrap is not installed', fix: 'apt install bubblewrap' }]
}
const strong: HostSupport = { strongest: 'namespace', namespace: { bwrap: '/usr/bin/bwrap', by: 'user' }, process: { setpriv: '/usr/bin/setpriv', by: 'user' }, resources, shortcomings: [] }

const settingsWith = async (level: string, mode: 'development' | 'production'): Promise<Settings> => {
  return await settingsOf(oneServer({ command: 'x', sandbox: { level } }), { flags: { mode } })
}

describe('doctor on containment (rulings 1)', () => {
  it('says what contains workers, and is content with namespaces', async () => {
    const [finding, ...others] = containmentFindings(await settingsWith('auto', 'production'), strong)
    assert.equal(finding?.status, 'ok')
    assert.match(finding?.found ?? '', /namespaces of their own .*limits in words/)
    assert.deepEqual(others, [])
  })

  it('names what is missing and how to get it; a failure only where a server is not started for want of it', async () => {
    const failing = async (level: string, mode: 'development' | 'production'): Promise<boolean | undefined> => {
      const findings = containmentFindings(await settingsWith(level, mode), weak)
      assert.deepEqual([findings[0]?.status, findings[0]?.fix], ['weak', 'apt install bubblewrap'])
      assert.deepEqual([findings[1]?.status, findings[1]?.found, findings[1]?.fix], ['missing', 'bubblewrap is not installed', 'apt install bubblewrap'])
      return findings[1]?.required
    }
    assert.equal(await failing('auto', 'development'), false)
    assert.equal(await failing('auto', 'production'), true)
    assert.equal(await failing('namespace', 'development'), true)
    assert.equal(await failing('process', 'production'), false)
  })
})
